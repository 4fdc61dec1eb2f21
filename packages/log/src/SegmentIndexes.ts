/**
 * Indexes of sealed segments: loaded when first needed, rebuilt from the log when missing or damaged (behaviour 170).
 * Invariant: at most `loadedSealedSegments` sealed segments of a log keep their indexes in memory; the longest unused go
 * first. Neighbours: `Read.ts` and `Search.ts` ask for them, `Recovery.ts` has its own pass that also verifies.
 */
import type { DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { scan } from "./BatchScan.ts"
import { readIfPresent } from "./Checkpoint.ts"
import { fileName } from "./Files.ts"
import { corrupt, damaged, floorSegment, keepLoaded, type LogState } from "./LogState.ts"
import { OffsetIndex } from "./OffsetIndex.ts"
import * as ProducerSnapshot from "./ProducerSnapshot.ts"
import * as ProducerState from "./ProducerState.ts"
import * as Replay from "./Replay.ts"
import { emptyIndexes, Segment, type SegmentIndexes } from "./Segment.ts"
import { TimeIndex } from "./TimeIndex.ts"
import { TransactionIndex } from "./TransactionIndex.ts"

/** The newest usable snapshot at or below `offset`; damaged ones are passed over. */
const newestSnapshot = (state: LogState, offset: number) =>
  Effect.gen(function* () {
    for (const candidate of state.snapshots.filter((snapshot) => snapshot <= offset).toReversed()) {
      const { disk, directory } = state.home
      const bytes = yield* readIfPresent(disk, `${directory}/${fileName(candidate, ".snapshot")}`)
      const producers = bytes === undefined ? undefined : ProducerSnapshot.decode(bytes)
      if (producers !== undefined) return { offset: candidate, producers }
    }
    return { offset: 0, producers: ProducerState.empty }
  })

/** The producers as of `offset` (exclusive): newest usable snapshot, of `from` at the latest, then the batches from there. */
export const producersAt = (
  state: LogState,
  offset: number,
  from = offset
): Effect.Effect<ProducerState.ProducerState, DiskError> =>
  Effect.gen(function* () {
    const snapshot = yield* newestSnapshot(state, from)
    let { producers } = snapshot
    const first = Math.max(0, floorSegment(state.segments, snapshot.offset))
    for (const segment of state.segments.slice(first)) {
      if (segment.baseOffset >= offset || snapshot.offset >= offset) break
      const end = yield* segment.withFile((file) =>
        scan(file, 0, segment.sizeBytes, (bytes, at) => {
          if (RecordBatch.lastOffset(bytes, at) < snapshot.offset) return undefined
          if (RecordBatch.baseOffset(bytes, at) >= offset) return reachedOffset
          producers = Replay.replay(producers, bytes, at).state
          return undefined
        })
      )
      if (end.reason === reachedOffset) break
      if (end.reason !== undefined) return yield* Effect.fail(damaged(corrupt(segment, end.position, end.reason)))
    }
    return producers
  })

const reachedOffset = "reached the offset asked for"

/** Builds all three indexes from the log and replaces the files; answers also the offset after the segment's last batch. */
export const rebuildIndexes = (
  state: LogState,
  segment: Segment
): Effect.Effect<{ readonly indexes: SegmentIndexes; readonly nextOffset: number }, DiskError> =>
  Effect.gen(function* () {
    let nextOffset = segment.baseOffset
    let producers = yield* producersAt(state, segment.baseOffset)
    const { indexIntervalBytes } = state.config()
    const fresh = new Segment(segment.home, segment.baseOffset, segment.createdAt)
    const indexes = emptyIndexes()
    fresh.indexes = indexes
    const end = yield* segment.withFile((file) =>
      scan(file, 0, segment.sizeBytes, (bytes, at, position) => {
        const replayed = Replay.replay(producers, bytes, at)
        producers = replayed.state
        if (replayed.aborted !== undefined) indexes.transaction.append(replayed.aborted)
        fresh.note(batchFacts(bytes, at), position, indexIntervalBytes)
        nextOffset = RecordBatch.lastOffset(bytes, at) + 1
        return undefined
      })
    )
    if (end.reason !== undefined) return yield* Effect.fail(damaged(corrupt(segment, end.position, end.reason)))
    fresh.finishTimeIndex()
    segment.indexes = indexes
    segment.firstTimestamp = fresh.firstTimestamp
    segment.maxTimestamp = fresh.maxTimestamp
    segment.maxTimestampOffset = fresh.maxTimestampOffset
    yield* segment.rewriteIndexes
    return { indexes, nextOffset }
  })

/** What `Segment.note` needs of the batch at `at`. */
export const batchFacts = (bytes: Uint8Array, at: number) => ({
  lastOffset: RecordBatch.lastOffset(bytes, at),
  maxTimestamp: RecordBatch.maxTimestamp(bytes, at),
  sizeBytes: RecordBatch.sizeInBytes(bytes, at)
})

/** The index files as they are, or undefined when one of them can't belong to the segment. */
export const readIndexFiles = (segment: Segment): Effect.Effect<SegmentIndexes | undefined, DiskError> =>
  Effect.gen(function* () {
    const { disk } = segment.home
    const offsetBytes = yield* readIfPresent(disk, segment.path(".index"))
    const timeBytes = yield* readIfPresent(disk, segment.path(".timeindex"))
    const transactionBytes = segment.hasTransactionIndex
      ? yield* readIfPresent(disk, segment.path(".txnindex"))
      : new Uint8Array(0)
    if (offsetBytes === undefined || timeBytes === undefined || transactionBytes === undefined) return undefined
    const offset = OffsetIndex.decode(offsetBytes, segment.sizeBytes)
    const time = TimeIndex.decode(timeBytes)
    const transaction = TransactionIndex.decode(transactionBytes, segment.baseOffset)
    if (offset === undefined || time === undefined || transaction === undefined) return undefined
    return { offset, time, transaction }
  })

/** The segment's indexes, from memory, from their files, or from the log. */
export const loadIndexes = (state: LogState, segment: Segment): Effect.Effect<SegmentIndexes, DiskError> =>
  Effect.suspend(() => {
    if (segment.indexes !== undefined) return Effect.succeed(segment.indexes)
    return Effect.gen(function* () {
      const read = yield* readIndexFiles(segment)
      const usable = read !== undefined && (read.time.count > 0 || segment.sizeBytes === 0)
      const indexes = usable ? read : (yield* rebuildIndexes(state, segment)).indexes
      segment.indexes = indexes
      const last = indexes.time.count - 1
      segment.maxTimestamp = last < 0 ? -1 : indexes.time.timestamp(last)
      segment.maxTimestampOffset = last < 0 ? -1 : segment.baseOffset + indexes.time.relativeOffset(last)
      yield* keepLoaded(state, segment)
      return indexes
    })
  })

/** The last entry of a sealed segment's time index, without loading the rest; undefined when there is no usable one. */
const lastTimestampInFile = (segment: Segment): Effect.Effect<number | undefined, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* segment.home.disk.open(segment.path(".timeindex"), "read")
      const size = yield* file.size
      if (size === 0 || size % TimeIndex.entryBytes !== 0) return undefined
      const entry = new Uint8Array(TimeIndex.entryBytes)
      yield* file.read(size - entry.byteLength, entry, "cold")
      const index = TimeIndex.decode(entry)
      return index?.timestamp(0)
    })
  ).pipe(Effect.catch((error) => (error.reason === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error))))

/** Largest timestamp of the segment; -1 when its records carry none or it is empty. */
export const largestTimestampOf = (state: LogState, segment: Segment): Effect.Effect<number, DiskError> =>
  Effect.suspend(() => {
    if (segment.maxTimestamp >= 0 || segment.sizeBytes === 0) return Effect.succeed(segment.maxTimestamp)
    return Effect.flatMap(lastTimestampInFile(segment), (last) => {
      if (last === undefined) return Effect.map(loadIndexes(state, segment), () => segment.maxTimestamp)
      segment.maxTimestamp = last
      return Effect.succeed(last)
    })
  })

/** Largest timestamp of the segment's first batch; -1 when it has none. */
export const firstTimestampOf = (segment: Segment): Effect.Effect<number, DiskError> =>
  Effect.suspend(() => {
    if (segment.firstTimestamp >= 0 || segment.sizeBytes === 0) return Effect.succeed(segment.firstTimestamp)
    return segment.withFile((file) => {
      const header = new Uint8Array(RecordBatch.headerBytes)
      return Effect.map(file.read(0, header, "cold"), (read) => {
        if (read === header.byteLength) segment.firstTimestamp = RecordBatch.maxTimestamp(header, 0)
        return segment.firstTimestamp
      })
    })
  })
