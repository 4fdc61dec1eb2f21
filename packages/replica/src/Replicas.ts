/**
 * The replicas of this node: which partitions have an actor here, started, retargeted and stopped as the metadata says.
 *
 * Invariants: a partition has one actor at a time; a log is opened before its actor starts and closed after it ended; a topic
 * that is deleted takes its logs with it, a log that the cluster does not know is set aside and kept. Kafka: ReplicaManager,
 * LogManager. Neighbours: `Housekeeping.ts` looks after the logs, `PartitionActor.ts` is one partition.
 */
import type { Log, LogConfig } from "@klamm/log"
import type { CorruptLog } from "@klamm/log/LogError"
import * as ProducerState from "@klamm/log/ProducerState"
import type { Changes, Topics } from "@klamm/metadata"
import { Disk, type DiskError } from "@klamm/platform"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Housekeeping from "./Housekeeping.ts"
import type { LeaderAssignment, PartitionSettings } from "./Partition.ts"
import * as PartitionActor from "./PartitionActor.ts"
import { ReplicaDirectory } from "./ReplicaDirectory.ts"

/** Partitions that are opened at a time when many start at once. */
const startConcurrency = 8

/** What the topic's configuration means to its partitions and logs. */
export interface TopicRules {
  readonly log: LogConfig
  readonly partition: PartitionSettings
}

