/**
 * How replicas reach the rest of the cluster: their leaders' brokers by Fetch, the controller by AlterPartition and AssignReplicasToDirs.
 */
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Brokers } from "@klamm/metadata"
import type { Address } from "@klamm/platform/Network"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import type { Replicas } from "@klamm/replica"
import type { FetcherOptions, FetcherSettings } from "@klamm/replica/Fetcher"
import type { IsrUpdatesOptions } from "@klamm/replica/IsrUpdates"
import * as Effect from "effect/Effect"
import type { Control } from "./Control.ts"
import type { DirectoryAssignments } from "./DirectoryAssignments.ts"
import { latestVersion } from "./Handler.ts"
import { rackAwareSelector } from "./ReplicaSelector.ts"
import type { ReplicationQuotas } from "./ReplicationQuotas.ts"

const api = { request: FetchRequest, response: FetchResponse }

const addressOf = ({ controller, services }: Control, brokerId: number): Address | undefined => {
  const { interBrokerListenerName } = services.staticConfig.endpoints
  return Brokers.get(controller.image().brokers, brokerId)?.endpoints.find(
    ({ name }) => name === interBrokerListenerName
  )
}

/** How replicas fetch, of the configuration as it is now. */
export const fetchSettings = ({ values }: BrokerSnapshot): FetcherSettings => ({
  minBytes: values["replica.fetch.min.bytes"],
  maxWaitMs: values["replica.fetch.wait.max.ms"],
  partitionMaxBytes: values["replica.fetch.max.bytes"],
  responseMaxBytes: values["replica.fetch.response.max.bytes"],
  backoffMs: values["replica.fetch.backoff.ms"],
  timeoutMs: values["replica.socket.timeout.ms"],
  fetchers: values["num.replica.fetchers"],
  servesConsumers: values["replica.selector.class"] === rackAwareSelector
})

export type Ports = FetcherOptions & IsrUpdatesOptions & Pick<Replicas.ReplicasOptions, "assignDirectory">

/** Everything that replicas ask of the rest of the cluster. */
export const make = (
  control: Control,
  quotas: ReplicationQuotas,
  { assign }: DirectoryAssignments,
  brokerEpoch: () => number
): Ports => {
  const { live, peers, services } = control
  const { nodeId, controller } = services
  return {
    nodeId,
    brokerEpoch,
    addressOf: (brokerId) => addressOf(control, brokerId),
    fetch: ({ address, fetcher }, body, timeoutMs) =>
      Effect.flatMap(peers.replicaFetch(fetcher), (channels) =>
        channels.request(address, api, latestVersion(FetchRequest), body, timeoutMs)
      ),
    disconnect: ({ address, fetcher }) =>
      Effect.flatMap(peers.replicaFetch(fetcher), (channels) => channels.disconnect(address)),
    fetchSettings: () => fetchSettings(live.snapshot),
    quota: quotas.follower,
    alterPartition: (command) =>
      controller.ask({ _tag: "AlterPartition", brokerId: nodeId, brokerEpoch: brokerEpoch(), ...command }),
    assignDirectory: assign
  }
}
