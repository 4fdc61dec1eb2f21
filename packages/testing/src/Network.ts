/**
 * The network's seam for those who write a layer of their own: the service, its error, the network in memory and the real one to begin
 * with. What a connection reads comes as whole frames; what it writes goes as chunks.
 */
export {
  type Address,
  type Connection,
  type ConnectionOptions,
  type Frame,
  Network,
  NetworkError,
  type NetworkErrorReason
} from "@klamm/platform/Network"
export { layerMemory, type MemoryNetwork, makeMemoryNetwork } from "@klamm/platform/NetworkMemory"
export { layer as layerTcp } from "@klamm/platform/node/NodeNetwork"
