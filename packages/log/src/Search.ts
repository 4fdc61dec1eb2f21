/**
 * Finding offsets: by timestamp (behaviour 102), by largest timestamp (099), and the aborted transactions of a range (081).
 * The time index narrows a search to one index interval; only batches that can hold the answer are looked into, which is why
 * decompression is bounded by the caller. Neighbours: `Read.ts` serves bytes, this serves answers.
 */
import type { DiskError } from "@klamm/platform"
import type { Decompression } from "@klamm/protocol/Compression"
import { openRecords, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { scan } from "./BatchScan.ts"
import * as EpochCache from "./EpochCache.ts"
import type { CorruptLog } from "./LogError.ts"
import { corrupt, floorSegment, type LogState } from "./LogState.ts"
import type { Segment } from "./Segment.ts"
import { largestTimestampOf, loadIndexes } from "./SegmentIndexes.ts"
import type { AbortedTransaction } from "./TransactionIndex.ts"

export interface FoundOffset {
  readonly offset: number
  /** -1 when the answer is a position rather than a record. */
  readonly timestamp: number
  /** Epoch of the leader that wrote there, -1 when unknown. */
  readonly leaderEpoch: number
}

/** A position in the log, with the epoch it belongs to. */
export const positionAt = (state: LogState, offset: number): FoundOffset => ({
  offset,
  timestamp: -1,
  leaderEpoch: EpochCache.epochForOffset(state.epochs, offset)
})

/** The first record of the batch at `at` with at least this offset and timestamp. Throws as `openRecords` does. */
const firstRecord = (
  bytes: Uint8Array,
  at: number,
  fromOffset: number,
  timestamp: number,
  decompression: Decompression
): FoundOffset | undefined => {
  const cursor = openRecords(bytes, at, decompression)
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  for (let remaining = RecordBatch.count(bytes, at); remaining > 0; remaining--) {
    cursor.next()
    const found = timestampOf(bytes, at, cursor.timestampDelta)
    const offset = baseOffset + cursor.offsetDelta
    if (found >= timestamp && offset >= fromOffset) {
      return { offset, timestamp: found, leaderEpoch: RecordBatch.partitionLeaderEpoch(bytes, at) }
    }
  }
  return undefined
}

const foundRecord = "found the record"

/** Searches one segment from the batch that may hold `fromOffset` on, not before `relativeStart`. */
const searchSegment = (
  segment: Segment,
  relativeStart: number,
  fromOffset: number,
  timestamp: number,
  decompression: Decompression
): Effect.Effect<FoundOffset | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const from = segment.indexes?.offset.lookup(Math.max(relativeStart, fromOffset - segment.baseOffset)) ?? 0
    let found: FoundOffset | undefined
    const end = yield* segment.withFile((file) =>
      scan(file, from, segment.sizeBytes, (bytes, at) => {
        if (RecordBatch.maxTimestamp(bytes, at) < timestamp) return undefined
        if (RecordBatch.lastOffset(bytes, at) < fromOffset) return undefined
        const fault = RecordBatch.verifyBatch(bytes, at)
        if (fault !== undefined) return fault
        try {
          found = firstRecord(bytes, at, fromOffset, timestamp, decompression)
        } catch (error) {
          return String(error)
        }
        return found === undefined ? undefined : foundRecord
      })
    )
    if (end.reason !== undefined && found === undefined) {
      return yield* Effect.fail(corrupt(segment, end.position, end.reason))
    }
    return found
  })

/** The first record at or after the log start with a timestamp at or above `timestamp`; undefined unless below `upToOffset`. */
export const offsetForTimestamp = (
  state: LogState,
  timestamp: number,
  upToOffset: number,
  decompression: Decompression
): Effect.Effect<FoundOffset | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const { segments, logStartOffset } = state
    for (const segment of segments.slice(Math.max(0, floorSegment(segments, logStartOffset)))) {
      if (segment.baseOffset >= upToOffset) return undefined
      const search = Effect.gen(function* () {
        const { time } = yield* loadIndexes(state, segment)
        if (segment.maxTimestamp < timestamp || segment.sizeBytes === 0) return undefined
        return yield* searchSegment(segment, time.lookup(timestamp), logStartOffset, timestamp, decompression)
      })
      const found = yield* segment.hold(search)
      if (found !== undefined) return found.offset < upToOffset ? found : undefined
    }
    return undefined
  })

/** The first record with the log's largest timestamp; undefined when the log has none, or it is not below `upToOffset`. */
export const offsetOfMaxTimestamp = (
  state: LogState,
  upToOffset: number,
  decompression: Decompression
): Effect.Effect<FoundOffset | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    let newest: Segment | undefined
    for (const segment of state.segments) {
      yield* segment.hold(largestTimestampOf(state, segment))
      if (segment.maxTimestamp > (newest?.maxTimestamp ?? -1)) newest = segment
    }
    if (newest === undefined) return undefined
    const segment = newest
    const search = Effect.gen(function* () {
      yield* loadIndexes(state, segment)
      const { maxTimestamp, maxTimestampOffset, baseOffset } = segment
      return yield* searchSegment(
        segment,
        maxTimestampOffset - baseOffset,
        state.logStartOffset,
        maxTimestamp,
        decompression
      )
    })
    const found = yield* segment.hold(search)
    return found !== undefined && found.offset < upToOffset ? found : undefined
  })

const hasAborted = ({ hasTransactionIndex, indexes }: Segment): boolean =>
  hasTransactionIndex || (indexes !== undefined && indexes.transaction.count > 0)

const noneAborted: Effect.Effect<ReadonlyArray<AbortedTransaction>> = Effect.succeed([])

/** The aborted transactions that overlap `from`…`to - 1`, in the order of their markers. Mostly no segment has any: no generator then. */
export const abortedTransactions = (
  state: LogState,
  from: number,
  to: number
): Effect.Effect<ReadonlyArray<AbortedTransaction>, DiskError> =>
  Effect.suspend(() => {
    const { segments } = state
    const marked = segments.slice(Math.max(0, floorSegment(segments, from))).filter(hasAborted)
    if (marked.length === 0) return noneAborted
    return Effect.gen(function* () {
      const found: Array<AbortedTransaction> = []
      for (const segment of marked) {
        const indexes = yield* segment.hold(loadIndexes(state, segment))
        if (indexes?.transaction.collect(from, to, found) === true) break
      }
      return found
    })
  })
