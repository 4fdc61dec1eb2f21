/** The cluster as a whole: its brokers and controllers, the metadata quorum and its voters, finalized features. */
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { DescribeQuorumRequest, DescribeQuorumResponse } from "@klamm/protocol/api/55-DescribeQuorum"
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from "@klamm/protocol/api/57-UpdateFeatures"
import { DescribeClusterRequest, DescribeClusterResponse } from "@klamm/protocol/api/60-DescribeCluster"
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from "@klamm/protocol/api/64-UnregisterBroker"
import { AddRaftVoterRequest, AddRaftVoterResponse } from "@klamm/protocol/api/80-AddRaftVoter"
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from "@klamm/protocol/api/81-RemoveRaftVoter"
import { UnregisterControllerRequest, UnregisterControllerResponse } from "@klamm/protocol/api/94-UnregisterController"
import {
  type AclOperation,
  type Admin,
  anyBroker,
  ask,
  controller,
  failureOf,
  failuresOf,
  operationsIn,
  outcome
} from "./Call.ts"

const timeoutMs = 30_000

/** A broker, where clients reach it, and whether the controller has it fenced: registered, and not to be used. */
export interface ClusterNode {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

/** The cluster as one broker knows it. Operations are there when they were asked for. */
export interface ClusterDescription {
  readonly clusterId: string
  /** Undefined: not known at the moment. */
  readonly controller: number | undefined
  readonly nodes: ReadonlyArray<ClusterNode>
  readonly authorizedOperations: ReadonlyArray<AclOperation> | undefined
}

/** Who belongs to the cluster. `includeFenced` needs a cluster that knows it (KIP-1073); fails with AdminError. */
export const describeCluster = (
  options: { readonly includeFenced?: boolean; readonly authorizedOperations?: boolean } = {}
): Admin<ClusterDescription> =>
  ask({
    operation: "describeCluster",
    target: anyBroker,
    api: { request: DescribeClusterRequest, response: DescribeClusterResponse },
    body: (version) => ({
      includeClusterAuthorizedOperations: options.authorizedOperations ?? false,
      ...(version >= 2 ? { includeFencedBrokers: options.includeFenced ?? false } : {})
    }),
    read: (answer) =>
      outcome(
        {
          clusterId: answer.clusterId,
          controller: answer.controllerId < 0 ? undefined : answer.controllerId,
          nodes: answer.brokers.map(({ brokerId, host, port, rack, isFenced }) => ({
            id: brokerId,
            host,
            port,
            rack,
            isFenced
          })),
          authorizedOperations: operationsIn(answer.clusterAuthorizedOperations)
        },
        failureOf("", answer)
      )
  })

/** A broker that will not come back is forgotten (KIP-631). */
export const unregisterBroker = (id: number): Admin<void> =>
  ask({
    operation: "unregisterBroker",
    target: controller,
    api: { request: UnregisterBrokerRequest, response: UnregisterBrokerResponse },
    body: { brokerId: id },
    read: (answer) => outcome(undefined, failureOf(`broker ${id}`, answer))
  })

/** A controller that will not come back is forgotten. */
export const unregisterController = (id: number): Admin<void> =>
  ask({
    operation: "unregisterController",
    target: controller,
    api: { request: UnregisterControllerRequest, response: UnregisterControllerResponse },
    body: { controllerId: id },
    read: (answer) => outcome(undefined, failureOf(`controller ${id}`, answer))
  })

/** One replica of the metadata log: how far it is, and when it was last heard of. Times are the leader's. */
export interface QuorumReplica {
  readonly id: number
  readonly directoryId: string
  readonly logEndOffset: number
  /** Milliseconds since 1970; -1: unknown. */
  readonly lastFetchMs: number
  readonly lastCaughtUpMs: number
}

/** The quorum as its leader sees it: voters, observers, and where its nodes listen. */
export interface QuorumDescription {
  readonly leader: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: ReadonlyArray<QuorumReplica>
  readonly observers: ReadonlyArray<QuorumReplica>
  readonly nodes: ReadonlyArray<{
    readonly id: number
    readonly listeners: ReadonlyArray<{ readonly name: string; readonly host: string; readonly port: number }>
  }>
}

const replicaOf = (replica: {
  readonly replicaId: number
  readonly replicaDirectoryId: string
  readonly logEndOffset: number
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
}): QuorumReplica => ({
  id: replica.replicaId,
  directoryId: replica.replicaDirectoryId,
  logEndOffset: replica.logEndOffset,
  lastFetchMs: replica.lastFetchTimestamp,
  lastCaughtUpMs: replica.lastCaughtUpTimestamp
})

/** Asks the leader of the metadata quorum; fails with AdminError. */
export const describeQuorum: Admin<QuorumDescription> = ask({
  operation: "describeQuorum",
  target: anyBroker,
  api: { request: DescribeQuorumRequest, response: DescribeQuorumResponse },
  body: { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] },
  read: (answer) => {
    const partition = answer.topics[0]?.partitions[0]
    return outcome(
      {
        leader: partition?.leaderId ?? -1,
        leaderEpoch: partition?.leaderEpoch ?? -1,
        highWatermark: partition?.highWatermark ?? -1,
        voters: partition?.currentVoters.map(replicaOf) ?? [],
        observers: partition?.observers.map(replicaOf) ?? [],
        nodes: answer.nodes.map(({ nodeId, listeners }) => ({
          id: nodeId,
          listeners: listeners.map(({ name, host, port }) => ({ name, host, port }))
        }))
      },
      [...failureOf("", answer), ...(partition === undefined ? [] : failureOf("__cluster_metadata-0", partition))]
    )
  }
})

