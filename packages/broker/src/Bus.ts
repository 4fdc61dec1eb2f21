/**
 * What nodes say to one another, on the wire: the quorum's messages and questions to the controller, both ways. Imported by name only,
 * because it brings Schema and msgpack along. Invariant: every key has its handler, and `PeerKeys.ts` names each.
 */
import * as ControllerBus from "@klamm/controller/Bus"
import * as QuorumBus from "@klamm/raft/Bus"
import { peerHandler } from "./PeerHandler.ts"
import type * as Peers from "./Peers.ts"

export const bus: Peers.Bus = {
  quorumPeers: QuorumBus.quorumPeers,
  ask: ControllerBus.ask,
  handlers: (node, scope) => [
    ...QuorumBus.handlers(node.raft, (api, handle) => peerHandler(api, scope, handle)),
    peerHandler(ControllerBus.AskController, scope, ControllerBus.answer(node))
  ]
}
