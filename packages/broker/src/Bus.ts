/**
 * What nodes say to one another, on the wire: the quorum's messages and questions to the controller, both ways. Imported by name only,
 * because it brings Schema and msgpack along. Invariant: every key has its handler, and `PeerKeys.ts` names each.
 */
import { peerApi } from "@klamm/channel/PeerApi"
import * as QuorumBus from "@klamm/raft/Bus"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { peerHandler } from "./PeerHandler.ts"
import type * as Peers from "./Peers.ts"

const Any = Schema.Unknown as Schema.Codec<any, any>
const AskController = peerApi<any, any, any, any>("AskController", 10_010, Any, Any)
const pack = (value: any): any =>
  value instanceof Map
    ? { __map: [...value].map(pack) }
    : Array.isArray(value)
      ? value.map(pack)
      : value !== null && typeof value === "object" && !(value instanceof Uint8Array)
        ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, pack(v)]))
        : value
const unpack = (value: any): any =>
  Array.isArray(value)
    ? value.map(unpack)
    : value !== null && typeof value === "object" && !(value instanceof Uint8Array)
      ? "__map" in value
        ? new Map(unpack(value.__map))
        : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unpack(v)]))
      : value

export const bus: Peers.Bus = {
  quorumPeers: QuorumBus.quorumPeers,
  ask: (channels) => (to, command, timeoutMs) =>
    Effect.map(channels.call(to, AskController, { command: pack(command) }, timeoutMs), unpack),
  handlers: (node, scope) => [
    ...QuorumBus.handlers(node.raft, (api, handle) => peerHandler(api, scope, handle)),
    peerHandler(
      AskController,
      scope,
      ({ command }) => Effect.map(node.submit(unpack(command)), pack) as Effect.Effect<any>
    )
  ]
}
