/**
 * One of the directories of `log.dirs`: which logs it holds, whose it is, and the checkpoints of all its logs.
 *
 * Invariants: one process has it at a time (`.lock`); it belongs to this cluster and node, or is refused; the mark of a clean
 * stop is taken away before the first log is opened, so a crash at any later time counts as one. Layout is Kafka's throughout.
 * Neighbours: `Log.ts` opens single logs, `MetaProperties.ts` is the identity file.
 */
import { Disk, type DiskError } from "@klamm/platform"
import * as Entropy from "@klamm/platform/Entropy"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Checkpoint from "./Checkpoint.ts"
import { readOrFormat } from "./DirectoryIdentity.ts"
import { damageMark, partitionMetadata, replacementMark } from "./Files.ts"
import { type BeginOptions, Log } from "./Log.ts"
import type { LogConfig } from "./LogConfig.ts"
import * as Names from "./LogDirectoryNames.ts"
import { CorruptLog } from "./LogError.ts"
import * as Meta from "./MetaProperties.ts"

export { syncParents } from "./DirectoryIdentity.ts"
export { LogDirectoryRefused, type MetaProperties } from "./MetaProperties.ts"

const lockFile = ".lock"
const cleanShutdownFile = ".kafka_cleanshutdown"
const recoveryPointCheckpoint = "recovery-point-offset-checkpoint"
const logStartCheckpoint = "log-start-offset-checkpoint"
const highWatermarkCheckpoint = "replication-offset-checkpoint"
const cleanerCheckpoint = "cleaner-offset-checkpoint"

export interface LogDirectoryOptions {
  readonly path: string
  readonly clusterId: string
  readonly nodeId: number
  /** The id a directory without `meta.properties` gets: a fresh random uuid. */
  readonly newDirectoryId: string
  /** num.recovery.threads.per.data.dir: logs that are recovered at a time. */
  readonly recoveryThreads: number
}

/** A log that was found, not yet opened. `topicId` is undefined when its `partition.metadata` is missing or unreadable. */
export interface FoundLog {
  readonly topic: string
  readonly partition: number
  readonly directory: string
  readonly topicId: string | undefined
  /** A copy that was to take the place of the partition's log in another directory, and is not complete. */
  readonly isFuture: boolean
  /** It has taken the place of a log in another directory, which may still be there. */
  readonly isReplacement: boolean
  /** A reader has met something in it that was not what was written (`Verify.ts`). */
  readonly isDamaged: boolean
}

/** Offsets that go into the directory's checkpoints with the next `checkpoint`. */
export interface CheckpointedLog {
  readonly log: Log
  readonly highWatermark: number
}

type Offsets = ReadonlyMap<string, number>

const keyOf = (topic: string, partition: number): string => `${topic}-${partition}`

export class LogDirectory {
  readonly path: string
  readonly directoryId: string
  /** The last run ended cleanly; its broker epoch, or -1. */
  readonly cleanShutdown: boolean
  readonly previousBrokerEpoch: number
  private readonly disk: Disk["Service"]
  private recoveryPoints: Offsets
  private readonly logStarts: Offsets
  private readonly highWatermarks: Offsets
  private readonly cleanedOffsets: Offsets
  /** Names that were made, and how many of them are known to be durable. */
  private names = 0
  private syncedNames = 0
  private readonly naming = Semaphore.makeUnsafe(1)
  private readonly recovering: Semaphore.Semaphore
  /** Those of a topic come and go together, and may be tens of thousands. */
  private readonly deletedDirectories = new Set<{ readonly path: string; readonly since: number }>()

  private constructor(fields: {
    readonly path: string
    readonly directoryId: string
    readonly disk: Disk["Service"]
    readonly mark: { readonly brokerEpoch: number } | undefined
    readonly offsets: readonly [Offsets, Offsets, Offsets, Offsets]
    readonly recoveryThreads: number
  }) {
    this.recovering = Semaphore.makeUnsafe(fields.recoveryThreads)
    this.path = fields.path
    this.directoryId = fields.directoryId
    this.disk = fields.disk
    this.cleanShutdown = fields.mark !== undefined
    this.previousBrokerEpoch = fields.mark?.brokerEpoch ?? -1
    ;[this.recoveryPoints, this.logStarts, this.highWatermarks, this.cleanedOffsets] = fields.offsets
  }

