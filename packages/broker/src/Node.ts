/**
 * The half of a node that a broker has: its replicas, its groups, what they make of each new image, and what handlers work with.
 * Neighbour: `Control.ts`, the half that every node has.
 */
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import { type GroupCoordinator, type GroupSettings, makeGroupCoordinator } from "@klamm/coordinator"
import { type Changes, type Image, Topics } from "@klamm/metadata"
import { NodeTelemetry, type Telemetry } from "@klamm/platform/Telemetry"
import type { Codecs } from "@klamm/protocol/Compression"
import { FetchWaiters, Replicas } from "@klamm/replica"
import type { Settings as HousekeepingSettings } from "@klamm/replica/Housekeeping"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { BoundListener } from "./Broker.ts"
import { BrokerArena } from "./BrokerArena.ts"
import { offsetsTopic } from "./Cluster.ts"
import type { Control } from "./Control.ts"
import { supportedFeatures } from "./ControllerLifecycle.ts"
import * as DirectoryAssignments from "./DirectoryAssignments.ts"
import type { BrokerFailure } from "./Failure.ts"
import { FetchSessions } from "./FetchSessions.ts"
import { partitionLog } from "./GroupPartitionLog.ts"
import { groupOperations } from "./Operations.ts"
import * as ProducerIds from "./ProducerIds.ts"
import * as ReplicaPorts from "./ReplicaPorts.ts"
import * as ReplicationQuotas from "./ReplicationQuotas.ts"
import type { Services } from "./Services.ts"
import type { Storage } from "./Storage.ts"
import { NodeWitness } from "./Witness.ts"

const minuteMs = 60_000
const maxSessionId = 2_147_483_646
/** Kafka's SecurityProtocol id. */
const plaintext = 0

export interface NodeOptions {
  readonly control: Control
  readonly codecs: Codecs
  readonly storage: Storage
  /** Of this broker's present life; -1 before it is registered. */
  readonly brokerEpoch: () => number
  /** Log directories that have failed are told by their ids. */
  readonly failedDirectories: Queue.Enqueue<string>
  readonly failed: Deferred.Deferred<never, BrokerFailure>
}

const housekeeping = ({ values }: BrokerSnapshot): HousekeepingSettings => ({
  retentionCheckMs: values["log.retention.check.interval.ms"],
  checkpointMs: values["replica.high.watermark.checkpoint.interval.ms"],
  fileDeleteDelayMs: values["log.segment.delete.delay.ms"],
  producerCheckMs: values["producer.id.expiration.check.interval.ms"],
  producerExpirationMs: values["producer.id.expiration.ms"],
  cleanerEnabled: values["log.cleaner.enable"],
  cleanerBackoffMs: values["log.cleaner.backoff.ms"],
  dedupeBufferBytes: values["log.cleaner.dedupe.buffer.size"]
})

const groupSettings = ({ values }: BrokerSnapshot): GroupSettings => ({
  minSessionTimeoutMs: values["group.min.session.timeout.ms"],
  maxSessionTimeoutMs: values["group.max.session.timeout.ms"],
  initialRebalanceDelayMs: values["group.initial.rebalance.delay.ms"],
  maxSize: values["group.max.size"],
  offsetMetadataMaxBytes: values["offset.metadata.max.bytes"],
  offsetsRetentionMs: values["offsets.retention.minutes"] * minuteMs,
  offsetsCommitTimeoutMs: values["offsets.commit.timeout.ms"],
  offsetsRetentionCheckIntervalMs: values["offsets.retention.check.interval.ms"],
  offsetsTopicNumPartitions: values["offsets.topic.num.partitions"]
})

const makeReplicas = (
  { control, codecs, storage, brokerEpoch, failedDirectories, failed }: NodeOptions,
  quotas: ReplicationQuotas.ReplicationQuotas,
  assignments: DirectoryAssignments.DirectoryAssignments
) =>
  Effect.suspend(() => {
    const { live } = control
    return Replicas.make({
      ...ReplicaPorts.make(control, quotas, assignments, brokerEpoch),
      directories: storage.directories,
      rules: (topicName) => live.rules(topicName),
      housekeeping: () => housekeeping(live.snapshot),
      decompression: () => ({ codecs, maxBytes: live.snapshot.values["klamm.decompressed.batch.max.bytes"] }),
      recoveryThreads: () => live.snapshot.values["num.recovery.threads.per.data.dir"],
      otherLogs: [storage.metadataLog],
      moves: {
        quota: quotas.alterLogDirs,
        concurrency:
          control.services.staticConfig.values["num.replica.alter.log.dirs.threads"] ?? storage.directories.length
      },
      onFailed: (directoryId) => void Queue.offerUnsafe(failedDirectories, directoryId),
      onAllFailed: (error) => Effect.asVoid(Deferred.fail(failed, error)),
      onDefect: (cause) => Effect.asVoid(Deferred.failCause(failed, cause))
    })
  })

