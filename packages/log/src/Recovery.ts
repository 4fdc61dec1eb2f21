/**
 * Opening a log. After a clean stop only the active segment's end is looked at. After a crash every batch from the recovery
 * point's segment on is verified, the torn tail is cut, and indexes, producers and epochs are built from what is left
 * (behaviour 171).
 *
 * Invariants: what was durable is never cut: damage below the recovery point is `CorruptLog`; the same bytes recover to the
 * same log however often recovery is interrupted. Neighbours: `LogFiles.ts` has put the directory in order before.
 */
import { Disk, type DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { scan } from "./BatchScan.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { CleaningTurns } from "./CleaningTurns.ts"
import { truncateFullyAndStartAt } from "./Delete.ts"
import * as EpochCache from "./EpochCache.ts"
import { compactionCheckpoint, fileName, leaderEpochCheckpoint, segmentKinds } from "./Files.ts"
import { FileUsers } from "./FileUsers.ts"
import type { LogConfig } from "./LogConfig.ts"
import type { CorruptLog } from "./LogError.ts"
import { type FoundFiles, tidy } from "./LogFiles.ts"
import { activeSegment, changeEpochs, corrupt, createSegment, floorSegment, type LogState } from "./LogState.ts"
import * as ProducerState from "./ProducerState.ts"
import * as Replay from "./Replay.ts"
import { emptyIndexes, type LogHome, maxRelativeOffset, Segment } from "./Segment.ts"
import { batchFacts, firstTimestampOf, producersAt, readIndexFiles } from "./SegmentIndexes.ts"
import { TailPositions } from "./TailPositions.ts"

export interface OpenOptions {
  readonly directory: string
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly config: () => LogConfig
  /** The directory has the mark of a clean stop. */
  readonly cleanShutdown: boolean
  /** As checkpointed; 0 when unknown. */
  readonly recoveryPoint: number
  /** As checkpointed; 0 when unknown. */
  readonly logStartOffset: number
  /** As checkpointed in `cleaner-offset-checkpoint`; 0 when unknown. */
  readonly cleanedOffset?: number
  /** Wall time, milliseconds. */
  readonly now: number
}

export interface BeginOptions
  extends Pick<OpenOptions, "directory" | "topic" | "partition" | "topicId" | "config" | "now"> {
  /** Makes the name of the directory durable. */
  readonly syncName: Effect.Effect<void, DiskError>
}

/** One pass over the segments from the recovery point on. */
interface Pass {
  readonly state: LogState
  producers: ProducerState.ProducerState
  epochs: EpochCache.EpochCache
  nextOffset: number
  lastEpoch: number
}

/** Why the batch at `at` can't follow what came before it; undefined when it is sound. */
const batchFault = (pass: Pass, segment: Segment, bytes: Uint8Array, at: number): string | undefined => {
  const baseOffset = RecordBatch.baseOffset(bytes, at)
  if (baseOffset < pass.nextOffset) return "offset at or below the one before"
  if (RecordBatch.lastOffset(bytes, at) - segment.baseOffset > maxRelativeOffset) return "offset too far from the base"
  const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
  if (epoch >= 0 && epoch < pass.lastEpoch) return "leader epoch below the one before"
  return RecordBatch.verifyBatch(bytes, at)
}

/** Verifies the segment from its first byte and enters all batches anew; answers why it ended early, if it did. */
const recoverSegment = (pass: Pass, segment: Segment): Effect.Effect<string | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const { indexIntervalBytes } = pass.state.config()
    const fileBytes = segment.sizeBytes
    segment.resetIndexes()
    pass.nextOffset = Math.max(pass.nextOffset, segment.baseOffset)
    const end = yield* segment.withFile((file) =>
      scan(file, 0, fileBytes, (bytes, at, position) => {
        const fault = batchFault(pass, segment, bytes, at)
        if (fault !== undefined) return fault
        const replayed = Replay.replay(pass.producers, bytes, at)
        pass.producers = replayed.state
        if (replayed.aborted !== undefined) segment.indexes?.transaction.append(replayed.aborted)
        const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
        pass.lastEpoch = Math.max(pass.lastEpoch, epoch)
        pass.epochs = EpochCache.confirm(pass.epochs, epoch, RecordBatch.baseOffset(bytes, at))
        segment.note(batchFacts(bytes, at), position, indexIntervalBytes)
        pass.nextOffset = RecordBatch.lastOffset(bytes, at) + 1
        return undefined
      })
    )
    if (end.reason === undefined) return undefined
    if (pass.nextOffset < pass.state.recoveryPoint) {
      return yield* Effect.fail(corrupt(segment, end.position, end.reason))
    }
    return end.reason
  })

