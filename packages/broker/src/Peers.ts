/**
 * The connections of this node to others, one set for each purpose, and the words for what only nodes of this kind say (`Bus.ts`, loaded
 * when first needed: a node that is alone starts without Schema and msgpack). Invariant: what waits long at the other end (a fetch, a commit) shares
 * its connection with nothing that must not wait (a vote, a heartbeat).
 */
import { Channels } from "@klamm/channel"
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import type { ControllerNode } from "@klamm/controller"
import type { Arena } from "@klamm/platform/Arena"
import type { ConnectionOptions, Network } from "@klamm/platform/Network"
import type { RaftNode } from "@klamm/raft"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AskRemote } from "./ControllerClient.ts"
import type { Handler } from "./Handler.ts"

/** Votes and who leads; fetches of the metadata log, which wait; changes of the voters, which wait for a commit. */
export interface QuorumChannels {
  readonly quorum: Channels.Channels
  readonly fetch: Channels.Channels
  readonly changes: Channels.Channels
}

/** How messages between nodes become frames, and who answers them. */
export interface Bus {
  /** The quorum's messages. */
  readonly quorumPeers: (channels: QuorumChannels) => RaftNode.QuorumPeers
  /** A question to the controller of another node. */
  readonly ask: (channels: Channels.Channels) => AskRemote
  /** The handlers of all of it; answers are made in `scope`. */
  readonly handlers: (node: ControllerNode.ControllerNode, scope: Scope.Scope) => ReadonlyArray<Handler>
}

export interface Peers {
  readonly bus: Effect.Effect<Bus>
  /** How this node connects to others. */
  readonly connection: ConnectionOptions
  readonly quorum: QuorumChannels
  /** Questions to the active controller. */
  readonly controller: Channels.Channels
  readonly heartbeats: Channels.Channels
  /** Fetches of replicas: each of the loops that fetch from a broker (num.replica.fetchers) has its own. */
  readonly replicaFetch: (fetcher: number) => Effect.Effect<Channels.Channels>
}

export const make = (
  config: StaticConfig,
  arena: Arena,
  loadBus: Effect.Effect<Bus>
): Effect.Effect<Peers, never, Network | Scope.Scope> => {
  const { values } = config
  // What others may send us is no bound on what they answer: a batch that came in a request of the largest size has to be replicated.
  const limits = { arena, maxFrameBytes: arena.limitBytes }
  const open = (purpose: string) =>
    Channels.make({
      ...limits,
      clientId: `broker-${values["node.id"]}-${purpose}`,
      connectTimeoutMs: values["socket.connection.setup.timeout.ms"]
    })
  return Effect.all({
    bus: Effect.cached(loadBus),
    connection: Effect.succeed(Channels.connectionOptions(limits)),
    quorum: Effect.all({ quorum: open("quorum"), fetch: open("metadata-fetch"), changes: open("voters") }),
    controller: open("controller"),
    heartbeats: open("heartbeats"),
    replicaFetch: Effect.map(Effect.context<Network | Scope.Scope>(), (context) => {
      const made = new Map<number, Channels.Channels>()
      return (fetcher: number) =>
        Effect.suspend(() => {
          const known = made.get(fetcher)
          if (known !== undefined) return Effect.succeed(known)
          return Effect.tap(Effect.provideContext(open(`fetcher-${fetcher}`), context), (channels) =>
            Effect.sync(() => made.set(fetcher, channels))
          )
        })
    })
  })
}
