/**
 * What handlers work with, assembled once by `Broker.ts`. Invariant: handlers reach state only through this: they hold none of
 * their own.
 */
import type { Channels } from "@klamm/channel"
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import type { TopicConfig } from "@klamm/config/TopicConfig"
import type { GroupCoordinator } from "@klamm/coordinator"
import type { Arena } from "@klamm/platform/Arena"
import type { Codecs } from "@klamm/protocol/Compression"
import type { RaftNode } from "@klamm/raft"
import type { FetchWaiters } from "@klamm/replica/FetchWaiters"
import type { Replicas } from "@klamm/replica/Replicas"
import type * as Scope from "effect/Scope"
import type { Cluster } from "./Cluster.ts"
import type { ControllerClient } from "./ControllerClient.ts"
import type { FetchSessions } from "./FetchSessions.ts"
import type { ProducerIds } from "./ProducerIds.ts"
import type { ReplicationQuotas } from "./ReplicationQuotas.ts"

/** What the handlers of every node work with, a broker's or only a controller's. */
export interface ControlServices {
  readonly nodeId: number
  readonly clusterId: string
  readonly staticConfig: StaticConfig
  /** The configuration at this moment. */
  readonly config: () => BrokerSnapshot
  readonly cluster: () => Cluster
  readonly topicConfig: (topicName: string) => TopicConfig
  readonly controller: ControllerClient
  readonly quorum: QuorumAccess
}

/** This node's part in the metadata quorum, and the connections to the others in it. */
export interface QuorumAccess {
  readonly node: RaftNode.RaftNode
  readonly channels: Channels.Channels
}

export interface Services extends ControlServices {
  readonly replicas: Replicas
  readonly coordinator: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessions
  readonly fetchWaiters: FetchWaiters
  readonly quotas: ReplicationQuotas
  readonly arena: Arena
  readonly codecs: Codecs
  /** Of what goes on when a request has been answered. */
  readonly scope: Scope.Scope
}
