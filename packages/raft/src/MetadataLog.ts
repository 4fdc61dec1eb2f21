/**
 * The log of the quorum, `__cluster_metadata-0`, with its snapshots: what a node loads when it starts, and what was committed since.
 *
 * Invariant: the log goes on where the latest snapshot ends, or before; a log that ended before it is replaced by the snapshot.
 */
import type { Log } from "@klamm/log/Log"
import { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Snapshots from "./Snapshots.ts"

export const topicName = "__cluster_metadata"
export const partition = 0
/** Kafka's Uuid.METADATA_TOPIC_ID. */
export const topicId = "AAAAAAAAAAAAAAAAAAAAAQ"

/** Bytes read from the log at a time to tell what was committed. */
const readBytes = 1024 * 1024

/** A committed batch as it is told. */
export interface CommittedBatch {
  readonly bytes: Uint8Array
  readonly lastOffset: number
  readonly epoch: number
  /** Raft's own record, of no meaning to the metadata. */
  readonly isControl: boolean
  /** Milliseconds. */
  readonly maxTimestamp: number
}

/** The latest snapshot, if there is one; the log is made to go on from it. */
export const loadSnapshot = (
  disk: Disk["Service"],
  log: Log,
  now: number
): Effect.Effect<Snapshots.Snapshot | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const latest = (yield* Snapshots.list(disk, log.directory)).at(-1)
    if (latest === undefined) {
      if (log.logStartOffset === 0) return undefined
      const reason = `begins at ${log.logStartOffset} and has no snapshot of what was before`
      return yield* Effect.fail(new CorruptLog({ path: log.directory, position: 0, reason }))
    }
    if (latest.endOffset < log.logStartOffset) {
      const reason = `begins at ${log.logStartOffset}, its latest snapshot ends at ${latest.endOffset}`
      return yield* Effect.fail(new CorruptLog({ path: log.directory, position: 0, reason }))
    }
    if (log.logEndOffset < latest.endOffset) yield* log.truncateFullyAndStartAt(latest.endOffset, now)
    return yield* Snapshots.read(disk, log.directory, latest)
  })

const batchesOf = (bytes: Uint8Array, from: number): ReadonlyArray<CommittedBatch> => {
  const batches: Array<CommittedBatch> = []
  RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
    const lastOffset = RecordBatch.lastOffset(bytes, at)
    if (lastOffset < from) return
    batches.push({
      bytes: bytes.subarray(at, at + sizeBytes),
      lastOffset,
      epoch: RecordBatch.partitionLeaderEpoch(bytes, at),
      isControl: RecordBatch.isControl(bytes, at),
      maxTimestamp: RecordBatch.maxTimestamp(bytes, at)
    })
  })
  return batches
}

/** Tells all batches from `from` up to `to`, exclusive, in order. */
export const readCommitted = (
  log: Log,
  from: number,
  to: number,
  tell: (batch: CommittedBatch) => void
): Effect.Effect<void, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    let offset = from
    while (offset < to) {
      const read = yield* log.read({
        offset,
        maxBytes: readBytes,
        upToOffset: to,
        minOneBatch: true,
        allocate: (sizeBytes) => new Uint8Array(sizeBytes)
      })
      const batches = read === "none" ? [] : batchesOf(read.bytes, offset)
      const last = batches.at(-1)
      if (last === undefined) {
        const reason = `has no batch at ${offset}, which was committed`
        return yield* Effect.fail(new CorruptLog({ path: log.directory, position: -1, reason }))
      }
      for (const batch of batches) tell(batch)
      offset = last.lastOffset + 1
    }
  })
