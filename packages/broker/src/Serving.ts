/**
 * The listeners of a node. Invariants: each listener has the handlers of its kind, for clients and brokers or for controllers; limits on
 * connections count those of all listeners together; each connection remembers which listener it came by.
 */
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import { connectionOverrides } from "@klamm/config/Derived"
import type { Endpoint } from "@klamm/config/Listeners"
import type { Arena } from "@klamm/platform/Arena"
import { monotonicMsOf } from "@klamm/platform/Moment"
import type { Network, NetworkError } from "@klamm/platform/Network"
import { NodeTelemetry } from "@klamm/platform/Telemetry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BoundListener } from "./Broker.ts"
import type { ConnectionServices } from "./Connection.ts"
import { ConnectionRate } from "./ConnectionRate.ts"
import type { Handler } from "./Handler.ts"
import { Connections, type ListenerLimits, listen, sweepIdle } from "./Listener.ts"
import { RequestMeters } from "./RequestMeters.ts"
import { makeRouter } from "./Router.ts"
import { WriterPool } from "./WriterPool.ts"

const limitsOf = ({ values }: BrokerSnapshot): ListenerLimits => ({
  maxFrameBytes: values["socket.request.max.bytes"],
  receiveLimitBytes: values["klamm.queued.bytes.per.connection"],
  maxConnections: values["max.connections"],
  maxConnectionsFrom: (host) => connectionOverrides(values)?.get(host) ?? values["max.connections.per.ip"],
  maxIdleMs: values["connections.max.idle.ms"]
})

/** The limits of this moment, which every frame is held against: worked out once for each configuration. */
const liveLimits = (snapshot: () => BrokerSnapshot): (() => ListenerLimits) => {
  let of = snapshot()
  let limits = limitsOf(of)
  return () => {
    const now = snapshot()
    if (now !== of) {
      of = now
      limits = limitsOf(now)
    }
    return limits
  }
}

/** What clients and brokers connect to. */
export const clientEndpoints = ({ endpoints }: StaticConfig): ReadonlyArray<Endpoint> =>
  endpoints.listeners.filter(({ name }) => !endpoints.controllerListenerNames.includes(name))

/** What other controllers, and brokers that ask the controller, connect to. */
export const controllerEndpoints = ({ endpoints }: StaticConfig): ReadonlyArray<Endpoint> =>
  endpoints.listeners.filter(({ name }) => endpoints.controllerListenerNames.includes(name))

export interface Serving {
  /** Binds the endpoints until the scope ends; connections are taken at once and served from `ready` on. */
  readonly listen: (
    endpoints: ReadonlyArray<Endpoint>,
    handlers: ReadonlyArray<Handler>,
    ready: Effect.Effect<void>
  ) => Effect.Effect<ReadonlyArray<BoundListener>, NetworkError, Network | Scope.Scope>
}

export const make = (
  config: StaticConfig,
  snapshot: () => BrokerSnapshot,
  arena: Arena
): Effect.Effect<Serving, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = new Connections()
    const writers = new WriterPool()
    const telemetry = yield* NodeTelemetry
    const meters = new RequestMeters(telemetry)
    telemetry.show("klamm_connections", () => connections.size)
    telemetry.show("klamm_in_flight_bytes", () => arena.usedBytes)
    telemetry.show("klamm_in_flight_limit_bytes", () => arena.limitBytes)
    const limits = liveLimits(snapshot)
    const clock = yield* Clock.Clock
    yield* Effect.forkScoped(sweepIdle(connections, limits))
    return {
      listen: (endpoints, handlers, ready) => {
        const services: ConnectionServices = {
          router: makeRouter(handlers),
          writers,
          meters,
          maxQueuedRequests: config.values["klamm.queued.requests.per.connection"],
          ready
        }
        const rate = new ConnectionRate({
          snapshot,
          monotonicMs: () => monotonicMsOf(clock),
          ownCountOnly: endpoints.length > 1 ? config.endpoints.interBrokerListenerName : undefined
        })
        return Effect.forEach(endpoints, (endpoint) =>
          Effect.map(listen(endpoint, connections, rate, limits, arena, services), ({ address }) => ({
            name: endpoint.name,
            address
          }))
        )
      }
    }
  })
