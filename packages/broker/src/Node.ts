/**
 * The parts of one node, put together: configuration, replicas, groups, the follower of the metadata, and what handlers work with.
 */
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import type { ControllerNode } from "@klamm/controller"
import { Features } from "@klamm/controller"
import { type GroupSettings, makeGroupCoordinator } from "@klamm/coordinator"
import type { Codecs } from "@klamm/protocol/Compression"
import { type FetcherSettings, FetchWaiters, Replicas } from "@klamm/replica"
import type { Settings as HousekeepingSettings } from "@klamm/replica/Housekeeping"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { BoundListener } from "./Broker.ts"
import * as ControllerClient from "./ControllerClient.ts"
import type { BrokerFailure } from "./Failure.ts"
import { FetchSessions } from "./FetchSessions.ts"
import type { LiveConfig } from "./LiveConfig.ts"
import * as MetadataFollower from "./MetadataFollower.ts"
import { groupOperations } from "./Operations.ts"
import { BrokerArena } from "./ProcessArena.ts"
import * as ProducerIds from "./ProducerIds.ts"
import type { Services } from "./Services.ts"
import type { Storage } from "./Storage.ts"

const minuteMs = 60_000
const maxSessionId = 2_147_483_646
/** Kafka's SecurityProtocol id. */
const plaintext = 0

export interface NodeOptions {
  readonly config: StaticConfig
  readonly live: LiveConfig
  readonly codecs: Codecs
  readonly storage: Storage
  readonly controller: ControllerNode.ControllerNode
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

const fetchSettings = ({ values }: BrokerSnapshot): FetcherSettings => ({
  minBytes: values["replica.fetch.min.bytes"],
  maxWaitMs: values["replica.fetch.wait.max.ms"],
  partitionMaxBytes: values["replica.fetch.max.bytes"],
  responseMaxBytes: values["replica.fetch.response.max.bytes"],
  backoffMs: values["replica.fetch.backoff.ms"],
  timeoutMs: values["replica.socket.timeout.ms"]
})

const groupSettings = ({ values }: BrokerSnapshot): GroupSettings => ({
  minSessionTimeoutMs: values["group.min.session.timeout.ms"],
  maxSessionTimeoutMs: values["group.max.session.timeout.ms"],
  initialRebalanceDelayMs: values["group.initial.rebalance.delay.ms"],
  maxSize: values["group.max.size"],
  offsetMetadataMaxBytes: values["offset.metadata.max.bytes"],
  offsetsRetentionMs: values["offsets.retention.minutes"] * minuteMs,
  offsetsRetentionCheckIntervalMs: values["offsets.retention.check.interval.ms"],
  offsetsTopicNumPartitions: values["offsets.topic.num.partitions"]
})

const makeReplicas = ({ config, live, codecs, storage, failed }: NodeOptions) =>
  Replicas.make({
    nodeId: config.values["node.id"],
    directories: storage.directories,
    rules: (topicName) => live.rules(topicName),
    housekeeping: () => housekeeping(live.snapshot),
    decompression: () => ({ codecs, maxBytes: live.snapshot.values["klamm.decompressed.batch.max.bytes"] }),
    otherLogs: [storage.metadataLog],
    fetchSettings: () => fetchSettings(live.snapshot),
    addressOf: () => undefined,
    fetch: () => Effect.fail({ message: "this node knows no other" }),
    disconnect: () => Effect.void,
    brokerEpoch: () => -1,
    alterPartition: () => Effect.succeed(undefined),
    assignDirectory: () => undefined,
    onAllFailed: (error) => Effect.asVoid(Deferred.fail(failed, error)),
    onDefect: (cause) => Effect.asVoid(Deferred.failCause(failed, cause))
  })

/** The ids of fetch sessions are hard to guess by accident, not by intent: 1 to the largest int32. */
const sessionIds = Effect.map(Random.Random, (random) => () => 1 + Math.floor(random.nextDoubleUnsafe() * maxSessionId))

export const make = (options: NodeOptions) =>
  Effect.gen(function* () {
    const { config, live, codecs, storage, controller } = options
    const nodeId = config.values["node.id"]
    const replicas = yield* makeReplicas(options)
    const decompression = () => ({ codecs, maxBytes: live.snapshot.values["klamm.decompressed.batch.max.bytes"] })
    const coordinator = yield* makeGroupCoordinator({
      config: () => groupSettings(live.snapshot),
      groupOperations,
      decompression
    })
    const follower = yield* MetadataFollower.make({ nodeId, controller, config: live, replicas, coordinator })
    const client = ControllerClient.make(controller, follower.awaitOffset)
    let brokerEpoch = (): number => -1
    const slots = config.values["max.incremental.fetch.session.cache.slots"]
    const services: Services = {
      nodeId,
      clusterId: storage.clusterId,
      staticConfig: config,
      config: () => live.snapshot,
      cluster: follower.cluster,
      topicConfig: (topicName) => live.topicConfig(topicName),
      replicas,
      coordinator,
      controller: client,
      producerIds: ProducerIds.make(client, { id: nodeId, epoch: () => brokerEpoch() }),
      fetchSessions: new FetchSessions(slots, yield* sessionIds),
      fetchWaiters: yield* FetchWaiters.make,
      arena: yield* BrokerArena,
      codecs
    }
    const setBrokerEpoch = (epoch: () => number): void => {
      brokerEpoch = epoch
    }
    return { services, replicas, follower, setBrokerEpoch }
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
  features: Features.supported.map(({ name, minVersion, maxVersion }) => ({
    name,
    minSupportedVersion: minVersion,
    maxSupportedVersion: maxVersion
  })),
  rack: config.values["broker.rack"],
  logDirs: storage.directories.map((directory) => directory.log.directoryId),
  previousBrokerEpoch: -1
})