/** Cuts the file where recovery stopped trusting it. */
const cut = (segment: Segment): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const file = yield* segment.openForWriting
    yield* file.truncate(segment.sizeBytes)
    yield* file.sync
  })

const removeSegment = (state: LogState, segment: Segment): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    yield* segment.close
    for (const kind of segmentKinds) {
      const path = segment.path(kind)
      if (yield* state.home.disk.exists(path)) yield* state.home.disk.remove(path)
    }
  })

/** Takes away segment `index` and all behind it: they can't be reached without what is lost ahead of them. */
const removeFrom = (state: LogState, index: number): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    for (const segment of state.segments.slice(index).toReversed()) yield* removeSegment(state, segment)
    state.segments = state.segments.slice(0, index)
  })

/**
 * Whether the segment follows what was recovered ahead of it. A segment begins where the one ahead ended, so a gap means that
 * the one ahead has lost its tail, which a power cut can do while it spares what was written later; unless a compaction,
 * which begins only on what is durable, has made the gap.
 */
const follows = (pass: Pass, segment: Segment): boolean =>
  segment.baseOffset === pass.nextOffset ||
  (segment.baseOffset > pass.nextOffset && segment.baseOffset <= pass.state.compactedBelow)

/**
 * The producers as of the segment, with their last batches: a snapshot knows only one of each, and a retry of an earlier one, whose
 * answer the crash took, must be known too. So the segment ahead is replayed, where that has a snapshot to begin with. It is not
 * to be verified: if it can't be read, the newest snapshot has to do.
 */
const producersBefore = (state: LogState, first: number) => {
  const { baseOffset } = state.segments[first]!
  const ahead = state.segments[first - 1]?.baseOffset
  const newest = producersAt(state, baseOffset)
  if (ahead === undefined || (ahead !== 0 && !state.snapshots.includes(ahead))) return newest
  return Effect.catch(producersAt(state, baseOffset, ahead), () => newest)
}

/**
 * Verifies every segment from `first` on and cuts the log where it stops making sense. The history of epochs stays as it was stored where no
 * batch contradicts it: compaction takes batches that epochs began with, and leaders go by where those were.
 */
const recoverFrom = (state: LogState, first: number): Effect.Effect<void, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const { baseOffset } = state.segments[first]!
    const { epochs } = state
    const producers = yield* producersBefore(state, first)
    const lastEpoch = EpochCache.latestEpoch(EpochCache.truncateFromEnd(epochs, baseOffset))
    const pass: Pass = { state, producers, epochs, nextOffset: baseOffset, lastEpoch }
    for (let index = first; index < state.segments.length; index++) {
      const segment = state.segments[index]!
      if (!follows(pass, segment)) {
        const detail = `begins at ${segment.baseOffset}, the log ahead of it ends at ${pass.nextOffset}`
        if (pass.nextOffset < state.recoveryPoint) return yield* Effect.fail(corrupt(segment, 0, detail))
        yield* Effect.logWarning(`${segment.path(".log")} and all behind it is removed: ${detail}`)
        yield* removeFrom(state, index)
        break
      }
      const reason = yield* recoverSegment(pass, segment)
      if (reason !== undefined) {
        yield* Effect.logWarning(`${segment.path(".log")} is cut at ${segment.sizeBytes}: ${reason}`)
        yield* removeFrom(state, index + 1)
        yield* cut(segment)
      }
      if (index < state.segments.length - 1) segment.finishTimeIndex()
      yield* segment.rewriteIndexes
    }
    state.logEndOffset = pass.nextOffset
    state.recoveredProducers = hasBug("producers-not-recovered") ? ProducerState.empty : pass.producers
    state.epochs = EpochCache.truncateFromEnd(pass.epochs, pass.nextOffset)
  })

/**
 * After a clean stop: the active segment's indexes as they are, and the offset after its last batch. False when the files
 * don't say what a clean stop leaves: then the segment has to be verified like after a crash.
 */
