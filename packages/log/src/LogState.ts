/**
 * What the operations of one log share. Package-internal: users hold a `Log`, whose methods are the functions over this.
 *
 * Invariants: `segments` is sorted by base offset and never empty; the last one is active, its file open and its indexes
 * loaded. `logStartOffset <= logEndOffset`; every batch below `recoveryPoint` is durable. One writer: append, roll and
 * truncation never overlap; `structure` keeps flush, truncation, deletion and swap from overlapping one another.
 */
import { DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import * as Checkpoint from "./Checkpoint.ts"
import type { CleaningTurns } from "./CleaningTurns.ts"
import type { EpochCache } from "./EpochCache.ts"
import { compactionCheckpoint, leaderEpochCheckpoint } from "./Files.ts"
import type { LogConfig } from "./LogConfig.ts"
import { CorruptLog } from "./LogError.ts"
import type { ProducerState } from "./ProducerState.ts"
import { emptyIndexes, type LogHome, Segment } from "./Segment.ts"
import type { TailPositions } from "./TailPositions.ts"

export interface LogState {
  readonly home: LogHome
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly config: () => LogConfig
  readonly structure: Semaphore.Semaphore
  /** One writer of the epoch checkpoint at a time. Taken last: whoever has it asks for no other. */
  readonly epochChanges: Semaphore.Semaphore
  /** A pass may take long, so it holds `structure` only to flush and to put segments in place. */
  readonly cleaning: CleaningTurns
  readonly tail: TailPositions
  segments: Array<Segment>
  logStartOffset: number
  logEndOffset: number
  recoveryPoint: number
  /** Compaction has been here: below it only the newest value of each key is left. */
  cleanedOffset: number
  /** As in `compactionCheckpoint`; 0 when no compaction ever began. */
  compactedBelow: number
  epochs: EpochCache
  /** The history as it is on the disk: behind while an epoch has begun in which nothing is written yet. */
  storedEpochs: EpochCache | undefined
  recoveredProducers: ProducerState
  /** Offsets of the snapshot files, rising. */
  snapshots: ReadonlyArray<number>
  unsyncedSnapshots: ReadonlyArray<number>
  /** See `FirstFiles.ts`. */
  hasFiles: boolean
  /** Makes the name of the log's directory durable. */
  readonly syncName: Effect.Effect<void, DiskError>
  /** Files were created or removed since the directory was last synced. */
  directoryChanged: boolean
  /** Lowest offset truncated to since the flush under way began: it may not claim more. */
  flushCeiling: number
  /** The disk error that an append or a flush ended with. It is final: every later one ends with it too. */
  failure: DiskError | undefined
  /** Its directory waits for its removal: there is nothing more to do for it. */
  retired: boolean
  /** From here on this process has written everything, since the look before the last one that `Log.age` took. */
  freshFrom: number
  /** Where the log ended at that last look. */
  agedEnd: number
  /** Rises when a truncation begins and when it ends: what a reader meets in between, or across one, is no damage. */
  cuts: number
  /** Places that no longer read as they were written, and that were told of. */
  readonly damages: Set<string>
  /** Segments whose files are renamed `.deleted`, with the time of that. */
  deleted: ReadonlyArray<{ readonly segment: Segment; readonly since: number }>
  /** Sealed segments whose indexes are in memory, oldest use first. */
  loadedSealed: ReadonlyArray<Segment>
}

/** Runs `effect` while no flush, truncation, deletion or swap is under way. */
export const alone = <A, E>(state: LogState, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Semaphore.withPermits(state.structure, 1, effect)

/** Runs a truncation, in which what a reader meets is no damage. */
export const cutting = <A, E>(state: LogState, truncation: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const rise = Effect.sync(() => {
    state.cuts += 1
  })
  return alone(state, Effect.andThen(rise, Effect.ensuring(truncation, rise)))
}

export const activeSegment = (state: LogState): Segment => state.segments[state.segments.length - 1]!

/** Index in `segments` of the last one with a base at or below `offset`, -1 when all are above. */
export const floorSegment = (segments: ReadonlyArray<Segment>, offset: number): number => {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

export const sizeBytes = (state: LogState): number => {
  let total = 0
  for (const segment of state.segments) total += segment.sizeBytes
  return total
}

/** Sealed segments per log that keep their indexes in memory and their file open. */
export const loadedSealedSegments = 8

/** Counts a sealed segment as just used; the longest unused beyond the limit gives up its indexes and its file. */
export const keepLoaded = (state: LogState, segment: Segment): Effect.Effect<void> =>
  Effect.suspend(() => {
    const loaded = [...state.loadedSealed.filter((other) => other !== segment), segment]
    const evicted = loaded.slice(0, Math.max(0, loaded.length - loadedSealedSegments))
    state.loadedSealed = loaded.slice(evicted.length)
    for (const old of evicted) old.indexes = undefined
    return Effect.forEach(
      evicted.filter((old) => !old.inUse),
      (old) => old.close,
      { discard: true }
    )
  })

/**
 * Makes the names of the log's files durable. Names that change meanwhile are for the next time, and so are all of them when this one is
 * not over: a stop interrupts it, and the last flush has to know what is left to do.
 */
export const syncNames = (state: LogState): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    state.directoryChanged = false
    const again = Effect.sync(() => {
      state.directoryChanged = true
    })
    return Effect.onError(state.home.disk.syncDirectory(state.home.directory), () => again)
  })

/** Damage found while reading what was durable, in the only words a reader's error channel has. */
export const damaged = (error: CorruptLog): DiskError =>
  new DiskError({ reason: "Io", operation: "read", path: error.path, cause: error })

export const corrupt = (segment: Segment, position: number, reason: string): CorruptLog =>
  new CorruptLog({ path: segment.path(".log"), position, reason })

/** Durable, then the truth, also of what was noted in memory meanwhile (a leadership that began). */
const storeEpochs = (state: LogState, change: (epochs: EpochCache) => EpochCache): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    const { disk, directory } = state.home
    const before = state.epochs
    const epochs = change(before)
    if (epochs === before && epochs === state.storedEpochs) return Effect.void
    return Effect.andThen(
      Checkpoint.replaceFile(disk, directory, leaderEpochCheckpoint, Checkpoint.encodeEpochs(epochs)),
      Effect.sync(() => {
        state.storedEpochs = epochs
        state.epochs = state.epochs === before ? epochs : change(state.epochs)
      })
    )
  })

