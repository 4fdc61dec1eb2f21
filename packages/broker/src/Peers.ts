/**
 * The connections of this node to others, one set for each purpose. Invariant: what waits long at the other end (a fetch, a commit) shares
 * its connection with nothing that must not wait (a vote, a heartbeat).
 */
import { Channels } from "@klamm/channel"
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import type { Arena } from "@klamm/platform/Arena"
import type { Network } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Peers {
  /** Votes and the other short messages of the quorum. */
  readonly quorum: Channels.Channels
  /** Fetches of the metadata log. */
  readonly metadataFetch: Channels.Channels
  /** Questions to the active controller. */
  readonly controller: Channels.Channels
  readonly heartbeats: Channels.Channels
  /** Fetches of replicas. */
  readonly replicaFetch: Channels.Channels
}

export const make = (config: StaticConfig, arena: Arena): Effect.Effect<Peers, never, Network | Scope.Scope> => {
  const { values } = config
  const open = (purpose: string) =>
    Channels.make({
      arena,
      clientId: `broker-${values["node.id"]}-${purpose}`,
      maxFrameBytes: values["socket.request.max.bytes"],
      connectTimeoutMs: values["socket.connection.setup.timeout.ms"]
    })
  return Effect.all({
    quorum: open("quorum"),
    metadataFetch: open("metadata-fetch"),
    controller: open("controller"),
    heartbeats: open("heartbeats"),
    replicaFetch: open("replica-fetch")
  })
}
