/**
 * Starting, changing and ending the replicas of a node, one partition at a time.
 *
 * Invariants: a log is opened before its actor starts and closed after it ended; a change of role goes to the actor that is there, and
 * is over when it has been performed; a partition whose directory can't be used gets no second, empty log elsewhere. Neighbours:
 * `Replicas.ts` says when, `PartitionActor.ts` is one partition, `Fetcher.ts` follows leaders elsewhere.
 */
import { type FoundLog, type Log, nameOf } from "@klamm/log"
import type { CorruptLog } from "@klamm/log/LogError"
import type * as ProducerState from "@klamm/log/ProducerState"
import { type Changes, Topics } from "@klamm/metadata"
import type { Disk, DiskError } from "@klamm/platform"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as Semaphore from "effect/Semaphore"
import type { Fetcher } from "./Fetcher.ts"
import type { HostedPartitions } from "./HostedPartitions.ts"
import type { EligibleBrokers } from "./Isr.ts"
import type { IsrUpdates } from "./IsrUpdates.ts"
import * as Moves from "./Moves.ts"
import type { Follow, Lead, LeaderAssignment } from "./Partition.ts"
import * as PartitionActor from "./PartitionActor.ts"
import type { ReplicaDirectory } from "./ReplicaDirectory.ts"
import type { ReplicasOptions } from "./Replicas.ts"

export interface Hosted {
  readonly actor: PartitionActor.PartitionActor
  readonly directory: ReplicaDirectory
  /** Ends the actor. */
  readonly scope: Scope.Closeable
}

export interface Self {
  readonly options: ReplicasOptions
  readonly scope: Scope.Scope
  readonly hosted: HostedPartitions<Hosted>
  readonly fetcher: Fetcher
  readonly isrUpdates: IsrUpdates
  /** Copies on their way to other directories. */
  readonly moves: Map<string, Moves.Move>
  /** Where replicas shall be that are not here yet, by topic and partition. */
  readonly preferred: Map<string, ReplicaDirectory>
  /** Requests to move are followed one by one; copies go on so many at a time. */
  readonly moving: Semaphore.Semaphore
  readonly copying: Semaphore.Semaphore
  /** Brokers that may be in an ISR, with their epochs: as of the image that is being followed. */
  eligible: EligibleBrokers
}

/** How long a full mailbox is given; milliseconds. */
const mailboxRestMs = 1

