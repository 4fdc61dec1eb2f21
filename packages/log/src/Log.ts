/**
 * One partition's log: ordered segments on disk, in Kafka's layout. This is the door; the work is in the files named after it
 * (`Append.ts`, `Read.ts`, `Search.ts`, `Delete.ts`, `Flush.ts`, `Cleaner.ts`, `Recovery.ts`), over one `LogState`.
 *
 * Invariants: one writer, its partition's actor, which never overlaps `append`, `roll`, `startEpoch` and the truncations;
 * reads may come at any time; `flush`, `clean` and deletions may run beside appends; a long cleaning pass holds up nobody.
 */
import type { Disk, DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import { assert } from "@klamm/platform/Invariant"
import type { Decompression } from "@klamm/protocol/Compression"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Append from "./Append.ts"
import * as Cleaner from "./Cleaner.ts"
import * as Delete from "./Delete.ts"
import * as EpochCache from "./EpochCache.ts"
import * as Flush from "./Flush.ts"
import type { CorruptLog } from "./LogError.ts"
import { activeSegment, alone, changeEpochs, cutting, type LogState, sizeBytes } from "./LogState.ts"
import type { ProducerState } from "./ProducerState.ts"
import * as Read from "./Read.ts"
import * as Recovery from "./Recovery.ts"
import * as Search from "./Search.ts"
import type { AbortedTransaction } from "./TransactionIndex.ts"

export type { AppendEntry } from "./Append.ts"
export type { LogConfig } from "./LogConfig.ts"
export { CorruptLog } from "./LogError.ts"
export type { LogRead, ReadRequest } from "./Read.ts"
export type { BeginOptions, OpenOptions } from "./Recovery.ts"
export type { FoundOffset } from "./Search.ts"
export type { AbortedTransaction } from "./TransactionIndex.ts"

export class Log {
  private readonly state: LogState
  private readonly scope: Scope.Closeable

  private constructor(state: LogState, scope: Scope.Closeable) {
    this.state = state
    this.scope = scope
  }

  /**
   * Opens the log in `directory`, or begins an empty one there. Its files stay open until `close` or the end of the scope.
   * `recoveredProducers` and `epochs` are as of the log end found.
   */
  static readonly open = (
    options: Recovery.OpenOptions
  ): Effect.Effect<Log, DiskError | CorruptLog, Disk | Scope.Scope> =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const opening = Scope.provide(Recovery.open(options), scope)
      const state = yield* Effect.onError(opening, () => Scope.close(scope, Exit.void))
      return new Log(state, scope)
    })

  /** Begins an empty log in an empty directory. */
  static readonly begin = (options: Recovery.BeginOptions): Effect.Effect<Log, never, Disk | Scope.Scope> =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const state = yield* Scope.provide(Recovery.begin(options), scope)
      return new Log(state, scope)
    })

  get topicId(): string {
    return this.state.topicId
  }
  get topic(): string {
    return this.state.topic
  }
  get partition(): number {
    return this.state.partition
  }
  get directory(): string {
    return this.state.home.directory
  }
  get logStartOffset(): number {
    return this.state.logStartOffset
  }
  get logEndOffset(): number {
    return this.state.logEndOffset
  }
  /** Everything below is durable. */
  get recoveryPoint(): number {
    return this.state.recoveryPoint
  }
  /** Compaction has been here: below it only the newest value of each key is left. */
  get cleanedOffset(): number {
    return this.state.cleanedOffset
  }
  get sizeBytes(): number {
    return sizeBytes(this.state)
  }
  get epochs(): EpochCache.EpochCache {
    return this.state.epochs
  }
  /** The producers as of the log end when the log was opened or last truncated. */
  get recoveredProducers(): ProducerState {
    return this.state.recoveredProducers
  }
  /** Takes a look: what was there at the last one already has aged, and is verified when it is read (`Verify.ts`). */
  age(): void {
    this.state.freshFrom = this.state.agedEnd
    this.state.agedEnd = this.state.logEndOffset
  }
  /** Rises when a truncation begins and when it ends: of what was read before, nothing may be there any more. */
  get cuts(): number {
    return this.state.cuts
  }
  /** A reader has met something that is not what was written. */
  get isDamaged(): boolean {
    return this.state.damages.size > 0
  }
  get activeSegmentBaseOffset(): number {
    return activeSegment(this.state).baseOffset
  }
  get segmentBaseOffsets(): ReadonlyArray<number> {
    return this.state.segments.map((segment) => segment.baseOffset)
  }

  /** Appends whole batches in order, rolling where a rule asks for it. On success every batch is in the page cache. */
  append(entries: ReadonlyArray<Append.AppendEntry>, now: number): Effect.Effect<void, DiskError> {
    return Append.append(this.state, entries, now)
  }

  /**
   * Stored bytes from the batch that holds `offset`, none at or above `upToOffset`, of one segment only. "none" when there is
   * nothing to give, or no memory: see `Read.read`.
   */
  read(request: Read.ReadRequest): Effect.Effect<Read.LogRead | "none", DiskError | CorruptLog> {
    return Read.read(this.state, request)
  }

  /** Syncs all appended before the call; answers the offset up to which the log is durable. Never retried after an error. */
  get flush(): Effect.Effect<number, DiskError> {
    return alone(this.state, Flush.flush(this.state))
  }

  /** Begins a new segment at the log end; `producers` are as of there. Does nothing on an empty active segment. */
  roll(producers: ProducerState, now: number): Effect.Effect<void, DiskError> {
    return Append.roll(this.state, this.state.logEndOffset, producers, now)
  }

  /**
   * Notes that `epoch` begins at `startOffset` (the log end when this replica became leader). It becomes durable before its first batch
   * is written, and not sooner: a broker may come to lead thousands of partitions at once, and an epoch without a batch is no history.
   */
  startEpoch(epoch: number, startOffset: number): void {
    /** Metadata that is read anew after a restart tells of leaderships that are long over: they change nothing. */
    if (epoch < EpochCache.latestEpoch(this.state.epochs) && !hasBug("former-life-followed")) return
    this.state.epochs = EpochCache.assign(this.state.epochs, epoch, startOffset)
  }

  /** Forgets epochs that begin at the log end: nothing was written in them, and a later leader may never have seen them. */
  trimEpochs(): void {
    this.state.epochs = EpochCache.truncateFromEnd(this.state.epochs, this.state.logEndOffset)
  }

  /**
   * Drops everything at or above `offset`, durably. The recovery point may fall: the owner checkpoints it before it appends
   * again, or a crash would be taken for damage to what was durable.
   */
  truncateTo(offset: number, now: number): Effect.Effect<void, DiskError> {
    return cutting(this.state, Delete.truncateTo(this.state, offset, now))
  }

  /** Drops everything; the log begins and ends at `offset`. Checkpoint as after `truncateTo`. */
  truncateFullyAndStartAt(offset: number, now: number): Effect.Effect<void, DiskError> {
    return cutting(this.state, Delete.truncateFullyAndStartAt(this.state, offset, now))
  }

  /** Moves the log start up to `offset`; no effect when it is there already. Survives a restart by the directory's checkpoint. */
  deleteRecordsBefore(offset: number): Effect.Effect<void, DiskError> {
    return Delete.deleteRecordsBefore(this.state, offset)
  }

  /** Deletes what retention lets go; answers how many segments. The log start moves to the first one left. */
  deleteOldSegments(now: number, highWatermark: number): Effect.Effect<number, DiskError> {
    return alone(this.state, Delete.deleteOldSegments(this.state, now, highWatermark))
  }

  /** Has `.deleted` files, for which `removeDeleted` has to be called. */
  get hasDeleted(): boolean {
    return this.state.deleted.length > 0
  }

  /** Removes `.deleted` files whose delay is over; answers how many segments went. */
  removeDeleted(now: number): Effect.Effect<number, DiskError> {
    return alone(this.state, Delete.removeDeleted(this.state, now))
  }

  /**
   * One cleaning pass of a compacted log, up to but not including `firstUncleanable` (the last stable offset or the high
   * watermark, whichever is lower). Answers what was done; nothing when the log is not dirty enough, or when a deletion or
   * truncation overtook the pass.
   */
  clean(
    now: number,
    firstUncleanable: number,
    options: Cleaner.CleanOptions
  ): Effect.Effect<Cleaner.CleanResult, DiskError | CorruptLog> {
    return Cleaner.clean(this.state, now, firstUncleanable, options)
  }

  /** Where `epoch` ends in this log, as OffsetForLeaderEpoch answers (behaviour 104). */
  endOffsetForEpoch(epoch: number): EpochCache.EpochEndOffset {
    return EpochCache.endOffsetFor(this.state.epochs, epoch, this.state.logEndOffset)
  }

  /** The log start, as ListOffsets -2 answers. */
  get earliest(): Search.FoundOffset {
    return Search.positionAt(this.state, this.state.logStartOffset)
  }

  /** `offset` (a watermark or the log end), as ListOffsets -1 answers. */
  latest(offset: number): Search.FoundOffset {
    return { offset, timestamp: -1, leaderEpoch: EpochCache.latestEpoch(this.state.epochs) }
  }

  /** The first record with a timestamp (ms) at or above `timestamp`; undefined when there is none below `upToOffset`. */
  offsetForTimestamp(
    timestamp: number,
    upToOffset: number,
    decompression: Decompression
  ): Effect.Effect<Search.FoundOffset | undefined, DiskError | CorruptLog> {
    return Search.offsetForTimestamp(this.state, timestamp, upToOffset, decompression)
  }

  /** The first record with the largest timestamp of all; undefined when there is none below `upToOffset`. */
  offsetOfMaxTimestamp(
    upToOffset: number,
    decompression: Decompression
  ): Effect.Effect<Search.FoundOffset | undefined, DiskError | CorruptLog> {
    return Search.offsetOfMaxTimestamp(this.state, upToOffset, decompression)
  }

  /** The aborted transactions that overlap `from`…`to - 1`, by first marker: what a read_committed fetch is told. */
  abortedTransactions(from: number, to: number): Effect.Effect<ReadonlyArray<AbortedTransaction>, DiskError> {
    return Search.abortedTransactions(this.state, from, to)
  }

  /** Renames its directory; reads and writes go on. Durable once both parents are synced. */
  rename(directory: string): Effect.Effect<void, DiskError> {
    const { home } = this.state
    const renamed = Effect.andThen(
      home.disk.rename(home.directory, directory),
      Effect.sync(() => {
        home.directory = directory
      })
    )
    return alone(this.state, Semaphore.withPermits(this.state.epochChanges, 1, renamed))
  }

  /** The same, for its removal: those who read go on for as long as its files are there. Nothing is cleaned any more. */
  retire(directory: string): Effect.Effect<void, DiskError> {
    this.state.retired = true
    return Effect.andThen(this.state.cleaning.end, this.rename(directory))
  }

  /** Runs `effect` while no cleaning pass is under way. */
  uncleaned<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.state.cleaning.without(effect)
  }

  /**
   * Makes this a copy of `other`, whose batches it has all been given: also what they don't say, its log start, its history of epochs,
   * and the producers. Durable when it returns.
   */
  completeCopy(other: Log, producers: ProducerState, now: number): Effect.Effect<void, DiskError> {
    const { state } = this
    assert(state.logEndOffset === other.logEndOffset, "a copy is completed when it has everything")
    return Effect.gen({ self: this }, function* () {
      yield* this.deleteRecordsBefore(other.logStartOffset)
      yield* alone(
        state,
        changeEpochs(state, () => other.epochs)
      )
      yield* this.roll(producers, now)
      yield* this.flush
    })
  }

  /** A clean end: all durable, a producer snapshot at the log end, files closed. `producers` are as of the log end. */
  close(producers: ProducerState): Effect.Effect<void, DiskError> {
    const { state } = this
    const finished = Effect.andThen(state.cleaning.end, alone(state, Flush.finish(state, producers)))
    return Effect.andThen(finished, this.abandon)
  }

  /** Closes the files, once nobody reads them any more, and leaves everything else as it is, as a crash would. */
  get abandon(): Effect.Effect<void> {
    const { cleaning, home } = this.state
    return Effect.andThen(Effect.andThen(cleaning.end, home.users.end), Scope.close(this.scope, Exit.void))
  }
}
