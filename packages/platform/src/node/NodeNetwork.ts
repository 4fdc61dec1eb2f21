/**
 * The live network over TCP. Bytes are received straight into arena memory by `onread` with a buffer callback, which node:net
 * offers for sockets it makes but not for those it accepts: an accepted connection's handle is moved into a socket made with
 * that option (docs/decisions/0001). Where that fails, and where a test asks for it, the `data` events are used instead.
 *
 * Invariants: no handle belongs to two sockets; a listener's scope ends with every connection it accepted.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { type Accept, type Accepted, makeAcceptor } from "../Acceptor.ts"
import type { Arena } from "../Arena.ts"
import {
  type Address,
  type ClientTls,
  type Connection,
  type ConnectionOptions,
  type ConnectOptions,
  type Listener,
  Network,
  NetworkError
} from "../Network.ts"
import { landingBytes, ReceiveShare } from "../ReceiveShare.ts"
import { networkError, SocketConnection, type SocketHandle } from "./SocketConnection.ts"

/** Connections that may wait to be accepted; Linux caps it by net.core.somaxconn. */
export const acceptBacklog = 4_096

/** `arena`: read in place, the default. `data`: have node:net allocate what it reads into, and copy. */
export type ReceivePath = "arena" | "data"

/** All connections of the process that are not in the middle of something land here. */
const landing = new Uint8Array(landingBytes)
const shares = new WeakMap<Arena, ReceiveShare>()

const shareOf = (arena: Arena): ReceiveShare => {
  const known = shares.get(arena)
  if (known !== undefined) return known
  const share = new ReceiveShare(arena, landing)
  shares.set(arena, share)
  return share
}

/** A socket keeps its file descriptor in `_handle`, which the types of node:net do not name. */
interface HandleOwner {
  _handle: SocketHandle | null
}

const ownsHandle = (socket: object): socket is HandleOwner => {
  if (!("_handle" in socket)) return false
  const { _handle: handle } = socket
  return typeof handle === "object" && handle !== null && "useUserBuffer" in handle
}

/** Takes the handle out of an accepted socket, which is of no use from then on. */
const takeHandle = (shell: net.Socket): SocketHandle | undefined => {
  if (!ownsHandle(shell)) return undefined
  const handle = shell._handle
  shell._handle = null
  return handle ?? undefined
}

const adopt = (shell: net.Socket, options: ConnectionOptions, path: ReceivePath): SocketConnection | undefined => {
  const { remoteAddress, remotePort } = shell
  if (remoteAddress === undefined || remotePort === undefined) {
    shell.destroy()
    return undefined
  }
  const connection = new SocketConnection({ host: remoteAddress, port: remotePort }, options, shareOf(options.arena))
  const handle = path === "arena" ? takeHandle(shell) : undefined
  if (handle === undefined) connection.attach(shell, undefined)
  else {
    /** The server no longer counts the shell among its connections, which it would wait for when it closes. */
    shell.destroy()
    const taken: net.SocketConstructorOpts = { allowHalfOpen: true, onread: connection.onread }
    Reflect.set(taken, "handle", handle)
    connection.attach(new net.Socket(taken), handle)
  }
  connection.resume()
  return connection
}

const bind = (server: net.Server, address: Address, offer: (accepted: Accepted) => void) =>
  Effect.callback<net.Server, NetworkError>((resume) => {
    const refused = (error: Error) => resume(Effect.fail(networkError(address, error)))
    server.once("error", refused)
    const host = address.host === "" ? {} : { host: address.host }
    server.listen({ port: address.port, backlog: acceptBacklog, ...host }, () => {
      server.off("error", refused)
      server.on("error", (error) => offer({ _tag: "Refused", error: networkError(address, error) }))
      resume(Effect.succeed(server))
    })
    return Effect.sync(() => void server.close())
  })

/** Frees the port at once; waiting for the server's close event would wait for connections that are closed only afterwards. */
const unbind = (server: net.Server) => Effect.sync(() => void server.close())

const listen = (
  address: Address,
  options: ConnectionOptions,
  accept: Accept,
  path: ReceivePath
): Effect.Effect<Listener, NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const acceptor = yield* makeAcceptor(accept)
    const offer = (accepted: Accepted) => {
      if (!Queue.offerUnsafe(acceptor, accepted) && accepted._tag === "Accepted")
        Effect.runSync(accepted.connection.close)
    }
    const socketOptions = { allowHalfOpen: true, keepAlive: true, noDelay: true, pauseOnConnect: true }
    const server = net.createServer(socketOptions, (shell) => {
      /** An error before the handle is taken shows again on the connection made of it. */
      shell.on("error", () => undefined)
      const connection = adopt(shell, options, path)
      if (connection !== undefined) offer({ _tag: "Accepted", connection })
    })
    yield* Effect.acquireRelease(bind(server, address, offer), unbind)
    const bound = server.address()
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port
    return { address: { host: address.host, port } }
  })

const dial = (
  address: Address,
  options: ConnectionOptions,
  path: ReceivePath
): Effect.Effect<SocketConnection, NetworkError> =>
  Effect.callback((resume) => {
    const { host, port } = address
    const connection = new SocketConnection(address, options, shareOf(options.arena))
    const inPlace = path === "arena" ? { onread: connection.onread } : {}
    const socket = net.connect({ host, port, allowHalfOpen: true, keepAlive: true, noDelay: true, ...inPlace })
    socket.once("error", (error) => resume(Effect.fail(networkError(address, error))))
    socket.once("connect", () => {
      const handle = path === "arena" && ownsHandle(socket) ? (socket._handle ?? undefined) : undefined
      connection.attach(socket, handle)
      connection.resume()
      resume(Effect.succeed(connection))
    })
    return Effect.sync(() => void socket.destroy())
  })

/** An encrypted connection: its bytes come out of OpenSSL, so they are copied into the arena instead of read into it. */
const dialEncrypted = (
  address: Address,
  options: ConnectOptions,
  { ca, cert, key, passphrase, serverName, verify }: ClientTls
): Effect.Effect<SocketConnection, NetworkError> =>
  Effect.callback((resume) => {
    const { host, port } = address
    const name = serverName ?? host
    const connection = new SocketConnection(address, options, shareOf(options.arena))
    const socket = tls.connect({
      host,
      port,
      rejectUnauthorized: verify,
      ...(net.isIP(name) === 0 ? { servername: name } : {}),
      ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase })
    })
    let hasConnected = false
    socket.once("connect", () => {
      hasConnected = true
    })
    socket.once("error", (cause) => {
      const error = networkError(address, cause)
      const isTls = hasConnected && error.reason === "Io"
      resume(Effect.fail(isTls ? new NetworkError({ reason: "Untrusted", address: error.address, cause }) : error))
    })
    socket.once("secureConnect", () => {
      socket.setNoDelay(true)
      socket.setKeepAlive(true)
      connection.attach(socket, undefined)
      connection.resume()
      resume(Effect.succeed(connection))
    })
    return Effect.sync(() => void socket.destroy())
  })

export const makeNetwork = (path: ReceivePath = "arena"): Network["Service"] =>
  Network.of({
    listen: (address, options, accept) => listen(address, options, accept, path),
    connect: (address, options): Effect.Effect<Connection, NetworkError, Scope.Scope> =>
      Effect.acquireRelease(
        options.tls === undefined ? dial(address, options, path) : dialEncrypted(address, options, options.tls),
        (connection) => connection.close,
        { interruptible: true }
      )
  })

/** TCP and TLS as Node has them. */
export const layer: Layer.Layer<Network> = Layer.sync(Network, () => makeNetwork())
