/**
 * What handlers work with, assembled once by `Broker.ts`. Invariant: handlers reach state only through this: they hold none of
 * their own.
 */
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import type { TopicConfig } from "@klamm/config/TopicConfig"
import type { GroupCoordinator } from "@klamm/coordinator"
import type { Arena } from "@klamm/platform/Arena"
import type { Codecs } from "@klamm/protocol/Compression"
import type { FetchWaiters } from "@klamm/replica/FetchWaiters"
import type { Replicas } from "@klamm/replica/Replicas"
import type { Cluster } from "./Cluster.ts"
import type { ControllerClient } from "./ControllerClient.ts"
import type { FetchSessions } from "./FetchSessions.ts"
import type { ProducerIds } from "./ProducerIds.ts"

export interface Services {
  readonly nodeId: number
  readonly clusterId: string
  readonly staticConfig: StaticConfig
  /** The configuration at this moment. */
  readonly config: () => BrokerSnapshot
  readonly cluster: () => Cluster
  readonly topicConfig: (topicName: string) => TopicConfig
  readonly replicas: Replicas
  readonly coordinator: GroupCoordinator
  readonly controller: ControllerClient
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessions
  readonly fetchWaiters: FetchWaiters
  readonly arena: Arena
  readonly codecs: Codecs
}
