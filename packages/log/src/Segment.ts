/**
 * One `.log` file with its indexes. Sizes and the newest timestamp are known while the segment is in use; a sealed segment
 * opens its file and loads its indexes when first read.
 *
 * Invariants: batches lie one after another from byte 0, offsets rising, the first at or above `baseOffset`; no offset is
 * more than 2147483647 above the base; index entries are made by `note` alone, so a rebuilt index equals the one written
 * along with the log. Neighbours: `Log.ts` orders segments, `SegmentIndexes.ts` loads and rebuilds indexes.
 */
import { type Disk, DiskError, type DiskFile } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type FileKind, type FileSuffix, fileName } from "./Files.ts"
import type { FileUsers } from "./FileUsers.ts"
import * as IndexFile from "./IndexFile.ts"
import type { LogConfig } from "./LogConfig.ts"
import type { CorruptLog } from "./LogError.ts"
import { OffsetIndex } from "./OffsetIndex.ts"
import { ReadEnds } from "./ReadEnds.ts"
import { TimeIndex } from "./TimeIndex.ts"
import { TransactionIndex } from "./TransactionIndex.ts"

/** Offsets inside a segment are stored relative to its base in 31 bits. */
export const maxRelativeOffset = 0x7fffffff

/** Where a log's files live and how they are reached. */
export interface LogHome {
  readonly disk: Disk["Service"]
  /** Files stay open no longer than this. */
  readonly scope: Scope.Scope
  readonly users: FileUsers
  /** Changes when the directory is renamed. */
  directory: string
}

export interface SegmentIndexes {
  readonly offset: OffsetIndex
  readonly time: TimeIndex
  readonly transaction: TransactionIndex
}

export const emptyIndexes = (): SegmentIndexes => ({
  offset: new OffsetIndex(),
  time: new TimeIndex(),
  transaction: new TransactionIndex()
})

/** What `note` needs of a batch that is in the file. */
export interface BatchFacts {
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly sizeBytes: number
}

/** A file that is open, and closed with its scope. */
interface Opened {
  readonly file: DiskFile
  readonly scope: Scope.Closeable
  readonly mode: "read" | "write"
}

export class Segment {
  readonly home: LogHome
  readonly baseOffset: number
  /** Wall time of creation or opening, for segments without timestamps. */
  readonly createdAt: number
  /** This segment's share of `segment.jitter.ms`. */
  readonly jitterMs: number
  sizeBytes = 0
  /** Largest timestamp of the first batch, what `segment.ms` counts from; -1 while unknown. */
  firstTimestamp = -1
  /** Largest timestamp of any batch and that batch's last offset; -1 while unknown. */
  maxTimestamp = -1
  maxTimestampOffset = -1
  /** Undefined until loaded. The active segment's are always loaded. */
  indexes: SegmentIndexes | undefined
  hasTransactionIndex = false
  /** Log and indexes are final and durable: nothing to do at a flush. */
  synced = false
  suffix: FileSuffix = ""
  /** Its batches don't follow one another: looking for an index in them was in vain, and would be again. */
  damage: CorruptLog | undefined
  /** The files are gone: no new reader may begin. */
  removed = false
  /** The byte range most recently read, taken to be in the page cache still. */
  recentlyReadFrom = 0
  recentlyReadTo = 0
  readonly readEnds = new ReadEnds()
  private bytesSinceIndexEntry = 0
  private opened: Opened | undefined
  /** What was opened for reading alone, and is still read. */
  private former: Scope.Closeable | undefined
  private users = 0
  private writable = false

  constructor(home: LogHome, baseOffset: number, createdAt: number, jitterMs = 0) {
    this.home = home
    this.baseOffset = baseOffset
    this.createdAt = createdAt
    this.jitterMs = jitterMs
  }

  path(kind: FileKind): string {
    return `${this.home.directory}/${fileName(this.baseOffset, kind, this.suffix)}`
  }

  /** The open file; a file must be open already when this is called (the active segment's always is). */
  get file(): DiskFile {
    assert(this.opened !== undefined, "the active segment's file is open")
    return this.opened.file
  }