/** A voter is a node and its metadata directory (KIP-853). */
export interface Voter {
  readonly id: number
  /** Of its metadata directory. */
  readonly directoryId: string
}

/** KIP-853: one voter at a time joins the quorum. */
export const addVoter = (
  voter: Voter & {
    readonly listeners: ReadonlyArray<{ readonly name: string; readonly host: string; readonly port: number }>
    readonly clusterId?: string
  }
): Admin<void> =>
  ask({
    operation: "addVoter",
    target: controller,
    api: { request: AddRaftVoterRequest, response: AddRaftVoterResponse },
    body: {
      clusterId: voter.clusterId ?? null,
      timeoutMs,
      voterId: voter.id,
      voterDirectoryId: voter.directoryId,
      listeners: voter.listeners
    },
    read: (answer) => outcome(undefined, failureOf(`voter ${voter.id}`, answer))
  })

/**
 * A voter leaves the quorum; its directory id must be the one that it has. Fails with AdminError, VOTER_NOT_FOUND
 * among them.
 */
export const removeVoter = (voter: Voter & { readonly clusterId?: string }): Admin<void> =>
  ask({
    operation: "removeVoter",
    target: controller,
    api: { request: RemoveRaftVoterRequest, response: RemoveRaftVoterResponse },
    body: { clusterId: voter.clusterId ?? null, voterId: voter.id, voterDirectoryId: voter.directoryId },
    read: (answer) => outcome(undefined, failureOf(`voter ${voter.id}`, answer))
  })

/** From a lowest to a highest level, both included. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** Levels of features, by their names such as `metadata.version`. */
export interface FeatureDescription {
  /** What the cluster has agreed on. */
  readonly finalized: ReadonlyMap<string, VersionRange>
  /** Of the metadata; -1: unknown. */
  readonly finalizedEpoch: number
  /** What the broker that was asked could do. */
  readonly supported: ReadonlyMap<string, VersionRange>
}

/** What the cluster has agreed on and what the asked broker could do. Fails with AdminError. */
export const describeFeatures: Admin<FeatureDescription> = ask({
  operation: "describeFeatures",
  target: anyBroker,
  api: { request: ApiVersionsRequest, response: ApiVersionsResponse },
  minVersion: 3,
  body: { clientSoftwareName: "klamm", clientSoftwareVersion: "0.1.0" },
  read: (answer) =>
    outcome(
      {
        finalized: new Map(
          answer.finalizedFeatures.map(({ name, minVersionLevel, maxVersionLevel }) => [
            name,
            { min: minVersionLevel, max: maxVersionLevel }
          ])
        ),
        finalizedEpoch: Number(answer.finalizedFeaturesEpoch),
        supported: new Map(
          answer.supportedFeatures.map(({ name, minVersion, maxVersion }) => [
            name,
            { min: minVersion, max: maxVersion }
          ])
        )
      },
      failureOf("", answer)
    )
})

const upgradeTypes = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

/** The level a feature is to have; 0 turns it off. */
export interface FeatureUpdate {
  readonly feature: string
  readonly level: number
  /** `upgrade` unless said. */
  readonly type?: keyof typeof upgradeTypes
}

/** Raises or lowers levels, all of them or none. Fails with AdminError, and with `validateOnly` does nothing else. */
export const updateFeatures = (
  updates: ReadonlyArray<FeatureUpdate>,
  options: { readonly validateOnly?: boolean } = {}
): Admin<void> =>
  ask({
    operation: "updateFeatures",
    target: controller,
    api: { request: UpdateFeaturesRequest, response: UpdateFeaturesResponse },
    minVersion: 1,
    body: {
      timeoutMs,
      featureUpdates: updates.map(({ feature, level, type = "upgrade" }) => ({
        feature,
        maxVersionLevel: level,
        upgradeType: upgradeTypes[type]
      })),
      validateOnly: options.validateOnly ?? false
    },
    read: (answer) =>
      outcome(
        undefined,
        [...failureOf("", answer), ...failuresOf(answer.results, ({ feature }) => feature)],
        Math.max(1, answer.results.length)
      )
  })
