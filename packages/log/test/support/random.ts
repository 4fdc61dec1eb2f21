/** Seeded chance for tests, and a writer of random but lawful batches. */
import * as ProducerState from "../../src/ProducerState.ts"
import * as Replay from "../../src/Replay.ts"
import { batch, marker } from "./build.ts"

export interface Chance {
  readonly next: () => number
  readonly below: (limit: number) => number
  readonly pick: <A>(list: ReadonlyArray<A>) => A
}

/** The same seed gives the same draws (mulberry32). */
export const chance = (seed: number): Chance => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { next, below, pick: (list) => list[below(list.length)]! }
}

/** A batch that may come at `baseOffset`: plain, idempotent, transactional, or a marker. */
export const randomBatch = (
  random: Chance,
  baseOffset: number,
  epoch: number,
  producers: ProducerState.ProducerState
): Uint8Array => {
  const count = 1 + random.below(4)
  const timestamp = 1000 + random.below(1000)
  const common = { baseOffset, count, timestamp, partitionLeaderEpoch: epoch, valueBytes: random.below(60) }
  const kind = random.below(6)
  if (kind < 2) return batch(common)
  const producerId = 1 + random.below(4)
  const known = ProducerState.get(producers, producerId)
  const isOpen = known !== undefined && known.currentTransactionFirstOffset >= 0
  const producerEpoch = known?.producerEpoch ?? 0
  if (kind === 5 && isOpen) return withEpoch(marker(baseOffset, producerId, producerEpoch, random.next() < 0.5), epoch)
  const last = known?.batches[known.batches.length - 1]?.lastSequence ?? -1
  const baseSequence = last + 1
  const isTransactional = isOpen || random.next() < 0.5
  return batch({ ...common, producerId, producerEpoch, baseSequence, isTransactional })
}

const withEpoch = (bytes: Uint8Array, epoch: number): Uint8Array => {
  new DataView(bytes.buffer).setInt32(12, epoch)
  return bytes
}

/** The producers after all these batches. */
export const producersAfter = (batches: ReadonlyArray<Uint8Array>): ProducerState.ProducerState => {
  let state = ProducerState.empty
  for (const bytes of batches) state = Replay.replay(state, bytes, 0).state
  return state
}