  /** Locks the directory until the scope ends, checks whose it is (making it ours when it is new), reads its checkpoints. */
  static readonly open = (
    options: LogDirectoryOptions
  ): Effect.Effect<LogDirectory, DiskError | Meta.LogDirectoryRefused, Disk | Scope.Scope> =>
    Effect.gen(function* () {
      const disk = yield* Disk
      const { path, recoveryThreads } = options
      yield* disk.makeDirectory(path)
      yield* disk.lock(`${path}/${lockFile}`)
      const meta = yield* readOrFormat(disk, options)
      const refusal = Meta.refusal([{ directory: path, meta }], options)
      if (refusal !== undefined) return yield* Effect.fail(refusal)
      const mark = yield* takeCleanShutdown(disk, path)
      const offsets = [
        yield* readOffsets(disk, path, recoveryPointCheckpoint),
        yield* readOffsets(disk, path, logStartCheckpoint),
        yield* readOffsets(disk, path, highWatermarkCheckpoint),
        yield* readOffsets(disk, path, cleanerCheckpoint)
      ] as const
      return new LogDirectory({ path, directoryId: meta.directoryId, disk, mark, offsets, recoveryThreads })
    })

  /** The logs in the directory, by name. Those waiting for deletion are taken up by `removeDeleted`. */
  find(now: number): Effect.Effect<ReadonlyArray<FoundLog>, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const found: Array<FoundLog> = []
      for (const { name, kind } of yield* this.disk.list(this.path)) {
        const directory = `${this.path}/${name}`
        if (kind !== "directory") continue
        if (Names.isDeleted(name)) {
          this.deletedDirectories.add({ path: directory, since: now })
          continue
        }
        const future = Names.parseFuture(name)
        const parsed = future ?? Names.parse(name)
        if (parsed === undefined) continue
        const bytes = yield* Checkpoint.readIfPresent(this.disk, `${directory}/${partitionMetadata}`)
        const topicId = bytes === undefined ? undefined : Names.decodePartitionMetadata(bytes)
        const isReplacement = yield* this.disk.exists(`${directory}/${replacementMark}`)
        const isDamaged = yield* this.disk.exists(`${directory}/${damageMark}`)
        found.push({ ...parsed, directory, topicId, isFuture: future !== undefined, isReplacement, isDamaged })
      }
      return found
    })
  }

  /** High watermark as checkpointed; 0 when it was never or is lost: then it is learned anew (behaviour 172). */
  highWatermark(topic: string, partition: number): number {
    return this.highWatermarks.get(keyOf(topic, partition)) ?? 0
  }

  /** Opens a found log; its stored topic id has to be the one asked for. After a crash it waits for its turn to be recovered. */
  load(
    found: FoundLog,
    topicId: string,
    config: () => LogConfig,
    now: number
  ): Effect.Effect<Log, DiskError | CorruptLog, Disk | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { topic, partition, directory } = found
      const key = keyOf(topic, partition)
      if (found.topicId === undefined) {
        const knows = (this.recoveryPoints.get(key) ?? 0) + (this.logStarts.get(key) ?? 0) > 0
        const isEmpty = !knows && (yield* this.disk.list(directory)).length === 0
        const { syncNames: syncName } = this
        if (isEmpty) return yield* Log.begin({ directory, topic, partition, topicId, config, now, syncName })
        yield* this.writePartitionMetadata(directory, topicId)
      } else if (found.topicId !== topicId) {
        const reason = `has topic id ${found.topicId}, not ${topicId}`
        return yield* Effect.fail(new CorruptLog({ path: directory, position: -1, reason }))
      }
      const opening = Log.open({
        directory,
        topic,
        partition,
        topicId,
        config,
        cleanShutdown: this.cleanShutdown,
        recoveryPoint: this.recoveryPoints.get(key) ?? 0,
        logStartOffset: this.logStarts.get(key) ?? 0,
        cleanedOffset: this.cleanedOffsets.get(key) ?? 0,
        now
      })
      return yield* this.cleanShutdown ? opening : Semaphore.withPermits(this.recovering, 1, opening)
    })
  }

  /** From now on so many logs are recovered at a time. */
  setRecoveryThreads(count: number): Effect.Effect<void> {
    return Semaphore.resize(this.recovering, count)
  }

  /** Begins an empty log for a new partition: see `FirstFiles.ts`. */
  create(
    topic: string,
    partition: number,
    topicId: string,
    config: () => LogConfig,
    now: number
  ): Effect.Effect<Log, DiskError | CorruptLog, Disk | Scope.Scope> {
    return this.createAt(keyOf(topic, partition), { topic, partition, topicId, config, now })
  }

  /** Begins an empty log that a partition's log in another directory is to be copied to (KIP-113); durably, so that it is found again. */
  createFuture(
    topic: string,
    partition: number,
    topicId: string,
    config: () => LogConfig,
    now: number
  ): Effect.Effect<Log, DiskError | CorruptLog, Disk | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const name = Names.future(topic, partition, yield* uniqueId)
      const log = yield* this.createAt(name, { topic, partition, topicId, config, now })
      yield* this.syncNames
      return log
    })
  }

  private createAt(name: string, log: Omit<BeginOptions, "directory" | "syncName">) {
    return Effect.gen({ self: this }, function* () {
      const directory = `${this.path}/${name}`
      const isNew = !(yield* this.disk.exists(directory))
      yield* this.disk.makeDirectory(directory)
      if (isNew) return yield* Log.begin({ directory, ...log, syncName: this.syncNames })
      yield* this.syncNames
      yield* this.writePartitionMetadata(directory, log.topicId)
      return yield* Log.open({ directory, ...log, cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 })
    })
  }

  /** Makes the names in the directory durable: one sync serves all who made theirs before it began. */
  readonly syncNames: Effect.Effect<void, DiskError> = Effect.suspend(() => {
    this.names += 1
    const mine = this.names
    const sync = Effect.suspend(() => {
      if (this.syncedNames >= mine) return Effect.void
      const upTo = this.names
      return Effect.map(this.disk.syncDirectory(this.path), () => {
        this.syncedNames = Math.max(this.syncedNames, upTo)
      })
    })
    return Semaphore.withPermits(this.naming, 1, sync)
  })

  /**
   * The complete copy is the partition's log from now on, durably; the log it was copied from is to be deleted next. A crash in between
   * leaves both, and the mark tells them apart. Then `settle` takes the mark away.
   */
  promote(log: Log): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      yield* Checkpoint.replaceFile(this.disk, log.directory, replacementMark, new Uint8Array(0))
      yield* log.rename(`${this.path}/${keyOf(log.topic, log.partition)}`)
      yield* this.disk.syncDirectory(this.path)
    })
  }

  settle({ directory }: Pick<Log, "directory">): Effect.Effect<void, DiskError> {
    const path = `${directory}/${replacementMark}`
    return Effect.andThen(this.disk.remove(path), this.disk.syncDirectory(directory))
  }

  private writePartitionMetadata(directory: string, topicId: string): Effect.Effect<void, DiskError> {
    return Checkpoint.replaceFile(this.disk, directory, partitionMetadata, Names.encodePartitionMetadata(topicId))
  }

  /**
   * Takes a log away: its directory is renamed `topic-partition.id-delete`, durably, and removed by `removeDeleted` after
   * the delay. The log's files stay open for readers; the caller abandons the log.
   */
  delete(log: Log, now: number): Effect.Effect<void, DiskError> {
    return this.deleteBy((path) => log.retire(path), log, now)
  }

  /** The same with a log that was found and not opened: an unfinished copy, or what one has taken the place of. */
  discard(found: FoundLog, now: number): Effect.Effect<void, DiskError> {
    return this.deleteBy((path) => this.disk.rename(found.directory, path), found, now)
  }

  /**
   * Sets a found log aside that the cluster says is not here: its directory is renamed `topic-partition.id-stray`, durably, and
   * nothing of it is removed, because a mistake of ours must not cost data (KAFKA-15649).
   */
  setAside(found: FoundLog): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const name = Names.stray(found.topic, found.partition, yield* uniqueId)
      yield* this.disk.rename(found.directory, `${this.path}/${name}`)
      yield* this.disk.syncDirectory(this.path)
    })
  }

  private deleteBy(
    rename: (path: string) => Effect.Effect<void, DiskError>,
    { topic, partition }: Pick<Log, "topic" | "partition">,
    now: number
  ) {
    return Effect.gen({ self: this }, function* () {
      const path = `${this.path}/${Names.deleted(topic, partition, yield* uniqueId)}`
      yield* rename(path)
      yield* this.syncNames
      this.deletedDirectories.add({ path, since: now })
    })
  }

  /** Removes deleted logs whose delay is over, one at a time between whatever else there is to do; answers how many went. */
  removeDeleted(now: number, fileDeleteDelayMs: number): Effect.Effect<number, DiskError> {
    return Effect.gen({ self: this }, function* () {
      let removed = 0
      // In the order in which they were deleted.
      for (const entry of this.deletedDirectories) {
        if (now - entry.since < fileDeleteDelayMs) break
        yield* this.disk.remove(entry.path)
        this.deletedDirectories.delete(entry)
        removed += 1
        yield* Effect.yieldNow
      }
      return removed
    })
  }

  /** The recovery point that the checkpoint has for a log; 0 when it has none. */
  checkpointedRecoveryPoint(topic: string, partition: number): number {
    return this.recoveryPoints.get(keyOf(topic, partition)) ?? 0
  }

  /**
   * Writes the four offset checkpoints: for these logs, all that are open in this directory, as they are now; for those that were found
   * and have not been opened yet, as they were.
   */
  checkpoint(
    logs: ReadonlyArray<CheckpointedLog>,
    unopened: ReadonlyArray<{ readonly topic: string; readonly partition: number }> = []
  ): Effect.Effect<void, DiskError> {
    return Effect.gen({ self: this }, function* () {
      const recoveryPoints = new Map(logs.map(({ log }) => [keyOf(log.topic, log.partition), log.recoveryPoint]))
      const write = (name: string, before: Offsets, entries: ReadonlyArray<CheckpointedLog>, of: OffsetOf) =>
        this.writeOffsets(name, [...offsetsOf(entries, of), ...kept(before, unopened)])
      yield* write(recoveryPointCheckpoint, this.recoveryPoints, logs, ({ log }) => log.recoveryPoint)
      this.recoveryPoints = new Map([...this.recoveryPoints, ...recoveryPoints])
      const moved = logs.filter(({ log }) => log.logStartOffset > (log.segmentBaseOffsets[0] ?? 0))
      yield* write(logStartCheckpoint, this.logStarts, moved, ({ log }) => log.logStartOffset)
      yield* write(highWatermarkCheckpoint, this.highWatermarks, logs, ({ highWatermark }) => highWatermark)
      const cleaned = logs.filter(({ log }) => log.cleanedOffset > 0)
      yield* write(cleanerCheckpoint, this.cleanedOffsets, cleaned, ({ log }) => log.cleanedOffset)
    })
  }

  private writeOffsets(
    name: string,
    offsets: ReadonlyArray<Checkpoint.PartitionOffset>
  ): Effect.Effect<void, DiskError> {
    return Checkpoint.replaceFile(this.disk, this.path, name, Checkpoint.encodeOffsets(offsets))
  }

  /** The last word of a clean stop, after every log is closed and the checkpoints are written (KAFKA-13773: never before). */
  markCleanShutdown(brokerEpoch: number): Effect.Effect<void, DiskError> {
    const bytes = new TextEncoder().encode(JSON.stringify({ version: 0, brokerEpoch }))
    return Checkpoint.replaceFile(this.disk, this.path, cleanShutdownFile, bytes)
  }
}

