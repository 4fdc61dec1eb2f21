/**
 * The listeners of a broker: all requests go to the same handlers, each connection remembers which listener it came by.
 */
import type { BrokerSnapshot, StaticConfig } from "@klamm/config/BrokerConfig"
import * as Effect from "effect/Effect"
import type { ConnectionServices } from "./Connection.ts"
import { makeHandlers } from "./handlers/index.ts"
import { Connections, type ListenerLimits, listen, sweepIdle } from "./Listener.ts"
import { makeRouter } from "./Router.ts"
import type { Services } from "./Services.ts"
import { WriterPool } from "./WriterPool.ts"

const limitsOf = ({ values }: BrokerSnapshot): ListenerLimits => ({
  maxFrameBytes: values["socket.request.max.bytes"],
  receiveLimitBytes: values["klamm.queued.bytes.per.connection"],
  maxConnections: values["max.connections"],
  maxConnectionsPerAddress: values["max.connections.per.ip"],
  maxIdleMs: values["connections.max.idle.ms"]
})

/** Binds every client listener; connections are taken at once and served from `ready` on. */
export const serveListeners = (config: StaticConfig, services: Services, ready: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const connections = new Connections()
    const limits = () => limitsOf(services.config())
    const connectionServices: ConnectionServices = {
      router: makeRouter(makeHandlers(services)),
      writers: new WriterPool(),
      maxQueuedRequests: config.values["klamm.queued.requests.per.connection"],
      ready
    }
    const { listeners, controllerListenerNames } = config.endpoints
    const forClients = listeners.filter(({ name }) => !controllerListenerNames.includes(name))
    const bound = yield* Effect.forEach(forClients, (endpoint) =>
      Effect.map(listen(endpoint, connections, limits, services.arena, connectionServices), ({ address }) => ({
        name: endpoint.name,
        address
      }))
    )
    yield* Effect.forkScoped(sweepIdle(connections, limits))
    return bound
  })
