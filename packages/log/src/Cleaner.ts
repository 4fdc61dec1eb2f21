/**
 * One cleaning pass over a compacted log: learn each key's newest offset from the dirty part, write what stays into new
 * segments, put them in place.
 *
 * A finished segment takes its place in steps that a crash may interrupt anywhere: 1. all is written to `.cleaned` files and
 * synced; 2. `.log.cleaned` is renamed `.log.swap`, the moment from which it counts; 3. the segments it covers are renamed
 * `.deleted`; 4. the new files get their names. Before 2 the next opening drops the new files, after it `LogFiles.ts` finishes
 * the job. Invariants: readers see old segments or new ones, with the same answers; appends go on meanwhile; only what is
 * durable is cleaned, and that is noted before the first gap is made (`compactionCheckpoint`).
 */
import type { DiskError, DiskFile } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import type { Decompression } from "@klamm/protocol/Compression"
import { openRecords } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { scan } from "./BatchScan.ts"
import { type Cleaned, type CleaningRound, cleanBatch } from "./CleanBatch.ts"
import { CleanedTransactions } from "./CleanedTransactions.ts"
import { Overtaken } from "./CleaningTurns.ts"
import * as Compaction from "./Compaction.ts"
import { removeSnapshots, retire } from "./Delete.ts"
import { fileName, segmentKinds } from "./Files.ts"
import { flush } from "./Flush.ts"
import type { CorruptLog } from "./LogError.ts"
import { activeSegment, alone, corrupt, keepLoaded, type LogState, sizeBytes, storeCompactedBelow } from "./LogState.ts"
import type { ProducerState } from "./ProducerState.ts"
import { abortedTransactions } from "./Search.ts"
import { emptyIndexes, Segment } from "./Segment.ts"
import { batchFacts, firstTimestampOf, largestTimestampOf } from "./SegmentIndexes.ts"
import { noteDamage } from "./Verify.ts"

/** Output gathered before it is written. */
const writeBufferBytes = 1024 * 1024

export interface CleanOptions {
  /** As of now: what is last of an active producer stays. */
  readonly producers: ProducerState
  readonly decompression: Decompression
  /** `log.cleaner.dedupe.buffer.size`: bounds the map of keys; what does not fit waits for the next pass. */
  readonly dedupeBufferBytes: number
}

export interface CleanResult {
  readonly cleaned: boolean
  readonly dirtyRatio: number
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Uses a segment that has to be there still. */
const holding = <A, E>(segment: Segment, effect: Effect.Effect<A, E>): Effect.Effect<A, E | Overtaken> =>
  Effect.flatMap(segment.hold(Effect.map(effect, (value) => ({ value }))), (held) =>
    held === undefined ? Effect.fail(new Overtaken()) : Effect.succeed(held.value)
  )

const segmentFacts = (state: LogState, segment: Segment) =>
  Effect.gen(function* () {
    const { baseOffset, sizeBytes } = segment
    const firstTimestamp = yield* firstTimestampOf(segment)
    const largestTimestamp = yield* largestTimestampOf(state, segment)
    return { baseOffset, sizeBytes, firstTimestamp, largestTimestamp }
  })

const facts = (state: LogState, firstUncleanable: number) =>
  Effect.gen(function* () {
    const { logStartOffset, cleanedOffset, segments } = state
    const all = yield* Effect.forEach(segments, (segment) => holding(segment, segmentFacts(state, segment)))
    return { segments: all, logStartOffset, cleanedOffset, firstUncleanable }
  })

const goesNoFurther = "the dirty part or the room for its keys ends here"

/** Enters the keys of a batch; false when the map is full, before any of the batch's keys counts as seen. */
const enterKeys = (
  offsets: Compaction.OffsetMap,
  bytes: Uint8Array,
  at: number,
  decompression: Decompression
): boolean => {
  const cursor = openRecords(bytes, at, decompression)
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  const tooLate = hasBug("newest-by-batch") ? RecordBatch.lastOffset(bytes, at) : undefined
  for (let remaining = RecordBatch.count(bytes, at); remaining > 0; remaining--) {
    cursor.next()
    if (cursor.keyLength < 0) continue
    const key = cursor.bytes.subarray(cursor.keyAt, cursor.keyAt + cursor.keyLength)
    if (!offsets.put(key, tooLate ?? baseOffset + cursor.offsetDelta)) return false
    offsets.latestOffset = baseOffset + cursor.offsetDelta
  }
  return true
}

/** Visits what is as it was written, and stops the scan at the first batch that is not: nothing is made of damage. */
const guarded = (bytes: Uint8Array, at: number, visit: (bytes: Uint8Array, at: number) => string | undefined) => {
  const fault = RecordBatch.verifyBatch(bytes, at)
  if (fault !== undefined) return fault
  try {
    return visit(bytes, at)
  } catch (error) {
    return String(error)
  }
}

/** Builds the map over the dirty part; answers with it how far this pass goes: to the plan's end unless the map filled up. */
const buildMap = (state: LogState, plan: Compaction.CleaningPlan, options: CleanOptions) =>
  Effect.gen(function* () {
    const offsets = new Compaction.OffsetMap(options.dedupeBufferBytes)
    const aborted = yield* abortedTransactions(state, plan.firstDirtyOffset, plan.endOffset)
    const transactions = new CleanedTransactions(aborted, () => undefined)
    const visit = (bytes: Uint8Array, at: number) => {
      const lastOffset = RecordBatch.lastOffset(bytes, at)
      if (lastOffset < plan.firstDirtyOffset) return undefined
      if (lastOffset >= plan.endOffset) return goesNoFurther
      const isWanted = !transactions.isDiscardable(bytes, at) && !RecordBatch.isControl(bytes, at)
      if (isWanted && !enterKeys(offsets, bytes, at, options.decompression)) return goesNoFurther
      offsets.latestOffset = lastOffset
      return undefined
    }
    for (const segment of dirtySegments(state, plan)) {
      const scanning = segment.withFile((file) =>
        scan(file, 0, segment.sizeBytes, (bytes, at) => guarded(bytes, at, visit))
      )
      const end = yield* holding(segment, scanning)
      if (end.reason === goesNoFurther) return { offsets, endOffset: offsets.latestOffset + 1 }
      if (end.reason !== undefined) return yield* Effect.fail(corrupt(segment, end.position, end.reason))
    }
    return { offsets, endOffset: plan.endOffset }
  })

const dirtySegments = (state: LogState, plan: Compaction.CleaningPlan): ReadonlyArray<Segment> =>
  state.segments.filter((segment, index) => {
    const next = state.segments[index + 1]
    return segment.baseOffset < plan.endOffset && (next === undefined || next.baseOffset > plan.firstDirtyOffset)
  })

/** A segment being written, with its output buffer. */
interface Output {
  readonly segment: Segment
  readonly intervalBytes: number
  position: number
  chunks: Array<Uint8Array>
  pendingBytes: number
}

const emit = (output: Output, batch: Uint8Array): void => {
  output.segment.note(batchFacts(batch, 0), output.position, output.intervalBytes)
  output.position += batch.byteLength
  output.chunks.push(batch)
  output.pendingBytes += batch.byteLength
}

const drain = (output: Output, file: DiskFile): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    const { chunks, position, pendingBytes } = output
    output.chunks = []
    output.pendingBytes = 0
    return chunks.length === 0 ? Effect.void : file.write(position - pendingBytes, chunks)
  })

