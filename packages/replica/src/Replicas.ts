/**
 * The replicas of this node: which partitions have an actor here, started, retargeted and stopped as the metadata says.
 *
 * Invariants: a partition has one actor at a time; a topic that is deleted takes its logs with it, and so does a reassignment to other
 * nodes; a log that the cluster does not know is set aside and kept. Kafka: ReplicaManager, LogManager. Neighbours: `Hosting.ts` does it
 * for one partition, `Housekeeping.ts` looks after the logs, `Fetcher.ts` follows, `IsrUpdates.ts` asks the controller.
 */

import type { Log, LogConfig } from "@klamm/log"
import type { CorruptLog } from "@klamm/log/LogError"
import * as ProducerState from "@klamm/log/ProducerState"
import { Brokers, type Changes, type Image, type Topics } from "@klamm/metadata"
import { Disk, type DiskError } from "@klamm/platform"
import { hasBug } from "@klamm/platform/Bugs"
import type { Decompression } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { FetcherOptions } from "./Fetcher.ts"
import * as Fetcher from "./Fetcher.ts"
import { HostedPartitions } from "./HostedPartitions.ts"
import * as Hosting from "./Hosting.ts"
import * as Housekeeping from "./Housekeeping.ts"
import type { EligibleBrokers } from "./Isr.ts"
import type { IsrUpdatesOptions } from "./IsrUpdates.ts"
import * as IsrUpdates from "./IsrUpdates.ts"
import * as Moves from "./Moves.ts"
import type { PartitionSettings } from "./Partition.ts"
import type * as PartitionActor from "./PartitionActor.ts"
import type { ReplicaDirectory } from "./ReplicaDirectory.ts"
import type { ReplicationQuota } from "./ReplicationQuota.ts"

/** Partitions that are opened at a time when many start at once; between any so many, whatever else the node does has its turn. */
const startConcurrency = 16
/** Partitions that are taken away at a time when a topic goes: those share a sync of their directory. */
const removeConcurrency = 64

/** What the topic's configuration means to its partitions and logs. */
export interface TopicRules {
  readonly log: LogConfig
  readonly partition: PartitionSettings
}

export interface ReplicasOptions extends FetcherOptions, IsrUpdatesOptions {
  readonly nodeId: number
  readonly brokerEpoch: () => number
  readonly directories: ReadonlyArray<ReplicaDirectory>
  /** As of now; the same object while nothing changed. */
  readonly rules: (topicName: string) => TopicRules
  readonly housekeeping: () => Housekeeping.Settings
  readonly decompression: () => Decompression
  readonly moves: {
    /** What slows them together. */
    readonly quota: ReplicationQuota
    /** How many go on at a time. */
    readonly concurrency: number
  }
  /** num.recovery.threads.per.data.dir: logs of one directory that are recovered, or closed at the end, at a time. */
  readonly recoveryThreads: () => number
  /** Logs in the directories that others own and that checkpoints must name. */
  readonly otherLogs: ReadonlyArray<Log>
  /** A replica is in another directory than the metadata has for it, or in the first one that it got (KIP-858); moved out of `left`. */
  readonly assignDirectory: (topicId: string, partition: number, directoryId: string, left?: string) => void
  /** A directory has failed; others are left. */
  readonly onFailed: (directoryId: string) => void
  /** No directory is left to work with. */
  readonly onAllFailed: (error: DiskError | CorruptLog) => Effect.Effect<void>
  readonly onDefect: (cause: Cause.Cause<never>) => Effect.Effect<void>
}

export interface Replicas {
  /** The replica of a partition here, in whatever role; undefined when this node has none. */
  readonly find: (topicId: string, partition: number) => PartitionActor.PartitionActor | undefined
  readonly directories: () => ReadonlyArray<ReplicaDirectory>
  /** Moves a replica to another directory of this broker, by its path (AlterReplicaLogDirs); answers an error code. */
  readonly moveTo: (asked: Moves.Asked, path: string) => Effect.Effect<number>
  /**
   * Follows the metadata from one image to the next, which is given. The first is one that has this broker's registration: an older
   * one may name it a leader, even one alone in the ISR, whose place another has long taken.
   */
  readonly apply: (changes: Changes.Changes, image: Image.Image) => Effect.Effect<void>
  /** Logs that were found and that no partition of the image has asked for are set aside. To be called after the first image. */
  readonly setStraysAside: Effect.Effect<void>
  /** Configuration has changed: partitions take the new settings. */
  readonly reconfigure: Effect.Effect<void>
  /** Ends all actors, makes everything durable and notes the clean stop. */
  readonly stop: (brokerEpoch: number) => Effect.Effect<void>
}

const eligibleBrokers = ({ brokers }: Image.Image): EligibleBrokers =>
  new Map(
    Brokers.all(brokers)
      .filter(({ fenced, inControlledShutdown }) => !fenced && !inControlledShutdown)
      .map((broker) => [broker.id, broker])
  )

const followBrokers = (self: Hosting.Self, image: Image.Image): void => {
  self.eligible = eligibleBrokers(image)
  for (const { actor } of self.hosted.values()) actor.actor.tell({ _tag: "Brokers", eligible: self.eligible })
}