/** How many replicas there are is counted when somebody looks. */
const showReplicas = (telemetry: Telemetry, { directories }: Replicas.Replicas): void => {
  const partitions = () => directories().flatMap((each) => each.partitions)
  telemetry.show("klamm_partitions", () => partitions().length)
  telemetry.show(
    "klamm_partitions_led",
    () => partitions().filter(({ actor }) => actor.state()._tag === "Leader").length
  )
  telemetry.show("klamm_offline_log_directories", () => directories().filter((each) => each.failed).length)
}

/** The ids of fetch sessions are hard to guess by accident, not by intent: 1 to the largest int32. */
const sessionIds = Effect.map(Random.Random, (random) => () => 1 + Math.floor(random.nextDoubleUnsafe() * maxSessionId))

/** Groups live where the partitions of the offsets topic are led. */
const followGroups = (
  nodeId: number,
  replicas: Replicas.Replicas,
  coordinator: GroupCoordinator,
  imageBefore: Image.Image,
  changes: Changes.Changes
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const { topic, partition } of changes.partitions) {
      if (topic.name !== offsetsTopic) continue
      const before = Topics.byId(imageBefore.topics, topic.id)?.partitions[partition.index]
      if (partition.leader === nodeId) {
        if (before?.leader === nodeId && before.leaderEpoch === partition.leaderEpoch) continue
        const actor = replicas.find(topic.id, partition.index)
        if (actor !== undefined) {
          yield* coordinator.onLeader(partition.index, partition.leaderEpoch, partitionLog(actor))
        }
      } else if (before?.leader === nodeId) yield* coordinator.onResigned(partition.index)
    }
    const removed = changes.removedTopics.map((topic) => topic.name)
    if (removed.length > 0) yield* coordinator.onTopicsDeleted(removed)
  })

export const make = (options: NodeOptions) =>
  Effect.gen(function* () {
    const { control, codecs, storage, brokerEpoch } = options
    const { live, follower } = control
    const { nodeId, staticConfig, controller } = control.services
    const quotas = yield* ReplicationQuotas.make(live)
    const assignments = yield* DirectoryAssignments.make(controller, { id: nodeId, epoch: brokerEpoch })
    const replicas = yield* makeReplicas(options, quotas, assignments)
    const coordinator = yield* makeGroupCoordinator({
      config: () => groupSettings(live.snapshot),
      groupOperations,
      decompression: () => ({ codecs, maxBytes: live.snapshot.values["klamm.decompressed.batch.max.bytes"] })
    })
    const witness = yield* NodeWitness
    showReplicas(yield* NodeTelemetry, replicas)
    witness.node({ replicas, coordinator, brokerEpoch })
    const scope = yield* Effect.scope
    const follow = Effect.andThen(
      follower.start((before, after, changes, configured) =>
        Effect.gen(function* () {
          if (configured) yield* replicas.reconfigure
          yield* replicas.apply(changes, after)
          yield* followGroups(nodeId, replicas, coordinator, before, changes)
        })
      ),
      replicas.setStraysAside
    )
    const services: Services = {
      ...control.services,
      replicas,
      coordinator,
      producerIds: ProducerIds.make(controller, { id: nodeId, epoch: brokerEpoch }),
      fetchSessions: new FetchSessions(
        staticConfig.values["max.incremental.fetch.session.cache.slots"],
        yield* sessionIds
      ),
      fetchWaiters: yield* FetchWaiters.make,
      quotas,
      arena: yield* BrokerArena,
      codecs,
      scope
    }
    const offlineLogDirs = () => DirectoryAssignments.offlineLogDirs(storage.directories, assignments)
    /** From when on the metadata is acted on. Once. */
    return { services, replicas, offlineLogDirs, follow: Scope.provide(follow, scope) }
  })

/** What the controller is told of this broker: where clients reach it, on the ports really bound. */
export const registration = (config: StaticConfig, storage: Storage, listeners: ReadonlyArray<BoundListener>) => ({
  brokerId: config.values["node.id"],
  clusterId: storage.clusterId,
  endpoints: config.endpoints.advertised.map(({ name, host, port }) => {
    const bound = listeners.find((listener) => listener.name === name)
    return {
      name,
      host: host === "" ? (bound?.address.host ?? "localhost") : host,
      port: port === 0 ? (bound?.address.port ?? 0) : port,
      securityProtocol: plaintext
    }
  }),
  features: supportedFeatures,
  rack: config.values["broker.rack"],
  logDirs: storage.directories.map((directory) => directory.log.directoryId),
  previousBrokerEpoch: previousEpoch(storage)
})

/** Under which epoch all directories were last left in good order; -1 when one was not. */
const previousEpoch = ({ directories }: Storage): number =>
  Math.min(...directories.map(({ log }) => (log.cleanShutdown ? log.previousBrokerEpoch : -1)))