const outputFull = "the write buffer is full"

/** Copies what stays of one segment into the output. */
const cleanSegment = (round: CleaningRound, segment: Segment, output: Output, target: DiskFile) =>
  segment.withFile((source) =>
    Effect.gen(function* () {
      let from = 0
      while (from < segment.sizeBytes) {
        const end = yield* scan(source, from, segment.sizeBytes, (bytes, at) => {
          if (output.pendingBytes >= writeBufferBytes) return outputFull
          return guarded(bytes, at, () => {
            const cleaned: Cleaned = cleanBatch(round, bytes, at)
            if (cleaned === "keep") emit(output, bytes.slice(at, at + RecordBatch.sizeInBytes(bytes, at)))
            else if (cleaned !== "drop") emit(output, cleaned)
            return undefined
          })
        })
        yield* drain(output, target)
        if (end.reason !== undefined && end.reason !== outputFull) {
          return yield* Effect.fail(corrupt(segment, end.position, end.reason))
        }
        from = end.position
      }
    })
  )

/** Begins the group's new segment in `.cleaned` files. */
const beginOutput = (state: LogState, first: Segment): Output => {
  const segment = new Segment(state.home, first.baseOffset, first.createdAt, first.jitterMs)
  segment.suffix = ".cleaned"
  segment.indexes = emptyIndexes()
  return { segment, intervalBytes: state.config().indexIntervalBytes, position: 0, chunks: [], pendingBytes: 0 }
}

/** Writes what stays of the group, indexes included, synced. */
const writeOutput = (group: ReadonlyArray<Segment>, round: CleaningRound, output: Output) =>
  Effect.gen(function* () {
    const { segment } = output
    const target = yield* segment.openForWriting
    yield* target.truncate(0)
    for (const source of group) yield* holding(source, cleanSegment(round, source, output, target))
    segment.finishTimeIndex()
    yield* segment.rewriteIndexes
    yield* segment.sync
  })

const renameAll = (
  state: LogState,
  segment: Segment,
  kinds: ReadonlyArray<(typeof segmentKinds)[number]>,
  suffix: "" | ".swap"
) =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    for (const kind of kinds) {
      const from = segment.path(kind)
      if (yield* disk.exists(from))
        yield* disk.rename(from, `${directory}/${fileName(segment.baseOffset, kind, suffix)}`)
    }
  })

