/**
 * Who makes up the metadata quorum, as this node's configuration says it. Invariant: a node that others may vote with founds no cluster
 * on its own: two nodes would found two. Kafka: QuorumConfig, KafkaRaftManager.
 */
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { roles } from "@klamm/config/Derived"
import { parseVoters, type Voter } from "@klamm/config/Listeners"
import type { Address } from "@klamm/platform/Network"

/** The voters of controller.quorum.voters; empty where voters are recorded in the metadata log (KIP-853). */
export const staticVoters = ({ values }: StaticConfig): ReadonlyArray<Voter> =>
  parseVoters(values["controller.quorum.voters"])

const parseServer = (server: string): Address => {
  const at = server.lastIndexOf(":")
  return { host: server.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(server.slice(at + 1)) }
}

/** Where a node that knows no leader asks for one (controller.quorum.bootstrap.servers). */
export const bootstrapServers = ({ values }: StaticConfig): ReadonlyArray<Address> =>
  values["controller.quorum.bootstrap.servers"].map(parseServer)

/** Where this node's controller is reached by others; undefined on a node without one. */
export const controllerAddress = ({ endpoints }: StaticConfig): Address | undefined => {
  const endpoint = endpoints.advertisedController[0]
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port }
}

/**
 * True for the only controller there is, as far as the configuration says: it may found a cluster by itself. With
 * bootstrap servers that is one whose single server is its own controller's port.
 */
export const isAlone = (config: StaticConfig): boolean => {
  if (!roles(config.values).controller) return false
  const voters = staticVoters(config)
  if (voters.length > 0) return voters.every(({ id }) => id === config.values["node.id"])
  const own = controllerAddress(config)
  const servers = bootstrapServers(config)
  return servers.length === 1 && (own === undefined || own.port === 0 || servers[0]!.port === own.port)
}