const loadActive = (state: LogState): Effect.Effect<boolean, DiskError> =>
  Effect.gen(function* () {
    const segment = activeSegment(state)
    const indexes = yield* readIndexFiles(segment)
    if (indexes === undefined || (indexes.time.count === 0 && segment.sizeBytes > 0)) return false
    const fileBytes = segment.sizeBytes
    const lastEntry = indexes.offset.count - 1
    const lastTime = indexes.time.count - 1
    const from = lastEntry < 0 ? 0 : indexes.offset.position(lastEntry)
    let nextOffset = segment.baseOffset
    segment.resetIndexes()
    segment.indexes = indexes
    if (lastTime >= 0) {
      segment.maxTimestamp = indexes.time.timestamp(lastTime)
      segment.maxTimestampOffset = segment.baseOffset + indexes.time.relativeOffset(lastTime)
    }
    const end = yield* segment.withFile((file) =>
      scan(file, from, fileBytes, (bytes, at, position) => {
        segment.note(batchFacts(bytes, at), position, Number.POSITIVE_INFINITY)
        nextOffset = RecordBatch.lastOffset(bytes, at) + 1
        return undefined
      })
    )
    segment.sizeBytes = fileBytes
    if (end.reason !== undefined) return false
    yield* firstTimestampOf(segment)
    state.logEndOffset = nextOffset
    return true
  })

/** The epoch history as the batches tell it, for when its file is lost. It begins where they did, though compaction may have taken the first. */
const epochsOfBatches = (segments: ReadonlyArray<Segment>): Effect.Effect<EpochCache.EpochCache, DiskError> =>
  Effect.gen(function* () {
    let epochs = EpochCache.empty
    for (const segment of segments) {
      yield* segment.withFile((file) =>
        scan(file, 0, segment.sizeBytes, (bytes, at) => {
          const epoch = RecordBatch.partitionLeaderEpoch(bytes, at)
          const startOffset = epochs.length === 0 ? segments[0]!.baseOffset : RecordBatch.baseOffset(bytes, at)
          epochs = EpochCache.assign(epochs, epoch, startOffset)
          return undefined
        })
      )
    }
    return epochs
  })

const openSegment = (home: LogHome, found: FoundFiles, baseOffset: number, now: number) =>
  Effect.gen(function* () {
    const segment = new Segment(home, baseOffset, now)
    segment.hasTransactionIndex = found.transactionIndexes.has(baseOffset)
    segment.sizeBytes = yield* segment.withFile((file) => file.size)
    return segment
  })

const openSegments = (home: LogHome, found: FoundFiles, options: OpenOptions) =>
  found.segments.length === 0
    ? Effect.map(createSegment(home, options.logStartOffset, options.config(), options.now), (segment) => [segment])
    : Effect.forEach(found.segments, (baseOffset) => openSegment(home, found, baseOffset, options.now))

const initialState = (options: OpenOptions, home: LogHome, found: FoundFiles, segments: Array<Segment>): LogState => ({
  home,
  topic: options.topic,
  partition: options.partition,
  topicId: options.topicId,
  config: options.config,
  structure: Semaphore.makeUnsafe(1),
  epochChanges: Semaphore.makeUnsafe(1),
  cleaning: new CleaningTurns(),
  tail: new TailPositions(),
  segments,
  logStartOffset: options.logStartOffset,
  logEndOffset: segments[segments.length - 1]!.baseOffset,
  recoveryPoint: options.recoveryPoint,
  cleanedOffset: options.cleanedOffset ?? 0,
  compactedBelow: 0,
  epochs: EpochCache.empty,
  storedEpochs: undefined,
  recoveredProducers: ProducerState.empty,
  snapshots: found.snapshots,
  unsyncedSnapshots: [],
  hasFiles: true,
  syncName: Effect.void,
  directoryChanged: !options.cleanShutdown || found.segments.length === 0,
  flushCeiling: Number.POSITIVE_INFINITY,
  failure: undefined,
  retired: false,
  freshFrom: 0,
  agedEnd: 0,
  cuts: 0,
  damages: new Set(),
  deleted: [],
  loadedSealed: []
})

/**
 * The segment to verify from: the one with the last durable offset. A segment that was rolled when all of its batches were
 * durable may have indexes that are not.
 */
const firstUntrusted = (state: LogState): number => Math.max(0, floorSegment(state.segments, state.recoveryPoint - 1))

/** Finds the log end, verifying what has to be; on return `recoveredProducers` and `epochs` are as of there. */
const recover = (state: LogState, clean: boolean): Effect.Effect<void, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    if (clean && (yield* loadActive(state))) {
      state.recoveryPoint = state.logEndOffset
      state.recoveredProducers = yield* producersAt(state, state.logEndOffset)
      return
    }
    yield* recoverFrom(state, clean ? state.segments.length - 1 : firstUntrusted(state))
    if (state.logEndOffset < state.recoveryPoint) {
      yield* Effect.logWarning(`${state.home.directory} ends at ${state.logEndOffset}, below what was durable`)
    }
    state.recoveryPoint = Math.min(state.recoveryPoint, state.logEndOffset)
  })