/** Steps 2 to 4 of the story above. */
const swap = (state: LogState, group: ReadonlyArray<Segment>, cleaned: Segment, now: number) =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    yield* renameAll(state, cleaned, [".index", ".timeindex", ".txnindex", ".log"], ".swap")
    cleaned.suffix = ".swap"
    yield* disk.syncDirectory(directory)
    state.segments = state.segments.flatMap((segment) =>
      segment === group[0] ? [cleaned] : group.includes(segment) ? [] : [segment]
    )
    for (const old of group) yield* retire(state, old, now)
    yield* removeSnapshots(state, (offset) => group.some((old) => old !== group[0] && old.baseOffset === offset))
    yield* renameAll(state, cleaned, segmentKinds, "")
    cleaned.suffix = ""
    yield* disk.syncDirectory(directory)
    yield* keepLoaded(state, cleaned)
  }).pipe(Effect.uninterruptible)

/** Removes what was written of a segment that will not be. Best effort: the next opening does the same. */
const discard = (segment: Segment | undefined): Effect.Effect<void> => {
  if (segment === undefined) return Effect.void
  const { disk } = segment.home
  const files = segmentKinds.map((kind) => segment.path(kind))
  const removal = Effect.forEach(files, (file) =>
    Effect.flatMap(disk.exists(file), (exists) => (exists ? disk.remove(file) : Effect.void))
  )
  return Effect.andThen(segment.close, Effect.ignore(removal, { log: true }))
}

/** Puts the new segment in place if the old ones are still what they were when the pass began. */
const swapUnlessOvertaken = (
  state: LogState,
  group: ReadonlyArray<Segment>,
  known: ReadonlyArray<Compaction.CleanableSegment>,
  cleaned: Segment,
  now: number
): Effect.Effect<void, DiskError | Overtaken> =>
  Effect.suspend((): Effect.Effect<void, DiskError | Overtaken> => {
    const isSame = group.every(
      (segment, index) =>
        state.segments.includes(segment) &&
        segment !== activeSegment(state) &&
        segment.sizeBytes === known[index]!.sizeBytes
    )
    return isSame ? swap(state, group, cleaned, now) : Effect.andThen(discard(cleaned), Effect.fail(new Overtaken()))
  })

/** Cleans every segment below `endOffset`, group by group. */
const cleanGroups = (
  state: LogState,
  offsets: Compaction.OffsetMap,
  endOffset: number,
  known: ReadonlyArray<Compaction.CleanableSegment>,
  now: number,
  options: CleanOptions
) =>
  Effect.gen(function* () {
    const { segments } = state
    const aborted = yield* abortedTransactions(state, segments[0]!.baseOffset, endOffset)
    let output: Output | undefined
    const transactions = new CleanedTransactions(aborted, (transaction) =>
      output?.segment.indexes?.transaction.append(transaction)
    )
    const { producers, decompression } = options
    const deleteRetentionMs = hasBug("tombstones-not-retained") ? 0 : state.config().deleteRetentionMs
    const round = { offsets, endOffset, producers, transactions, decompression, now, deleteRetentionMs }
    for (const [from, to] of Compaction.groupSegments(known, endOffset, state.config())) {
      const group = segments.slice(from, to)
      output = beginOutput(state, group[0]!)
      yield* Effect.onError(writeOutput(group, round, output), () => discard(output?.segment))
      yield* alone(state, swapUnlessOvertaken(state, group, known.slice(from, to), output.segment, now))
    }
  })

const pass = (state: LogState, now: number, firstUncleanable: number, options: CleanOptions) =>
  Effect.gen(function* () {
    const bytesBefore = sizeBytes(state)
    const cleaning = yield* facts(state, firstUncleanable)
    const config = state.config()
    const plan = Compaction.planCleaning(cleaning, config, now)
    const { dirtyRatio } = plan
    const idle = { cleaned: false, dirtyRatio, bytesBefore, bytesAfter: bytesBefore }
    if (!config.cleanupPolicy.compact || !Compaction.isWorthCleaning(plan, config)) return idle
    if (plan.endOffset > state.recoveryPoint) yield* alone(state, flush(state))
    const { offsets, endOffset } = yield* buildMap(state, plan, options)
    if (endOffset <= plan.firstDirtyOffset) {
      yield* Effect.logWarning(`${state.home.directory} can't be cleaned: no room for the keys of one batch`)
      return idle
    }
    if (endOffset > state.compactedBelow) yield* alone(state, storeCompactedBelow(state, endOffset))
    yield* cleanGroups(state, offsets, endOffset, cleaning.segments, now, options)
    state.cleanedOffset = Math.min(endOffset, activeSegment(state).baseOffset)
    return { cleaned: true, dirtyRatio, bytesBefore, bytesAfter: sizeBytes(state) }
  })

/** One pass, if the log is dirty enough. A failed pass leaves the log as it was, apart from groups already in place. */
export const clean = (
  state: LogState,
  now: number,
  firstUncleanable: number,
  options: CleanOptions
): Effect.Effect<CleanResult, DiskError | CorruptLog> => {
  const bytes = sizeBytes(state)
  const overtaken = { cleaned: false, dirtyRatio: 0, bytesBefore: bytes, bytesAfter: bytes }
  return state.cleaning.pass(pass(state, now, firstUncleanable, options)).pipe(
    Effect.catchTag("Overtaken", () => Effect.succeed(overtaken)),
    Effect.tapError((error) => (error._tag === "CorruptLog" ? noteDamage(state, error) : Effect.void))
  )
}