const apply = (self: Hosting.Self, changes: Changes.Changes, image: Image.Image): Effect.Effect<void, never, Disk> =>
  Effect.gen(function* () {
    if (changes.brokers) followBrokers(self, image)
    for (const { id, partitions } of changes.removedTopics) {
      const remove = ({ index }: Topics.Partition) => Effect.andThen(Hosting.remove(self, id, index), Effect.yieldNow)
      yield* Effect.forEach(partitions, remove, { concurrency: removeConcurrency, discard: true })
    }
    const follow = (change: Changes.PartitionChange) => Effect.andThen(Hosting.follow(self, change), Effect.yieldNow)
    yield* Effect.forEach(changes.partitions, follow, { concurrency: startConcurrency, discard: true })
  })

/** Logs of partitions that are here are in a failed directory too, where nobody opened them. */
const setStraysAside = (self: Hosting.Self): Effect.Effect<void> =>
  Effect.forEach(
    self.options.directories,
    (directory) =>
      Effect.gen(function* () {
        for (const [key, found] of [...directory.found]) {
          if (directory.failed && !hasBug("strays-in-failed-directory")) return
          if (self.options.otherLogs.some((log) => log.directory === found.directory)) continue
          directory.found.delete(key)
          yield* Effect.logWarning(`${found.directory} belongs to no topic of the cluster and is set aside`)
          yield* Effect.catch(directory.log.setAside(found), Hosting.onDiskError(self, directory))
        }
      }),
    { discard: true }
  )

const reconfigure = (self: Hosting.Self): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { directories, recoveryThreads, rules } = self.options
    self.fetcher.reconfigure()
    for (const { actor } of self.hosted.values()) {
      actor.actor.tell({ _tag: "Configured", settings: rules(actor.topic).partition })
    }
    return Effect.forEach(directories, ({ log }) => log.setRecoveryThreads(recoveryThreads()), { discard: true })
  })

const close = ({ actor, scope }: Hosting.Hosted) =>
  Effect.gen(function* () {
    yield* Hosting.endActor(actor, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    yield* Scope.close(scope, Exit.void)
    yield* actor.log.close(actor.actor.state().producers)
  })

/** The order matters: actors, logs, checkpoints, and the mark of a clean stop last (KAFKA-13773). */
const stopDirectory = (self: Hosting.Self, directory: ReplicaDirectory, brokerEpoch: number) =>
  Effect.gen(function* () {
    if (hasBug("clean-mark-though-failed")) yield* directory.log.markCleanShutdown(brokerEpoch)
    const inside = [...self.hosted.values()].filter((each) => each.directory === directory)
    yield* Effect.forEach(inside, close, { concurrency: self.options.recoveryThreads(), discard: true })
    for (const log of self.options.otherLogs) {
      if (log.directory.startsWith(`${directory.path}/`)) yield* log.close(ProducerState.empty)
    }
    yield* directory.checkpoint(self.options.otherLogs)
    yield* directory.log.markCleanShutdown(brokerEpoch)
  })

/** Housekeeping ends first: it works on logs of its own accord. */
const stop = (self: Hosting.Self, housekeeping: Scope.Closeable, brokerEpoch: number): Effect.Effect<void> => {
  for (const { actor } of self.hosted.values()) self.fetcher.unfollow(actor)
  const stopOne = (directory: ReplicaDirectory) =>
    directory.failed && !hasBug("clean-mark-though-failed")
      ? Effect.void
      : Effect.catch(stopDirectory(self, directory, brokerEpoch), Hosting.onDiskError(self, directory))
  const logs = Effect.andThen(Moves.stop(self), Effect.forEach(self.options.directories, stopOne, { discard: true }))
  return Effect.andThen(Scope.close(housekeeping, Exit.void), logs)
}

/** Starts without any partition; the first `apply` brings them. Housekeeping runs until the scope ends. */
export const make = (options: ReplicasOptions): Effect.Effect<Replicas, never, Disk | Scope.Scope> =>
  Effect.gen(function* () {
    const disk = yield* Disk
    const scope = yield* Effect.scope
    const fetcher = yield* Fetcher.make(options)
    const isrUpdates = yield* IsrUpdates.make(options)
    const hosted = new HostedPartitions<Hosting.Hosted>()
    const self: Hosting.Self = {
      options,
      scope,
      hosted,
      fetcher,
      isrUpdates,
      moves: new Map(),
      preferred: new Map(),
      moving: Semaphore.makeUnsafe(1),
      copying: Semaphore.makeUnsafe(options.moves.concurrency),
      eligible: new Map()
    }
    const housekeeping = yield* Scope.fork(scope)
    const care = Housekeeping.run({
      settings: options.housekeeping,
      directories: options.directories,
      otherLogs: options.otherLogs,
      decompression: options.decompression,
      onDiskError: (directory, error) => Hosting.onDiskError(self, directory)(error)
    })
    yield* Scope.provide(care, housekeeping)
    return {
      find: (topicId, partition) => self.hosted.get(topicId, partition)?.actor,
      directories: () => options.directories,
      apply: (changes, image) => Effect.provideService(apply(self, changes, image), Disk, disk),
      moveTo: (asked, path) => Effect.provideService(Moves.request(self, asked, path), Disk, disk),
      setStraysAside: Effect.andThen(setStraysAside(self), Moves.discardFound(self)),
      reconfigure: reconfigure(self),
      stop: (brokerEpoch) => stop(self, housekeeping, brokerEpoch)
    }
  })
