/**
 * Taking segments away: by retention, by a moved log start, by truncation. Files are renamed `.deleted` at once and removed
 * after `file.delete.delay.ms`, so that open readers keep working (behaviour 163).
 *
 * Invariants: the log start only rises, save when the log is truncated fully; a truncation is durable when it returns, so that
 * a power cut can't bring the cut part back under what is appended next.
 */
import type { DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Append from "./Append.ts"
import { findBatch, type LocatedBatch } from "./BatchScan.ts"
import * as EpochCache from "./EpochCache.ts"
import { fileName, segmentKinds } from "./Files.ts"
import { ensureFiles } from "./FirstFiles.ts"
import {
  activeSegment,
  changeEpochs,
  corrupt,
  createSegment,
  damaged,
  floorSegment,
  type LogState,
  storeCompactedBelow,
  syncNames
} from "./LogState.ts"
import * as ProducerState from "./ProducerState.ts"
import { deletableSegments } from "./Retention.ts"
import type { Segment } from "./Segment.ts"
import { largestTimestampOf, loadIndexes, producersAt, rebuildIndexes } from "./SegmentIndexes.ts"

/** Renames the segment's files; readers that hold it go on. Its snapshot goes with it. */
export const retire = (state: LogState, segment: Segment, now: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const { disk } = state.home
    const paths = yield* existingFiles(state, segment)
    segment.suffix = ".deleted"
    for (const path of paths) yield* disk.rename(path, `${path}.deleted`)
    state.directoryChanged = true
    state.loadedSealed = state.loadedSealed.filter((other) => other !== segment)
    state.deleted = [...state.deleted, { segment, since: now }]
  })

const existingFiles = (state: LogState, segment: Segment) =>
  Effect.filter(
    segmentKinds.map((kind) => segment.path(kind)),
    (path) => state.home.disk.exists(path)
  )

/** Removes the producer snapshots at these offsets. */
export const removeSnapshots = (state: LogState, goes: (offset: number) => boolean): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    for (const offset of state.snapshots.filter(goes)) {
      yield* disk.remove(`${directory}/${fileName(offset, ".snapshot")}`)
      state.directoryChanged = true
    }
    state.snapshots = state.snapshots.filter((offset) => !goes(offset))
    state.unsyncedSnapshots = state.unsyncedSnapshots.filter((offset) => !goes(offset))
  })

/** Removes files whose delay is over and that nobody reads; answers how many segments went. */
export const removeDeleted = (state: LogState, now: number): Effect.Effect<number, DiskError> =>
  Effect.gen(function* () {
    const { fileDeleteDelayMs } = state.config()
    const due = state.deleted.filter(({ segment, since }) => !segment.inUse && now - since >= fileDeleteDelayMs)
    for (const { segment } of due) {
      segment.removed = true
      yield* segment.close
      for (const path of yield* existingFiles(state, segment)) yield* state.home.disk.remove(path)
      state.deleted = state.deleted.filter((other) => other.segment !== segment)
    }
    return due.length
  })

const setLogStart = (state: LogState, offset: number): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    state.logStartOffset = offset
    return changeEpochs(state, (epochs) => EpochCache.truncateFromStart(epochs, offset))
  })

/** DeleteRecords (KIP-107): nothing below `offset` is readable any more. Segments go with the next retention pass. */
export const deleteRecordsBefore = (state: LogState, offset: number): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    assert(offset <= state.logEndOffset, "the log start stays at or below the log end")
    return offset <= state.logStartOffset ? Effect.void : setLogStart(state, offset)
  })

const segmentFacts = (state: LogState, segment: Segment) =>
  Effect.map(largestTimestampOf(state, segment), (timestamp) => {
    const { baseOffset, sizeBytes, createdAt } = segment
    return { baseOffset, sizeBytes, largestTimestamp: timestamp >= 0 ? timestamp : createdAt }
  })

/** Applies the retention rules; answers how many segments were deleted. A log that goes whole begins anew at its end. */
export const deleteOldSegments = (
  state: LogState,
  now: number,
  highWatermark: number
): Effect.Effect<number, DiskError> =>
  Effect.gen(function* () {
    const segments = yield* Effect.forEach(state.segments, (segment) => segmentFacts(state, segment))
    const { logStartOffset, logEndOffset } = state
    const facts = { segments, logStartOffset, logEndOffset, highWatermark }
    const count = deletableSegments(facts, state.config(), now)
    if (count === 0) return 0
    if (count === state.segments.length) {
      yield* Append.roll(state, state.logEndOffset, yield* producersAt(state, state.logEndOffset), now)
    }
    const gone = state.segments.slice(0, count)
    state.segments = state.segments.slice(count)
    const { baseOffset } = state.segments[0]!
    if (baseOffset > state.logStartOffset) yield* setLogStart(state, baseOffset)
    for (const segment of gone) yield* retire(state, segment, now)
    yield* removeSnapshots(state, (offset) => offset < baseOffset)
    return count
  })