type OffsetOf = (entry: CheckpointedLog) => number

const offsetsOf = (entries: ReadonlyArray<CheckpointedLog>, offsetOf: OffsetOf) =>
  entries.map((entry) => ({ topic: entry.log.topic, partition: entry.log.partition, offset: offsetOf(entry) }))

const kept = (before: Offsets, unopened: ReadonlyArray<{ readonly topic: string; readonly partition: number }>) =>
  unopened.flatMap(({ topic, partition }) => {
    const offset = before.get(keyOf(topic, partition))
    return offset === undefined ? [] : [{ topic, partition, offset }]
  })

/** Whether the last run ended cleanly; the mark is gone, durably, when this returns. */
const takeCleanShutdown = (disk: Disk["Service"], path: string) =>
  Effect.gen(function* () {
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${cleanShutdownFile}`)
    if (bytes === undefined) return undefined
    yield* disk.remove(`${path}/${cleanShutdownFile}`)
    yield* disk.syncDirectory(path)
    return { brokerEpoch: Names.brokerEpoch(bytes) }
  })

/** A missing or damaged checkpoint counts as empty: recovery then looks at everything, and nothing is lost. */
const readOffsets = (disk: Disk["Service"], path: string, name: string): Effect.Effect<Offsets, DiskError> =>
  Effect.gen(function* () {
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${name}`)
    if (bytes === undefined || bytes.byteLength === 0) return new Map()
    const offsets = Checkpoint.decodeOffsets(bytes)
    if (offsets === undefined) yield* Effect.logWarning(`${path}/${name} is damaged and taken as empty`)
    return new Map((offsets ?? []).map((entry) => [keyOf(entry.topic, entry.partition), entry.offset]))
  })

/** Tells apart the directories of a partition that was deleted or set aside more than once: 32 hexadecimal digits. */
const uniqueId = Effect.map(Entropy.hexUuid, (id) => id.replaceAll("-", ""))