export const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`

const assignmentOf = (partition: Topics.Partition): LeaderAssignment => ({
  leaderEpoch: partition.leaderEpoch,
  partitionEpoch: partition.partitionEpoch,
  replicas: partition.replicas,
  directories: partition.directories,
  isr: partition.isr
})

const roleOf = (self: Self, partition: Topics.Partition): Lead | Follow => {
  const assignment = assignmentOf(partition)
  return partition.leader === self.options.nodeId
    ? { _tag: "Lead", assignment }
    : { _tag: "Follow", leaderId: partition.leader, assignment }
}

/** A directory that can't be trusted any more takes its partitions offline; without any the node has nothing to serve. */
export const onDiskError = (self: Self, directory: ReplicaDirectory) => (error: DiskError | CorruptLog) =>
  Effect.suspend(() => {
    if (!directory.fail(error)) return Effect.void
    const told = Effect.logError(`log directory ${directory.path} is offline: ${error.message}`)
    const anyLeft = self.options.directories.some((each) => !each.failed)
    if (!anyLeft) return Effect.andThen(told, self.options.onAllFailed(error))
    self.options.onFailed(directory.log.directoryId)
    return told
  })

/** The directory that the metadata has for this node's replica; undefined when it is none of ours, or not decided yet. */
const assignedDirectory = ({ options }: Self, partition: Topics.Partition): ReplicaDirectory | undefined => {
  const id = Topics.directoryOf(partition, options.nodeId)
  return options.directories.find(({ log }) => log.directoryId === id)
}

/**
 * Found in two directories, the log is where it had moved to; else where the metadata has it, for the other may have stayed in a directory
 * that had failed while the partition was taken from this broker and came back. What a failed directory has of another topic is not asked for.
 */
const directoryThatHas = (
  self: Self,
  topic: Topics.Topic,
  partition: Topics.Partition
): ReplicaDirectory | undefined => {
  const key = nameOf({ topic: topic.name, partition: partition.index })
  const having = self.options.directories.filter(({ found, failed }) => {
    const log = found.get(key)
    return log !== undefined && !(failed && log.topicId !== undefined && log.topicId !== topic.id)
  })
  const assigned = assignedDirectory(self, partition)
  return (
    having.find(({ found }) => found.get(key)?.isReplacement) ?? having.find((each) => each === assigned) ?? having[0]
  )
}

/**
 * The directory that has the log, else the one asked for, else the one it is assigned to, else the one with the fewest (Kafka's
 * LogManager.nextLogDirs). None when that is one that has failed: what is in there may be all there is.
 */
const chooseDirectory = (
  self: Self,
  topic: Topics.Topic,
  partition: Topics.Partition
): ReplicaDirectory | undefined => {
  const { directories } = self.options
  const key = nameOf({ topic: topic.name, partition: partition.index })
  const known =
    directoryThatHas(self, topic, partition) ?? self.preferred.get(key) ?? assignedDirectory(self, partition)
  self.preferred.delete(key)
  if (known !== undefined) return known.failed ? undefined : known
  return directories
    .filter((directory) => !directory.failed)
    .reduce<ReplicaDirectory | undefined>(
      (best, each) => (best === undefined || each.partitions.length < best.partitions.length ? each : best),
      undefined
    )
}

/** A move that a crash has interrupted is ended: what the log has taken the place of goes, then the mark that says so. */
const finishMove = (self: Self, directory: ReplicaDirectory, found: FoundLog, now: number) =>
  Effect.gen(function* () {
    const key = nameOf(found)
    for (const other of self.options.directories) {
      const replaced = other === directory ? undefined : other.found.get(key)
      if (replaced === undefined) continue
      other.found.delete(key)
      const discarded = yield* Effect.result(other.log.discard(replaced, now))
      if (discarded._tag === "Failure") return yield* onDiskError(self, other)(discarded.failure)
    }
    yield* directory.log.settle(found)
  })

/** Nobody counts on what this replica has: others lead and are in sync, and it may be fetched anew from them. */
const isDispensable = ({ options: { nodeId } }: Self, { leader, isr, eligibleLeaderReplicas }: Topics.Partition) =>
  leader >= 0 && leader !== nodeId && !isr.includes(nodeId) && !eligibleLeaderReplicas.includes(nodeId)

/**
 * Opens the log that was found, if it is this topic's; one of an earlier topic of that name is set aside first. So is one that is damaged
 * (decision 0007), where others have what it had: damage is no reason to do without this replica, nor to fail its directory.
 */
const openLog = (self: Self, directory: ReplicaDirectory, topic: Topics.Topic, partition: Topics.Partition) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const name = { topic: topic.name, partition: partition.index }
    const key = nameOf(name)
    const found = directory.found.get(key)
    const config = () => self.options.rules(topic.name).log
    const create = Effect.andThen(
      directory.beginning(name, self.options.otherLogs),
      directory.log.create(topic.name, partition.index, topic.id, config, now)
    )
    if (found === undefined) return yield* create
    if (found.isReplacement) yield* finishMove(self, directory, found, now)
    const setAside = Effect.map(directory.log.setAside(found), () => directory.found.delete(key))
    const createAnew = Effect.andThen(setAside, create)
    if (found.topicId !== undefined && found.topicId !== topic.id) return yield* createAnew
    const load = directory.log.load(found, topic.id, config, now)
    if (!isDispensable(self, partition)) return yield* load
    const mend = (why: string) =>
      Effect.andThen(Effect.logError(`${key} is damaged, is set aside and fetched anew: ${why}`), createAnew)
    if (found.isDamaged) return yield* mend("it was found to be so before this start")
    return yield* Effect.catchTag(load, "CorruptLog", (error) => mend(error.message))
  })

/** What a replica begins with beside the log. */
interface Beginning {
  readonly highWatermark: number
  readonly producers: ProducerState.ProducerState
}

/** Starts the actor of `partition` on its open log, and enters it as hosted. */
const host = (
  self: Self,
  directory: ReplicaDirectory,
  log: Log,
  { topic, partition }: Changes.PartitionChange,
  { highWatermark, producers }: Beginning
) =>
  Effect.gen(function* () {
    const role = roleOf(self, partition)
    if (role._tag === "Lead") log.startEpoch(partition.leaderEpoch, log.logEndOffset)
    const scope = yield* Scope.fork(self.scope)
    const starting = PartitionActor.make({
      topic: topic.name,
      topicId: topic.id,
      partition: partition.index,
      place: Moves.placeOf(self, directory, log),
      nodeId: self.options.nodeId,
      role,
      settings: self.options.rules(topic.name).partition,
      highWatermark: Math.min(highWatermark, log.logEndOffset),
      producers,
      eligible: self.eligible,
      alterIsr: self.isrUpdates.ask,
      onDefect: self.options.onDefect
    })
    const actor = yield* Scope.provide(starting, scope)
    self.hosted.set(topic.id, partition.index, { actor, directory, scope })
    directory.add(actor)
    return actor
  })

const followFrom = (self: Self, actor: PartitionActor.PartitionActor, { leader }: Topics.Partition): void => {
  if (leader === self.options.nodeId || leader < 0) self.fetcher.unfollow(actor)
  else self.fetcher.follow(actor, leader)
}

/** Opens the log and starts its actor. A log that can't be opened leaves its partition without one, and its directory offline. */
const start = (self: Self, change: Changes.PartitionChange): Effect.Effect<void, never, Disk> =>
  Effect.suspend(() => {
    const { topic, partition } = change
    const directory = chooseDirectory(self, topic, partition)
    if (directory === undefined) return Effect.void
    const started = Effect.gen(function* () {
      const log = yield* Scope.provide(openLog(self, directory, topic, partition), self.scope)
      const highWatermark = directory.log.checkpoints.highWatermark({ topic: topic.name, partition: partition.index })
      const actor = yield* host(self, directory, log, change, { highWatermark, producers: log.recoveredProducers })
      followFrom(self, actor, partition)
      if (assignedDirectory(self, partition) !== directory) {
        self.options.assignDirectory(topic.id, partition.index, directory.log.directoryId)
      }
      yield* Moves.takeUp(self, actor)
    })
    return Effect.catch(started, onDiskError(self, directory))
  })

/** Over when the actor has changed its role. */
const changeRole = (actor: PartitionActor.PartitionActor, role: Lead | Follow): Effect.Effect<void> =>
  Effect.callback<boolean>((resume) => {
    const told = actor.actor.tell({ ...role, done: () => resume(Effect.succeed(true)) })
    if (!told) resume(Effect.succeed(false))
  }).pipe(
    Effect.flatMap((taken) =>
      taken ? Effect.void : Effect.andThen(Effect.sleep(mailboxRestMs), changeRole(actor, role))
    )
  )

/** The replica is taken from this node: what a failed directory has of it is not the log that it comes back to, should it come back. */
const giveUpFailed = ({ options }: Self, { topic, partition }: Changes.PartitionChange): void => {
  const key = nameOf({ topic: topic.name, partition: partition.index })
  for (const { failed, found } of options.directories) if (failed) found.delete(key)
}

/** Follows a partition's metadata: this node gets a replica of it, loses it, or it changes its role. */
export const follow = (self: Self, change: Changes.PartitionChange): Effect.Effect<void, never, Disk> =>
  Effect.suspend(() => {
    const { topic, partition } = change
    const hosted = self.hosted.get(topic.id, partition.index)
    const isReplica = partition.replicas.includes(self.options.nodeId)
    if (hosted === undefined) return isReplica ? start(self, change) : Effect.sync(() => giveUpFailed(self, change))
    if (!isReplica) return remove(self, topic.id, partition.index)
    const before = hosted.actor.actor.state()
    return Effect.map(changeRole(hosted.actor, roleOf(self, partition)), () => {
      const isSame = before._tag === "Follower" && before.leaderId === partition.leader
      if (!isSame || before.leaderEpoch !== partition.leaderEpoch) followFrom(self, hosted.actor, partition)
    })
  })

/** Answers what waits, ends the actor, and takes the log out of the directory. */
export const remove = (self: Self, topicId: string, partition: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Moves.cancel(self, keyOf(topicId, partition))
    const hosted = self.hosted.get(topicId, partition)
    if (hosted === undefined) return
    const { actor, directory, scope } = hosted
    self.hosted.delete(topicId, partition)
    directory.remove(actor)
    self.fetcher.unfollow(actor)
    yield* endActor(actor, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    yield* Scope.close(scope, Exit.void)
    const now = yield* Clock.currentTimeMillis
    // Whoever reads it may take long, and the metadata goes on.
    const abandoned = Effect.forkIn(actor.log.abandon, self.scope, { startImmediately: true })
    const deletion = Effect.andThen(directory.log.delete(actor.log, now), abandoned)
    if (!directory.failed) yield* Effect.catch(deletion, onDiskError(self, directory))
  })

/** The actor answers everything that waits, in its turn. */
export const endActor = (actor: PartitionActor.PartitionActor, errorCode: number): Effect.Effect<void> =>
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