/**
 * Changes the epoch history, durably, unless that is what the disk has (KAFKA-16541: it may not lag behind the batches of a new
 * epoch). One at a time: an append and a new log start may come at once, and neither may lose what the other wrote.
 */
export const changeEpochs = (
  state: LogState,
  change: (epochs: EpochCache) => EpochCache
): Effect.Effect<void, DiskError> =>
  Effect.suspend(() =>
    state.epochs === state.storedEpochs && change(state.epochs) === state.epochs
      ? Effect.void
      : Semaphore.withPermits(state.epochChanges, 1, storeEpochs(state, change))
  )

/** Notes, durably, below which offset segments need not join one another any more. */
export const storeCompactedBelow = (state: LogState, offset: number): Effect.Effect<void, DiskError> => {
  const { topic, partition } = state
  const { disk, directory } = state.home
  const bytes = Checkpoint.encodeOffsets([{ topic, partition, offset }])
  return Effect.andThen(
    Checkpoint.replaceFile(disk, directory, compactionCheckpoint, bytes),
    Effect.sync(() => {
      state.compactedBelow = offset
    })
  )
}

/** An empty segment with its files, ready to append to. */
export const createSegment = (
  home: LogHome,
  baseOffset: number,
  config: LogConfig,
  now: number
): Effect.Effect<Segment, DiskError> =>
  Effect.gen(function* () {
    const jitter = Math.min(config.segmentJitterMs, config.segmentMs)
    const jitterMs = jitter > 0 ? yield* Random.nextIntBetween(0, jitter) : 0
    const segment = new Segment(home, baseOffset, now, jitterMs)
    segment.indexes = emptyIndexes()
    const file = yield* segment.openForWriting
    yield* file.truncate(0)
    yield* segment.rewriteIndexes
    return segment
  })