/** Snapshots beyond the log end speak of batches that are gone. */
const dropSnapshotsBeyondEnd = (state: LogState): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const { disk, directory } = state.home
    for (const offset of state.snapshots.filter((snapshot) => snapshot > state.logEndOffset)) {
      yield* disk.remove(`${directory}/${fileName(offset, ".snapshot")}`)
    }
    state.snapshots = state.snapshots.filter((snapshot) => snapshot <= state.logEndOffset)
  })

const readCompactedBelow = (home: LogHome): Effect.Effect<number, DiskError> =>
  Effect.map(Checkpoint.readIfPresent(home.disk, `${home.directory}/${compactionCheckpoint}`), (bytes) =>
    bytes === undefined ? 0 : (Checkpoint.decodeOffsets(bytes)?.[0]?.offset ?? 0)
  )

/**
 * Where the log begins: not before what the checkpoint says, its first segment, nor its first known epoch. The epoch history
 * is cut durably whenever the log start moves, so it remembers a move that the checkpoint may have missed (behaviour 106).
 */
const firstOffset = (state: LogState, stored: EpochCache.EpochCache | undefined): number => {
  const firstKnown = stored?.[0]?.startOffset ?? 0
  const fromEpochs = firstKnown <= state.logEndOffset ? firstKnown : 0
  return Math.max(state.logStartOffset, state.segments[0]!.baseOffset, fromEpochs)
}

/** The history between log start and log end. Where it says nothing of the first batch there is, the batches tell. */
const trimmedEpochs = (state: LogState): Effect.Effect<EpochCache.EpochCache, DiskError> =>
  Effect.gen(function* () {
    const { logStartOffset, logEndOffset } = state
    const upToEnd = EpochCache.truncateFromEnd(state.epochs, logEndOffset)
    const isLost = logStartOffset < logEndOffset && EpochCache.epochForOffset(upToEnd, logStartOffset) < 0
    const epochs = isLost ? yield* epochsOfBatches(state.segments) : upToEnd
    return EpochCache.truncateFromStart(epochs, logStartOffset)
  })

const noFiles: FoundFiles = { segments: [], transactionIndexes: new Set(), snapshots: [] }

/** Begins a log in an empty directory: there is nothing to put in order or to recover, and no file is made yet. */
export const begin = (options: BeginOptions): Effect.Effect<LogState, never, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const { directory } = options
    const home: LogHome = { disk: yield* Disk, scope: yield* Effect.scope, users: new FileUsers(), directory }
    const segment = new Segment(home, 0, options.now)
    segment.indexes = emptyIndexes()
    const anew = { ...options, cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 }
    const { syncName } = options
    return { ...initialState(anew, home, noFiles, [segment]), hasFiles: false, syncName, directoryChanged: false }
  })

/** Opens or creates the log of a directory. The scope owns its files. */
export const open = (options: OpenOptions): Effect.Effect<LogState, DiskError | CorruptLog, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const disk = yield* Disk
    const { directory } = options
    const home: LogHome = { disk, scope: yield* Effect.scope, users: new FileUsers(), directory }
    yield* disk.makeDirectory(directory)
    const found = yield* tidy(home)
    const state = initialState(options, home, found, [...(yield* openSegments(home, found, options))])
    const stored = yield* Checkpoint.readIfPresent(disk, `${directory}/${leaderEpochCheckpoint}`)
    const epochs = stored === undefined ? undefined : Checkpoint.decodeEpochs(stored)
    state.epochs = epochs ?? (yield* epochsOfBatches(state.segments))
    state.compactedBelow = yield* readCompactedBelow(home)
    yield* recover(state, options.cleanShutdown || hasBug("unclean-stop-taken-for-clean"))
    yield* activeSegment(state).openForWriting
    for (const [index, segment] of state.segments.slice(0, -1).entries()) {
      segment.synced = state.segments[index + 1]!.baseOffset < state.recoveryPoint
      segment.indexes = undefined
      yield* segment.close
    }
    yield* dropSnapshotsBeyondEnd(state)
    state.logStartOffset = firstOffset(state, epochs)
    const trimmed = yield* trimmedEpochs(state)
    const isStored = trimmed === epochs || (stored === undefined && trimmed.length === 0)
    if (isStored) state.storedEpochs = epochs
    else yield* changeEpochs(state, () => trimmed)
    if (state.logEndOffset < state.logStartOffset) {
      yield* truncateFullyAndStartAt(state, state.logStartOffset, options.now)
    }
    state.freshFrom = state.logEndOffset
    state.agedEnd = state.logEndOffset
    return state
  })