  /** The `.log` file open for writing, created when absent. Whoever reads it meanwhile goes on with the file that was open. */
  get openForWriting(): Effect.Effect<DiskFile, DiskError> {
    return Effect.suspend(() => {
      if (this.writable) return this.open
      this.writable = true
      if (this.users === 0) return Effect.andThen(this.close, this.open)
      this.former = this.opened?.scope
      this.opened = undefined
      return this.open
    })
  }

  /** The `.log` file, opened when it is not. */
  get open(): Effect.Effect<DiskFile, DiskError> {
    return Effect.suspend(() => (this.opened === undefined ? this.openAnew : Effect.succeed(this.opened.file)))
  }

  /** Others may open it meanwhile: who writes is given a file to write to. Whole or not at all, so that no file is left open that nobody has. */
  private get openAnew(): Effect.Effect<DiskFile, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const mode = this.writable ? "write" : "read"
      const scope = yield* Scope.fork(this.home.scope)
      const file = yield* Scope.provide(this.home.disk.open(this.path(".log"), mode), scope)
      const { opened } = this
      if (opened?.mode === mode || opened?.mode === "write") {
        yield* Scope.close(scope, Exit.void)
        return opened.file
      }
      this.former ??= opened?.scope
      this.opened = { file, scope, mode }
      return file
    }).pipe(Effect.uninterruptible)
  }

  /**
   * Runs `use` with the open file, which stays open until it is done even if the segment, or the log, is deleted meanwhile. NotFound when
   * the log has ended.
   */
  withFile<A, E>(use: (file: DiskFile) => Effect.Effect<A, E>): Effect.Effect<A, E | DiskError> {
    return Effect.acquireUseRelease(
      this.begin,
      () => Effect.flatMap(this.open, use),
      () => this.release
    )
  }

  /** Keeps the files from being removed while `effect` runs; undefined when they are gone already, or the log has ended. */
  hold<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A | undefined, E> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const begins = !this.removed && !this.home.users.isEnded
        if (begins) this.count()
        return begins
      }),
      (begun): Effect.Effect<A | undefined, E> => (begun ? effect : Effect.succeed(undefined)),
      (begun) => (begun ? this.release : Effect.void)
    )
  }

  private readonly begin: Effect.Effect<void, DiskError> = Effect.suspend(() => {
    // Who holds the segment, or reads it, may have more to read in it.
    if (this.home.users.isEnded && !this.inUse) {
      return Effect.fail(new DiskError({ reason: "NotFound", operation: "open", path: this.path(".log") }))
    }
    this.count()
    return Effect.void
  })

  private count(): void {
    this.home.users.begin()
    this.users += 1
  }

  /** The file stays open as long as the indexes stay in memory; without them the last user closes it. */
  private readonly release: Effect.Effect<void> = Effect.suspend(() => {
    this.users -= 1
    this.home.users.leave()
    if (this.users > 0) return Effect.void
    const { former } = this
    this.former = undefined
    const closed = former === undefined ? Effect.void : Scope.close(former, Exit.void)
    return this.indexes === undefined ? Effect.andThen(closed, this.close) : closed
  })

  /** Somebody holds the segment: its files may be neither closed nor removed yet. */
  get inUse(): boolean {
    return this.users > 0
  }

  /** Closes the file. The segment may be opened again. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const opened = this.opened
      this.opened = undefined
      return opened === undefined ? Effect.void : Scope.close(opened.scope, Exit.void)
    })
  }

  /** Enters a batch that lies at `position` into the indexes, as Kafka's LogSegment.append does. */
  note(batch: BatchFacts, position: number, intervalBytes: number): void {
    const { indexes } = this
    assert(indexes !== undefined, "a segment that grows has its indexes loaded")
    if (position === 0) this.firstTimestamp = batch.maxTimestamp
    if (batch.maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = batch.maxTimestamp
      this.maxTimestampOffset = batch.lastOffset
    }
    if (this.bytesSinceIndexEntry > intervalBytes) {
      indexes.offset.append(batch.lastOffset - this.baseOffset, position)
      this.noteTime(indexes)
      this.bytesSinceIndexEntry = 0
    }
    this.bytesSinceIndexEntry += batch.sizeBytes
    this.sizeBytes = position + batch.sizeBytes
  }

  private noteTime(indexes: SegmentIndexes): void {
    if (this.maxTimestamp >= 0) indexes.time.maybeAppend(this.maxTimestamp, this.maxTimestampOffset - this.baseOffset)
  }

  /** The last word of the time index: the largest timestamp of all. Done when the segment is sealed or closed. */
  finishTimeIndex(): void {
    if (this.indexes !== undefined) this.noteTime(this.indexes)
  }

  /** Forgets all that `note` made, before the batches are entered anew from the first. */
  resetIndexes(): void {
    this.indexes = emptyIndexes()
    this.sizeBytes = 0
    this.firstTimestamp = -1
    this.maxTimestamp = -1
    this.maxTimestampOffset = -1
    this.bytesSinceIndexEntry = 0
  }

  get pendingIndexBytes(): number {
    const { indexes } = this
    if (indexes === undefined) return 0
    return IndexFile.pendingBytes(indexes.offset) + IndexFile.pendingBytes(indexes.time)
  }

  /** Brings the index files up to what is in memory. */
  get writeIndexes(): Effect.Effect<void, DiskError> {
    return this.eachIndexFile(IndexFile.writePending)
  }

  /** Replaces the index files with what is in memory. */
  get rewriteIndexes(): Effect.Effect<void, DiskError> {
    return this.eachIndexFile(IndexFile.rewrite)
  }

  private eachIndexFile(write: typeof IndexFile.writePending): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const { indexes } = this
      if (indexes === undefined) return
      const { disk } = this.home
      yield* write(disk, this.path(".index"), indexes.offset)
      yield* write(disk, this.path(".timeindex"), indexes.time)
      if (indexes.transaction.count === 0 && !this.hasTransactionIndex) return
      this.hasTransactionIndex = true
      yield* write(disk, this.path(".txnindex"), indexes.transaction)
    })
  }

  /** Makes a sealed segment durable, log and indexes. */
  get sync(): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const { disk } = this.home
      yield* this.withFile((file) => file.sync)
      yield* IndexFile.syncFile(disk, this.path(".index"))
      yield* IndexFile.syncFile(disk, this.path(".timeindex"))
      if (this.hasTransactionIndex) yield* IndexFile.syncFile(disk, this.path(".txnindex"))
      this.synced = true
    })
  }
}