export interface ReplicasOptions {
  readonly nodeId: number
  readonly directories: ReadonlyArray<ReplicaDirectory>
  /** As of now; the same object while nothing changed. */
  readonly rules: (topicName: string) => TopicRules
  readonly housekeeping: () => Housekeeping.Settings
  readonly decompression: () => Decompression
  /** Logs in the directories that others own and that checkpoints must name. */
  readonly otherLogs: ReadonlyArray<Log>
  /** No directory is left to work with. */
  readonly onAllFailed: (error: DiskError | CorruptLog) => Effect.Effect<void>
  readonly onDefect: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

interface Hosted {
  readonly actor: PartitionActor.PartitionActor
  readonly directory: ReplicaDirectory
  /** Ends the actor. */
  readonly scope: Scope.Closeable
}

export interface Replicas {
  /** The replica of a partition here, leader or offline; undefined when this node has none. */
  readonly find: (topicId: string, partition: number) => PartitionActor.PartitionActor | undefined
  readonly directories: () => ReadonlyArray<ReplicaDirectory>
  /** Follows the metadata from one image to the next. */
  readonly apply: (changes: Changes.Changes) => Effect.Effect<void>
  /** Logs that were found and that no partition of the image has asked for are set aside. To be called after the first image. */
  readonly setStraysAside: Effect.Effect<void>
  /** Configuration has changed: partitions take the new settings. */
  readonly reconfigure: Effect.Effect<void>
  /** Ends all actors, makes everything durable and notes the clean stop. */
  readonly stop: (brokerEpoch: number) => Effect.Effect<void>
}

const assignmentOf = (partition: Topics.Partition): LeaderAssignment => ({
  leaderEpoch: partition.leaderEpoch,
  partitionEpoch: partition.partitionEpoch,
  replicas: partition.replicas,
  isr: partition.isr
})

const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`

interface Self {
  readonly options: ReplicasOptions
  readonly scope: Scope.Scope
  readonly hosted: Map<string, Hosted>
}

/** A directory that can't be trusted any more takes its partitions offline; without any the node has nothing to serve. */
const onDiskError = (self: Self, directory: ReplicaDirectory) => (error: DiskError | CorruptLog) =>
  Effect.suspend(() => {
    if (!directory.fail(error)) return Effect.void
    const told = Effect.logError(`log directory ${directory.path} is offline: ${error.message}`)
    const anyLeft = self.options.directories.some((each) => !each.failed)
    return anyLeft ? told : Effect.andThen(told, self.options.onAllFailed(error))
  })

/** The directory that has the log, else the one with the fewest (Kafka's LogManager.nextLogDirs). */
const chooseDirectory = (self: Self, topic: string, partition: number): ReplicaDirectory | undefined => {
  const key = ReplicaDirectory.keyOf(topic, partition)
  const healthy = self.options.directories.filter((directory) => !directory.failed)
  const holder = healthy.find((directory) => directory.found.has(key))
  if (holder !== undefined) return holder
  return healthy.reduce<ReplicaDirectory | undefined>(
    (best, each) => (best === undefined || each.partitions.length < best.partitions.length ? each : best),
    undefined
  )
}

/** Opens the log that was found, if it is this topic's; one of an earlier topic of that name is set aside first. */
const openLog = (self: Self, directory: ReplicaDirectory, topic: Topics.Topic, partition: number) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const key = ReplicaDirectory.keyOf(topic.name, partition)
    const found = directory.found.get(key)
    directory.found.delete(key)
    const config = () => self.options.rules(topic.name).log
    if (found !== undefined && (found.topicId === undefined || found.topicId === topic.id)) {
      return yield* directory.log.load(found, topic.id, config, now)
    }
    if (found !== undefined) yield* directory.log.setAside(found)
    return yield* directory.log.create(topic.name, partition, topic.id, config, now)
  })

/** What a leader begins with beside the log. */
interface Beginning {
  readonly highWatermark: number
  readonly producers: ProducerState.ProducerState
}

/** Starts the leader of `partition` on its open log, and enters it as hosted. */
const host = (
  self: Self,
  directory: ReplicaDirectory,
  log: Log,
  { topic, partition }: Changes.PartitionChange,
  { highWatermark, producers }: Beginning
) =>
  Effect.gen(function* () {
    yield* log.startEpoch(partition.leaderEpoch, log.logEndOffset)
    const scope = yield* Scope.fork(self.scope)
    const starting = PartitionActor.make({
      topic: topic.name,
      topicId: topic.id,
      partition: partition.index,
      log,
      assignment: assignmentOf(partition),
      settings: self.options.rules(topic.name).partition,
      highWatermark: Math.min(highWatermark, log.logEndOffset),
      producers,
      onDiskError: onDiskError(self, directory),
      onDefect: self.options.onDefect
    })
    const actor = yield* Scope.provide(starting, scope)
    self.hosted.set(keyOf(topic.id, partition.index), { actor, directory, scope })
    directory.add(actor)
  })

/** Opens the log and starts its actor. A log that can't be opened leaves its partition without one, and its directory offline. */
const start = (self: Self, change: Changes.PartitionChange): Effect.Effect<void, never, Disk> =>
  Effect.suspend(() => {
    const { topic, partition } = change
    const directory = chooseDirectory(self, topic.name, partition.index)
    if (directory === undefined) return Effect.void
    const started = Effect.gen(function* () {
      const log = yield* Scope.provide(openLog(self, directory, topic, partition.index), self.scope)
      const highWatermark = directory.log.highWatermark(topic.name, partition.index)
      yield* host(self, directory, log, change, { highWatermark, producers: log.recoveredProducers })
    })
    return Effect.catch(started, onDiskError(self, directory))
  })

/** Leads again, on the log that is still open, after having resigned. */
const restart = (self: Self, { actor, directory, scope }: Hosted, change: Changes.PartitionChange) =>
  Effect.gen(function* () {
    const { highWatermark, producers } = actor.actor.state()
    yield* Scope.close(scope, Exit.void)
    yield* Effect.catch(
      host(self, directory, actor.log, change, { highWatermark, producers }),
      onDiskError(self, directory)
    )
  })

const follow = (self: Self, change: Changes.PartitionChange): Effect.Effect<void, never, Disk> =>
  Effect.gen(function* () {
    const { topic, partition } = change
    const hosted = self.hosted.get(keyOf(topic.id, partition.index))
    const leads = partition.leader === self.options.nodeId
    if (hosted === undefined) return leads ? yield* start(self, change) : undefined
    const { actor } = hosted.actor
    if (!leads) return yield* endActor(hosted.actor, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    if (actor.state()._tag === "Leader") actor.tell({ _tag: "Lead", assignment: assignmentOf(partition) })
    else if (!hosted.directory.failed) yield* restart(self, hosted, change)
  })

/** Answers what waits, ends the actor, and takes the log out of the directory. */
const remove = (self: Self, topicId: string, partition: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const hosted = self.hosted.get(keyOf(topicId, partition))
    if (hosted === undefined) return
    const { actor, directory, scope } = hosted
    self.hosted.delete(keyOf(topicId, partition))
    directory.remove(actor)
    yield* endActor(actor, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    yield* Scope.close(scope, Exit.void)
    const now = yield* Clock.currentTimeMillis
    const deletion = Effect.andThen(directory.log.delete(actor.log, now), actor.log.abandon)
    if (!directory.failed) yield* Effect.catch(deletion, onDiskError(self, directory))
  })

/** The actor answers everything that waits, in its turn. */
const endActor = (actor: PartitionActor.PartitionActor, errorCode: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (actor.actor.state()._tag === "Offline") return resume(Effect.void)
    const stop = actor.watch(() => {
      if (actor.actor.state()._tag !== "Offline") return
      stop()
      resume(Effect.void)
    })
    if (actor.actor.tell({ _tag: "Resign", errorCode })) return
    stop()
    resume(Effect.void)
  })

const apply = (self: Self, changes: Changes.Changes): Effect.Effect<void, never, Disk> =>
  Effect.gen(function* () {
    for (const topic of changes.removedTopics) {
      for (const partition of topic.partitions) yield* remove(self, topic.id, partition.index)
    }
    yield* Effect.forEach(changes.partitions, (change) => follow(self, change), {
      concurrency: startConcurrency,
      discard: true
    })
  })

const setStraysAside = (self: Self): Effect.Effect<void> =>
  Effect.forEach(
    self.options.directories,
    (directory) =>
      Effect.gen(function* () {
        for (const [key, found] of [...directory.found]) {
          if (self.options.otherLogs.some((log) => log.directory === found.directory)) continue
          directory.found.delete(key)
          yield* Effect.logWarning(`${found.directory} belongs to no topic of the cluster and is set aside`)
          yield* Effect.catch(directory.log.setAside(found), onDiskError(self, directory))
        }
      }),
    { discard: true }
  )

const reconfigure = (self: Self): void => {
  for (const { actor } of self.hosted.values()) {
    actor.actor.tell({ _tag: "Configured", settings: self.options.rules(actor.topic).partition })
  }
}

/** The order matters: actors, logs, checkpoints, and the mark of a clean stop last (KAFKA-13773). */
const stopDirectory = (self: Self, directory: ReplicaDirectory, brokerEpoch: number) =>
  Effect.gen(function* () {
    for (const { actor, scope } of [...self.hosted.values()].filter((each) => each.directory === directory)) {
      yield* endActor(actor, ErrorCode.NOT_LEADER_OR_FOLLOWER)
      yield* Scope.close(scope, Exit.void)
      yield* actor.log.close(actor.actor.state().producers)
    }
    for (const log of self.options.otherLogs) {
      if (log.directory.startsWith(`${directory.path}/`)) yield* log.close(ProducerState.empty)
    }
    yield* directory.checkpoint(self.options.otherLogs)
    yield* directory.log.markCleanShutdown(brokerEpoch)
  })

const stop = (self: Self, brokerEpoch: number): Effect.Effect<void> =>
  Effect.forEach(
    self.options.directories.filter((directory) => !directory.failed),
    (directory) => Effect.catch(stopDirectory(self, directory, brokerEpoch), onDiskError(self, directory)),
    { discard: true }
  )

/** Starts without any partition; the first `apply` brings them. Housekeeping runs until the scope ends. */
export const make = (options: ReplicasOptions): Effect.Effect<Replicas, never, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const disk = yield* Disk
    const scope = yield* Effect.scope
    const self: Self = { options, scope, hosted: new Map() }
    yield* Housekeeping.run({
      settings: options.housekeeping,
      directories: options.directories,
      otherLogs: options.otherLogs,
      decompression: options.decompression,
      onDiskError: (directory, error) => onDiskError(self, directory)(error)
    })
    return {
      find: (topicId, partition) => self.hosted.get(keyOf(topicId, partition))?.actor,
      directories: () => options.directories,
      apply: (changes) => Effect.provideService(apply(self, changes), Disk, disk),
      setStraysAside: setStraysAside(self),
      reconfigure: Effect.sync(() => reconfigure(self)),
      stop: (brokerEpoch) => stop(self, brokerEpoch)
    }
  })
