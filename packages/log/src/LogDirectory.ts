/**
 * One of the directories of `log.dirs`: which logs it holds, and whose it is.
 *
 * Invariants: one process has it at a time (`.lock`); it belongs to this cluster and node, or is refused; the mark of a clean
 * stop is taken away before the first log is opened, so a crash at any later time counts as one. Layout is Kafka's throughout.
 * Neighbours: `Log.ts` opens single logs, `MetaProperties.ts` is the identity file, `OffsetCheckpoints.ts` has the checkpoints of all logs.
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
import { OffsetCheckpoints } from "./OffsetCheckpoints.ts"

export { syncParents } from "./DirectoryIdentity.ts"
export { LogDirectoryRefused, type MetaProperties } from "./MetaProperties.ts"

const lockFile = ".lock"
const cleanShutdownFile = ".kafka_cleanshutdown"

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

export class LogDirectory {
  readonly path: string
  readonly directoryId: string
  /** The last run ended cleanly; its broker epoch, or -1. */
  readonly cleanShutdown: boolean
  readonly previousBrokerEpoch: number
  readonly checkpoints: OffsetCheckpoints
  private readonly disk: Disk["Service"]
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
    readonly checkpoints: OffsetCheckpoints
    readonly recoveryThreads: number
  }) {
    this.recovering = Semaphore.makeUnsafe(fields.recoveryThreads)
    this.path = fields.path
    this.directoryId = fields.directoryId
    this.disk = fields.disk
    this.cleanShutdown = fields.mark !== undefined
    this.previousBrokerEpoch = fields.mark?.brokerEpoch ?? -1
    this.checkpoints = fields.checkpoints
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
      const checkpoints = yield* OffsetCheckpoints.read(disk, path)
      return new LogDirectory({ path, directoryId: meta.directoryId, disk, mark, checkpoints, recoveryThreads })
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

  /** Opens a found log; its stored topic id has to be the one asked for. After a crash it waits for its turn to be recovered. */
  load(
    found: FoundLog,
    topicId: string,
    config: () => LogConfig,
    now: number
  ): Effect.Effect<Log, DiskError | CorruptLog, Disk | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { checkpoints } = this
      const { topic, partition, directory } = found
      if (found.topicId === undefined) {
        const isEmpty = !checkpoints.claims(found) && (yield* this.disk.list(directory)).length === 0
        const { syncNames: syncName } = this
        if (isEmpty) return yield* Log.begin({ directory, topic, partition, topicId, config, now, syncName })
        // Its name may be as new as an empty log's: see `FirstFiles.ts`.
        yield* syncName
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
        recoveryPoint: checkpoints.recoveryPoint(found),
        logStartOffset: checkpoints.logStart(found),
        cleanedOffset: checkpoints.cleanedOffset(found),
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
    return this.createAt(Names.nameOf({ topic, partition }), { topic, partition, topicId, config, now })
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
      yield* log.rename(`${this.path}/${Names.nameOf(log)}`)
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

  /** The last word of a clean stop, after every log is closed and the checkpoints are written (KAFKA-13773: never before). */
  markCleanShutdown(brokerEpoch: number): Effect.Effect<void, DiskError> {
    const bytes = new TextEncoder().encode(JSON.stringify({ version: 0, brokerEpoch }))
    return Checkpoint.replaceFile(this.disk, this.path, cleanShutdownFile, bytes)
  }
}

/** Whether the last run ended cleanly; the mark is gone, durably, when this returns. */
const takeCleanShutdown = (disk: Disk["Service"], path: string) =>
  Effect.gen(function* () {
    const bytes = yield* Checkpoint.readIfPresent(disk, `${path}/${cleanShutdownFile}`)
    if (bytes === undefined) return undefined
    yield* disk.remove(`${path}/${cleanShutdownFile}`)
    yield* disk.syncDirectory(path)
    return { brokerEpoch: Names.brokerEpoch(bytes) }
  })

/** Tells apart the directories of a partition that was deleted or set aside more than once: 32 hexadecimal digits. */
const uniqueId = Effect.map(Entropy.hexUuid, (id) => id.replaceAll("-", ""))