/** A batch that holds the cut goes whole: then it has to be what it says, or too much would go. */
const verifyAt = (segment: Segment, { position, sizeBytes }: LocatedBatch): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    const bytes = new Uint8Array(sizeBytes)
    return Effect.flatMap(segment.file.read(position, bytes, "cold"), (count) => {
      const fault = RecordBatch.verifyBatch(bytes, 0, count)
      return fault === undefined ? Effect.void : Effect.fail(damaged(corrupt(segment, position, fault)))
    })
  })

/** Cuts the segment at the batch that holds `offset`, or at its end when there is none; answers where the log now ends. */
const cutSegment = (state: LogState, segment: Segment, offset: number): Effect.Effect<number, DiskError> =>
  Effect.gen(function* () {
    yield* segment.openForWriting
    const indexes = yield* loadIndexes(state, segment)
    const from = indexes.offset.lookup(offset - segment.baseOffset)
    const found = yield* segment.withFile((file) => findBatch(file, from, segment.sizeBytes, offset, "cold"))
    if (found === "damaged") return yield* Effect.fail(damaged(corrupt(segment, from, "no batch here")))
    if (found !== "end") {
      if (found.baseOffset < offset) yield* verifyAt(segment, found)
      yield* segment.file.truncate(found.position)
      segment.sizeBytes = found.position
      yield* segment.file.sync
    }
    const { nextOffset } = yield* rebuildIndexes(state, segment)
    state.loadedSealed = state.loadedSealed.filter((other) => other !== segment)
    segment.synced = false
    return nextOffset
  })

/** Takes away what lies at or above `offset`; answers where the log now ends. */
const cutLog = (state: LogState, offset: number, now: number): Effect.Effect<number, DiskError> =>
  Effect.gen(function* () {
    yield* lower(state, offset)
    const keep = floorSegment(state.segments, offset) + 1
    const gone = state.segments.slice(keep)
    state.segments = state.segments.slice(0, keep)
    for (const segment of gone.toReversed()) yield* retire(state, segment, now)
    yield* removeSnapshots(state, (snapshot) => snapshot > offset)
    yield* syncNames(state)
    const end = yield* cutSegment(state, activeSegment(state), offset)
    yield* lower(state, end)
    yield* removeSnapshots(state, (snapshot) => snapshot > end)
    return end
  })

/**
 * Drops everything at or above `offset`. A batch that holds `offset` goes whole, and the log end with it. An epoch that would begin at
 * the end goes too, even where no batch does: left behind, it would be found to diverge again and again.
 */
export const truncateTo = (state: LogState, offset: number, now: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    if (offset < state.segments[0]!.baseOffset) return yield* truncateFullyAndStartAt(state, offset, now)
    const end = offset < state.logEndOffset ? yield* cutLog(state, offset, now) : state.logEndOffset
    yield* changeEpochs(state, (epochs) => EpochCache.truncateFromEnd(epochs, end))
    state.recoveredProducers = yield* producersAt(state, end)
  })

/** Brings down the offsets that may not stay above a lowered log end. */
const lower = (state: LogState, offset: number): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    state.logEndOffset = offset
    state.recoveryPoint = Math.min(state.recoveryPoint, offset)
    state.cleanedOffset = Math.min(state.cleanedOffset, offset)
    state.flushCeiling = Math.min(state.flushCeiling, offset)
    state.logStartOffset = Math.min(state.logStartOffset, offset)
    state.tail.clear()
    return state.compactedBelow > offset ? storeCompactedBelow(state, offset) : Effect.void
  })

/**
 * Drops everything; the log begins and ends at `offset`, empty. Its history of epochs goes first: whoever comes back to half of this
 * takes it from the batches that are left, and from none where none is left.
 */
export const truncateFullyAndStartAt = (state: LogState, offset: number, now: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    yield* ensureFiles(state, now)
    yield* lower(state, offset)
    yield* changeEpochs(state, () => EpochCache.empty)
    const gone = state.segments
    for (const segment of gone.toReversed()) yield* retire(state, segment, now)
    state.segments = [yield* createSegment(state.home, offset, state.config(), now)]
    yield* removeSnapshots(state, () => true)
    yield* syncNames(state)
    state.logStartOffset = offset
    state.logEndOffset = offset
    state.recoveryPoint = offset
    state.recoveredProducers = ProducerState.empty
  })