/** The batch that is about to be appended, as far as rolling is concerned. */
export interface NextBatch {
  readonly sizeBytes: number
  readonly lastOffset: number
  readonly maxTimestamp: number
}

/** What of the active segment decides on rolling; staged batches count as in it. */
export interface ActiveSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  readonly firstTimestamp: number
  readonly createdAt: number
  readonly jitterMs: number
  readonly offsetIndexEntries: number
  readonly timeIndexEntries: number
}

/** KIP-354: a compacted log rolls early enough for `max.compaction.lag.ms`, because the active segment is never cleaned. */
const maxSegmentMs = (config: LogConfig): number =>
  config.cleanupPolicy.compact ? Math.min(config.segmentMs, config.maxCompactionLagMs) : config.segmentMs

/**
 * Whether a new segment has to begin before `next` (behaviour 160): it would grow too large, it is too old by the records'
 * own time (by the clock while there is no timestamp), an index is full, or the offset no longer fits beside the base.
 */
export const shouldRoll = (segment: ActiveSegment, config: LogConfig, next: NextBatch, now: number): boolean => {
  if (next.lastOffset - segment.baseOffset > maxRelativeOffset) return true
  if (segment.sizeBytes === 0) return false
  if (segment.sizeBytes > config.segmentBytes - next.sizeBytes) return true
  const age = segment.firstTimestamp >= 0 ? next.maxTimestamp - segment.firstTimestamp : now - segment.createdAt
  if (age > maxSegmentMs(config) - segment.jitterMs) return true
  const offsetEntries = Math.floor(config.segmentIndexBytes / OffsetIndex.entryBytes)
  const timeEntries = Math.floor(config.segmentIndexBytes / TimeIndex.entryBytes)
  return segment.offsetIndexEntries >= offsetEntries || segment.timeIndexEntries >= timeEntries - 1
}
