/**
 * How replicas reach the rest of the cluster: their leaders' brokers by Fetch, the controller by AlterPartition and AssignReplicasToDirs.
 */
import { Brokers } from "@klamm/metadata"
import type { Address } from "@klamm/platform/Network"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import type { FetcherOptions } from "@klamm/replica/Fetcher"
import type { IsrUpdatesOptions } from "@klamm/replica/IsrUpdates"
import type { Control } from "./Control.ts"
import { latestVersion } from "./Handler.ts"

const api = { request: FetchRequest, response: FetchResponse }

const addressOf = ({ controller, services }: Control, brokerId: number): Address | undefined => {
  const { interBrokerListenerName } = services.staticConfig.endpoints
  return Brokers.get(controller.image().brokers, brokerId)?.endpoints.find(
    ({ name }) => name === interBrokerListenerName
  )
}

export const make = (
  control: Control,
  brokerEpoch: () => number
): FetcherOptions &
  IsrUpdatesOptions & {
    readonly assignDirectory: (topicId: string, partition: number, directoryId: string) => void
  } => {
  const { live, peers, services } = control
  const { nodeId, controller } = services
  return {
    nodeId,
    brokerEpoch,
    addressOf: (brokerId) => addressOf(control, brokerId),
    fetch: (to, body, timeoutMs) => peers.replicaFetch.request(to, api, latestVersion(FetchRequest), body, timeoutMs),
    disconnect: peers.replicaFetch.disconnect,
    fetchSettings: () => {
      const { values } = live.snapshot
      return {
        minBytes: values["replica.fetch.min.bytes"],
        maxWaitMs: values["replica.fetch.wait.max.ms"],
        partitionMaxBytes: values["replica.fetch.max.bytes"],
        responseMaxBytes: values["replica.fetch.response.max.bytes"],
        backoffMs: values["replica.fetch.backoff.ms"],
        timeoutMs: values["replica.socket.timeout.ms"]
      }
    },
    alterPartition: (command) =>
      controller.ask({ _tag: "AlterPartition", brokerId: nodeId, brokerEpoch: brokerEpoch(), ...command }),
    assignDirectory: () => undefined
  }
}
