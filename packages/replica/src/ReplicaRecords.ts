/**
 * The records of a follower's fetch, taken apart and judged before they go to its log. Invariant: what passes is whole, intact batches
 * whose offsets rise and whose leader epochs are no newer than the leader's own; views of the answer's memory, nothing is copied.
 */
import type { AppendEntry } from "@klamm/log"
import type * as ProducerState from "@klamm/log/ProducerState"
import * as Replay from "@klamm/log/Replay"
import * as RecordBatch from "@klamm/protocol/RecordBatch"

export interface TakenApart {
  readonly batches: ReadonlyArray<Uint8Array>
  /** What is wrong with the first batch that is not among them; undefined when all are, but for one that is cut short. */
  readonly fault: string | undefined
}

/** `leaderEpoch` is the one that was fetched from: a batch of a later one can't be this leader's (KAFKA-18723). */
export const takeApart = (records: Uint8Array, leaderEpoch: number): TakenApart => {
  const batches: Array<Uint8Array> = []
  let nextOffset = 0
  for (let at = 0; at < records.byteLength; ) {
    const fault = RecordBatch.verifyBatch(records, at)
    if (fault === "incomplete") break
    if (fault !== undefined) return { batches, fault }
    if (RecordBatch.baseOffset(records, at) < nextOffset) return { batches, fault: "offsets" }
    if (RecordBatch.partitionLeaderEpoch(records, at) > leaderEpoch) return { batches, fault: "leader epoch" }
    nextOffset = RecordBatch.lastOffset(records, at) + 1
    const end = at + RecordBatch.sizeInBytes(records, at)
    batches.push(records.subarray(at, end))
    at = end
  }
  return { batches, fault: undefined }
}

/** The batches as entries of a log, and the producers after them. */
export const entriesOf = (producersBefore: ProducerState.ProducerState, batches: ReadonlyArray<Uint8Array>) => {
  let producers = producersBefore
  const entries = batches.map((bytes): AppendEntry => {
    const before = producers
    producers = Replay.replay(producers, bytes, 0).state
    return { bytes, producersBefore: before }
  })
  return { entries, producers }
}
