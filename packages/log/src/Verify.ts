/**
 * What is read back from the device is what was written, or it is not handed on (decision 0007). Invariants: of the bytes of a read, only
 * the sound batches ahead of the first damaged one are sound; a first batch that is damaged is `CorruptLog`. Base offset and leader epoch
 * lie outside a batch's checksum: they are held against the order of the offsets and the history of epochs. Neighbour: `Read.ts`.
 */
import { hasBug } from "@klamm/platform/Bugs"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Checkpoint from "./Checkpoint.ts"
import * as EpochCache from "./EpochCache.ts"
import { damageMark } from "./Files.ts"
import type { CorruptLog } from "./LogError.ts"
import type { LogState } from "./LogState.ts"

export interface Soundness {
  /** So many bytes may be handed on; behind them there may be a batch that is cut short by the end of the read. */
  readonly bytes: number
  /** Why no more; undefined when all may be. */
  readonly fault: string | undefined
}

export const allSound = ({ byteLength: bytes }: Uint8Array): Soundness => ({ bytes, fault: undefined })

const epochFault = (state: LogState, bytes: Uint8Array, at: number): string | undefined => {
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  if (baseOffset < state.logStartOffset) return undefined
  const known = EpochCache.epochForOffset(state.epochs, baseOffset)
  const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
  return known < 0 || epoch < 0 || epoch === known ? undefined : `leader epoch ${epoch}, where ${known} led`
}

const end = (bytes: Uint8Array, at: number, fault: string): Soundness => ({
  bytes: at,
  fault: `${fault}, in the batch of offset ${RecordBatch.baseOffset(bytes, at)}`
})

const baseOffsetBytes = 8

/**
 * Looks over stored batches, of which the first one is whole and begins at `baseOffset`, at or below the offset `asked` for unless a
 * compaction has left a gap. Where offsets don't rise, one of two batches is wrong: the first unless it joins what is before it.
 */
export const soundness = (state: LogState, bytes: Uint8Array, baseOffset: number, asked: number): Soundness => {
  if (hasBug("rot-served")) return allSound(bytes)
  if (bytes.byteLength < RecordBatch.headerBytes) return { bytes: 0, fault: "the file ends here" }
  if (RecordBatch.baseOffset(bytes, 0) !== baseOffset) return end(bytes, 0, `offset ${baseOffset} was written`)
  let nextOffset = Number.NEGATIVE_INFINITY
  let before = 0
  let joins = false
  for (let at = 0; at + baseOffsetBytes <= bytes.byteLength; ) {
    const first = RecordBatch.baseOffset(bytes, at)
    if (first < nextOffset) return end(bytes, joins ? at : before, "offsets that don't rise")
    const fault = RecordBatch.verifyBatch(bytes, at)
    if (fault === "incomplete" && at > 0) break
    const wrong = fault ?? epochFault(state, bytes, at)
    if (wrong !== undefined) return end(bytes, at, wrong)
    joins = first <= asked || first === nextOffset
    nextOffset = RecordBatch.lastOffset(bytes, at) + 1
    before = at
    at += RecordBatch.sizeInBytes(bytes, at)
  }
  return allSound(bytes)
}

/** Damaged places of one log that are told of; there may be many on a disk that dies. */
const maxTold = 16

/**
 * Tells the operator of damage, once for each place, and leaves the mark by which the next start knows that this replica is better fetched
 * anew. A mark that can't be written is no reason to fail a reader: the damage is found again.
 */
export const noteDamage = (state: LogState, error: CorruptLog): Effect.Effect<void> =>
  Effect.suspend(() => {
    const place = `${error.path} ${error.position}`
    if (state.damages.has(place) || state.damages.size >= maxTold) return Effect.void
    const isFirst = state.damages.size === 0
    state.damages.add(place)
    const { topic, partition, home } = state
    const what = `${topic}-${partition} is damaged on the disk: ${error.message}. Nothing of that batch is served.`
    const remedy = "Restart this broker when the other replicas are in sync, and it fetches the partition anew."
    const tell = Effect.logError(`${what} ${remedy}`)
    if (!isFirst || state.retired) return tell
    const mark = Checkpoint.replaceFile(home.disk, home.directory, damageMark, new Uint8Array(0))
    return Effect.andThen(tell, Effect.ignore(mark, { log: true }))
  })
