/**
 * One TCP connection over a socket of node:net: bytes land where `Inbox` says, writes are gathered.
 *
 * Invariants: a socket error is a value given to whoever reads or writes, never an unhandled event; a write has ended only when
 * libuv needs its memory no more; an interrupted write closes the connection, since part of it may have been sent. The peer's
 * end of the stream ends the reading alone, as it may still wait for answers. Neighbour: `NodeNetwork.ts`, which makes sockets.
 */
import type * as net from "node:net"
import * as Effect from "effect/Effect"
import { Inbox, printAddress, type Source } from "../Inbox.ts"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  NetworkError,
  type NetworkErrorReason
} from "../Network.ts"
import type { ReceiveShare } from "../ReceiveShare.ts"

const reasons: { readonly [code: string]: NetworkErrorReason } = {
  EADDRINUSE: "AddressInUse",
  EADDRNOTAVAIL: "AddressNotAvailable",
  ENOTFOUND: "AddressNotAvailable",
  EAI_AGAIN: "AddressNotAvailable",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  ECONNREFUSED: "Refused",
  ECONNRESET: "Closed",
  ECONNABORTED: "Closed",
  ECANCELED: "Closed",
  EPIPE: "Closed",
  ERR_STREAM_DESTROYED: "Closed",
  ERR_STREAM_WRITE_AFTER_END: "Closed",
  ETIMEDOUT: "Timeout"
}

/** Of TLS 1.3 a server may say only after the handshake that it does not take the client's certificate, or misses one. */
const isAlert = (code: string): boolean => code.startsWith("ERR_SSL_") && code.includes("_ALERT_")

export const networkError = (address: Address, cause: Error): NetworkError => {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : ""
  const reason = reasons[code] ?? (isAlert(code) ? "Untrusted" : "Io")
  return new NetworkError({ reason, address: printAddress(address), cause })
}

/** The part of a socket's handle that takes a buffer to read into; the types of node:net do not name it. */
export interface SocketHandle {
  readonly useUserBuffer: (buffer: Uint8Array) => void
}

/** A write that libuv has not taken whole. */
interface PendingWrite {
  /** Which write of the connection it is, counted from 1. */
  readonly number: number
  readonly done: (failure: NetworkError | undefined) => void
}

export class SocketConnection implements Connection, Source {
  readonly remote: Address
  readonly read: Connection["read"]
  readonly close: Effect.Effect<void> = Effect.sync(() => this.closeNow())
  private readonly share: ReceiveShare
  private readonly inbox: Inbox
  private socket: net.Socket | undefined
  private handle: SocketHandle | undefined
  private writesBegun = 0
  private writesDone = 0
  private pending: Array<PendingWrite> = []

  constructor(remote: Address, options: ConnectionOptions, share: ReceiveShare) {
    this.remote = remote
    this.share = share
    this.inbox = new Inbox(this, options, share)
    this.read = this.inbox.read
  }

  get local(): Address {
    return { host: this.socket?.localAddress ?? "", port: this.socket?.localPort ?? 0 }
  }

  /** The option of a net.Socket that makes it read into the arena. */
  get onread(): net.OnReadOpts {
    return {
      buffer: () => this.inbox.target(),
      callback: (count) => this.inbox.received(count)
    }
  }

  /** Takes the socket; `handle` is given when it was made with `onread`, else its `data` events are used. */
  attach(socket: net.Socket, handle: SocketHandle | undefined): void {
    this.socket = socket
    this.handle = handle
    socket.on("error", (error) => this.inbox.fail(networkError(this.remote, error)))
    socket.on("end", () => this.inbox.failWith("Closed"))
    socket.on("close", () => this.closed())
    if (handle === undefined) {
      socket.on("data", (bytes: Uint8Array) => {
        if (!this.inbox.accept(bytes)) socket.pause()
      })
    }
  }

  readonly resume = (): void => {
    this.socket?.resume()
  }

  readonly abort = (): void => {
    this.socket?.destroy()
  }

  readonly toLanding = (): void => {
    this.handle?.useUserBuffer(this.share.landing)
  }

  closeNow(): void {
    this.abort()
    this.inbox.close()
  }

  write(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.suspend(() => {
      const { socket } = this
      if (socket === undefined || socket.destroyed) return Effect.fail(this.failure())
      if (chunks.length === 0) return Effect.void
      this.send(socket, chunks)
      if (socket.destroyed || socket.errored !== null) return Effect.fail(this.failure())
      return socket.writableLength === 0 ? Effect.void : this.flushed(this.writesBegun)
    })
  }

  private send(socket: net.Socket, chunks: ReadonlyArray<Uint8Array>): void {
    const last = chunks.length - 1
    this.writesBegun += 1
    if (last > 0) socket.cork()
    for (let index = 0; index < last; index++) socket.write(chunks[index]!)
    socket.write(chunks[last]!, this.written)
    if (last > 0) socket.uncork()
  }

  /** One and the same function for every write: node:net then schedules a single call for many. */
  private readonly written = (error?: Error | null): void => {
    if (error !== undefined && error !== null) return
    this.writesDone += 1
    while (this.pending.length > 0 && this.pending[0]!.number <= this.writesDone) this.pending.shift()!.done(undefined)
  }

  private flushed(number: number): Effect.Effect<void, NetworkError> {
    return Effect.callback<void, NetworkError>((resume) => {
      this.pending.push({
        number,
        done: (failure) => resume(failure === undefined ? Effect.void : Effect.fail(failure))
      })
      return this.close
    })
  }

  private closed(): void {
    this.inbox.failWith("Closed")
    const failure = this.failure()
    for (const { done } of this.pending.splice(0)) done(failure)
  }

  private failure(): NetworkError {
    const error = this.socket?.errored
    return error instanceof Error
      ? networkError(this.remote, error)
      : new NetworkError({ reason: "Closed", address: printAddress(this.remote) })
  }
}
