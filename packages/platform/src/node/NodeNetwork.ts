/**
 * The live network over TCP. Bytes are received straight into arena memory by `onread` with a buffer callback, which node:net
 * offers for sockets it makes but not for those it accepts: an accepted connection's handle is moved into a socket made with
 * that option (docs/decisions/0001).
 *
 * Invariants: a socket error is a value given to whoever reads or writes, never an unhandled event; at most one write is under
 * way per connection; reading stops while the reader is behind or the arena is full.
 */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  type Listener,
  Network,
  type NetworkError
} from "../Network.ts"
import { makeReceiveShare } from "../ReceiveBuffer.ts"
import { networkError, SocketConnection, type SocketHandle } from "./SocketConnection.ts"

const share = makeReceiveShare()

/** Connections that may wait to be accepted; Linux caps it by net.core.somaxconn. */
export const acceptBacklog = 4_096

type Accept = (connection: Connection) => Effect.Effect<void, NetworkError, Scope.Scope>

/** An accepted socket keeps its file descriptor in `_handle`, which the types of node:net do not name. */
interface HandleOwner {
  _handle: SocketHandle | null
}
const ownsHandle = (socket: object): socket is HandleOwner => "_handle" in socket

const serveSocket = (
  socket: net.Socket,
  options: ConnectionOptions,
  accept: Accept,
  run: (effect: Effect.Effect<void>) => void
) => {
  socket.on("error", () => undefined)
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (!ownsHandle(socket) || socket._handle === null || remoteAddress === undefined) {
    socket.destroy()
    return
  }
  const handle = socket._handle
  socket._handle = null
  const remote = { host: remoteAddress, port: remotePort ?? 0 }
  const local = { host: localAddress ?? "", port: localPort ?? 0 }
  const connection = new SocketConnection(remote, local, options, share)
  connection.adopt(handle)
  const served = Effect.scoped(accept(connection)).pipe(
    Effect.catch((error) => (error.reason === "Closed" ? Effect.void : Effect.logDebug("connection ended", error))),
    Effect.catchCause((cause) => Effect.logError("connection failed", cause)),
    Effect.ensuring(connection.close)
  )
  run(served)
}

const listen = (
  address: Address,
  options: ConnectionOptions,
  accept: Accept
): Effect.Effect<Listener, NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Scope.Scope>()
    const connections = yield* Scope.fork(yield* Effect.scope)
    const run = (effect: Effect.Effect<void>) => {
      Effect.runForkWith(context)(Effect.forkIn(effect, connections, { startImmediately: true }))
    }
    const server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) =>
      serveSocket(socket, options, accept, run)
    )
    const bind = Effect.callback<void, NetworkError>((resume) => {
      const host = address.host === "" ? undefined : address.host
      const refused = (error: Error) => resume(Effect.fail(networkError(address, error)))
      server.once("error", refused)
      server.listen({ port: address.port, backlog: acceptBacklog, ...(host === undefined ? {} : { host }) }, () => {
        server.off("error", refused)
        server.on("error", () => undefined)
        resume(Effect.void)
      })
    })
    const unbind = Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
    })
    yield* Effect.acquireRelease(bind, () => Effect.andThen(Scope.close(connections, Exit.void), unbind))
    const bound = server.address()
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port
    return { address: { host: address.host, port } }
  })

const connect = (address: Address, options: ConnectionOptions): Effect.Effect<Connection, NetworkError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<SocketConnection, NetworkError>((resume) => {
      const connection = new SocketConnection(address, { host: "", port: 0 }, options, share)
      connection.dial((error) => {
        resume(error === undefined ? Effect.succeed(connection) : Effect.fail(networkError(address, error)))
      })
      return connection.close
    }),
    (connection) => connection.close
  )

export const layer: Layer.Layer<Network> = Layer.succeed(Network, Network.of({ listen, connect }))
