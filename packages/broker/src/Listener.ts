/**
 * A listener: accepts connections, within limits, and ends those that have been silent too long.
 *
 * Invariants: never more connections than max.connections, or from one address than max.connections.per.ip; a connection
 * without traffic for connections.max.idle.ms is closed (behaviour 017); one that comes too soon after others waits, and counts
 * meanwhile. One sweep looks after all connections, so that an idle one costs no timer.
 */
import type { Endpoint } from "@klamm/config/Listeners"
import type { Arena } from "@klamm/platform/Arena"
import * as Network from "@klamm/platform/Network"
import * as Frame from "@klamm/protocol/Frame"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { type ConnectionServices, serve } from "./Connection.ts"
import type { ConnectionRate } from "./ConnectionRate.ts"

export interface ListenerLimits {
  readonly maxFrameBytes: number
  /** Bytes of requests not dealt with, at which a connection stops reading (klamm.queued.bytes.per.connection). */
  readonly receiveLimitBytes: number
  readonly maxConnections: number
  /** max.connections.per.ip, or what max.connections.per.ip.overrides says of the address. */
  readonly maxConnectionsFrom: (host: string) => number
  /** Negative: never. */
  readonly maxIdleMs: number
}

interface Client {
  readonly connection: Network.Connection
  lastReadMs: number
}

/** How often idle connections are looked for. */
export const idleSweepMs = 5_000

/** The connections of all listeners of a broker, counted and swept together. */
export class Connections {
  private readonly clients = new Set<Client>()
  private readonly perAddress = new Map<string, number>()
  private nextId = 1

  get size(): number {
    return this.clients.size
  }

  admits(host: string, limits: ListenerLimits): boolean {
    const fromHost = this.perAddress.get(host) ?? 0
    return this.clients.size < limits.maxConnections && fromHost < limits.maxConnectionsFrom(host)
  }

  add(connection: Network.Connection, nowMs: number) {
    const client: Client = { connection, lastReadMs: nowMs }
    const { host } = connection.remote
    this.clients.add(client)
    this.perAddress.set(host, (this.perAddress.get(host) ?? 0) + 1)
    const id = this.nextId
    this.nextId += 1
    const touch = (at: number) => {
      client.lastReadMs = at
    }
    return { id, touch, remove: () => this.remove(client) }
  }

  private remove(client: Client): void {
    if (!this.clients.delete(client)) return
    const { host } = client.connection.remote
    const left = (this.perAddress.get(host) ?? 1) - 1
    if (left === 0) this.perAddress.delete(host)
    else this.perAddress.set(host, left)
  }

  idleSince(olderThanMs: number): ReadonlyArray<Network.Connection> {
    return [...this.clients].filter((client) => client.lastReadMs < olderThanMs).map((client) => client.connection)
  }
}

/** Closes what has been silent for longer than allowed, again and again. */
export const sweepIdle = (connections: Connections, limits: () => ListenerLimits): Effect.Effect<never> =>
  Effect.gen(function* () {
    const { maxIdleMs } = limits()
    const now = yield* Clock.currentTimeMillis
    const idle = maxIdleMs < 0 ? [] : connections.idleSince(now - maxIdleMs)
    for (const connection of idle) yield* connection.close
    yield* Effect.sleep(idleSweepMs)
  }).pipe(Effect.forever)

/** Ends when the listener may take one more connection: they wait for one another, in the order in which they came. */
const makeTurns = (rate: ConnectionRate, listener: string): Effect.Effect<void> => {
  const turns = Semaphore.makeUnsafe(1)
  const wait = Effect.suspend(() => {
    const delayMs = rate.take(listener)
    return delayMs === 0 ? Effect.void : Effect.sleep(delayMs)
  })
  return Effect.suspend(() => (rate.isLimited(listener) ? Semaphore.withPermits(turns, 1, wait) : Effect.void))
}

/** Listens at the endpoint until the scope ends; answers the address really bound. */
export const listen = (
  endpoint: Endpoint,
  connections: Connections,
  rate: ConnectionRate,
  limits: () => ListenerLimits,
  arena: Arena,
  services: ConnectionServices
): Effect.Effect<Network.Listener, Network.NetworkError, Network.Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const clock = yield* Clock.Clock
    const framing = {
      frameLength: (bytes: Uint8Array, start: number, end: number) =>
        Frame.frameLength(bytes, start, end, limits().maxFrameBytes)
    }
    const turn = makeTurns(rate, endpoint.name)
    const accept = (connection: Network.Connection) =>
      Effect.suspend(() => {
        if (!connections.admits(connection.remote.host, limits())) {
          return Effect.logWarning(`refused a connection from ${connection.remote.host}: the limit is reached`)
        }
        return Effect.acquireUseRelease(
          Effect.sync(() => connections.add(connection, clock.currentTimeMillisUnsafe())),
          ({ id, touch }) => {
            const info = { id, listenerName: endpoint.name, securityProtocol: endpoint.protocol, touch }
            return Effect.andThen(turn, serve(connection, info, services))
          },
          ({ remove }) => Effect.sync(remove)
        )
      })
    const options = { arena, framing, receiveLimitBytes: limits().receiveLimitBytes }
    return yield* network.listen({ host: endpoint.host, port: endpoint.port }, options, accept)
  })
