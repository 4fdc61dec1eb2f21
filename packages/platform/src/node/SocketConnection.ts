/**
 * One TCP connection: bytes land where `ReceiveBuffer` says, whole frames wait for the reader, writes are gathered.
 *
 * Invariants: the landing memory is emptied within the read callback, so that all connections can share it; frames that nobody
 * will read are released when the connection closes; the reader is woken once for all frames of a turn.
 */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import {
  type Address,
  type Connection,
  type ConnectionOptions,
  type Frame,
  NetworkError,
  type NetworkErrorReason
} from "../Network.ts"
import { ReceiveBuffer, type ReceiveShare } from "../ReceiveBuffer.ts"

/** What node:net keeps a descriptor in. */
export type SocketHandle = NonNullable<net.SocketConstructorOpts["handle"]>

const reasons: { readonly [code: string]: NetworkErrorReason } = {
  EADDRINUSE: "AddressInUse",
  EADDRNOTAVAIL: "AddressNotAvailable",
  ENOTFOUND: "AddressNotAvailable",
  EAI_AGAIN: "AddressNotAvailable",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  ECONNREFUSED: "Refused",
  ECONNRESET: "Closed",
  EPIPE: "Closed",
  ERR_STREAM_DESTROYED: "Closed",
  ETIMEDOUT: "Timeout"
}

export const networkError = ({ host, port }: Address, cause: Error): NetworkError => {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : ""
  return new NetworkError({ reason: reasons[code] ?? "Io", address: `${host}:${port}`, cause })
}

const isNonEmpty = (frames: ReadonlyArray<Frame>): frames is readonly [Frame, ...Array<Frame>] => frames.length > 0

export class SocketConnection implements Connection {
  readonly remote: Address
  readonly local: Address
  private readonly options: ConnectionOptions
  private readonly buffer: ReceiveBuffer
  private socket: net.Socket | undefined
  private frames: Array<Frame> = []
  private unreadBytes = 0
  private paused = false
  private failure: NetworkError | undefined
  private wake: (() => void) | undefined

  constructor(remote: Address, local: Address, options: ConnectionOptions, share: ReceiveShare) {
    this.remote = remote
    this.local = local
    this.options = options
    this.buffer = new ReceiveBuffer(options.arena, options.framing, share)
  }

  private get onread() {
    return {
      buffer: () => this.buffer.target() ?? new Uint8Array(0),
      callback: (count: number) => this.received(count)
    }
  }

  /** Takes over the handle of an accepted socket. */
  adopt(handle: SocketHandle): void {
    const socket = new net.Socket({ handle, onread: this.onread })
    this.attach(socket)
    socket.setNoDelay(true)
    socket.resume()
    socket.read(0)
  }

  dial(done: (error: Error | undefined) => void): void {
    const { host, port } = this.remote
    const socket = net.connect({ host, port, noDelay: true, onread: this.onread })
    socket.once("connect", () => done(undefined))
    socket.once("error", done)
    this.attach(socket)
  }

  private attach(socket: net.Socket): void {
    this.socket = socket
    socket.on("error", (error) => this.end(networkError(this.remote, error)))
    socket.on("end", () => this.end(this.closed()))
    socket.on("close", () => this.end(this.closed()))
  }

  private closed(): NetworkError {
    return new NetworkError({ reason: "Closed", address: `${this.remote.host}:${this.remote.port}` })
  }

  private received(count: number): boolean {
    const from = this.frames.length
    if (!this.buffer.received(count, this.frames)) {
      this.end(new NetworkError({ reason: "Malformed", address: `${this.remote.host}:${this.remote.port}` }))
      return false
    }
    for (let index = from; index < this.frames.length; index++) this.unreadBytes += this.frames[index]!.bytes.byteLength
    if (this.frames.length > from) this.tell()
    if (this.buffer.target() === undefined) {
      this.paused = true
      this.options.arena.onRoom(() => this.resume())
    } else if (this.unreadBytes > this.options.receiveLimitBytes) this.paused = true
    return !this.paused
  }

  private resume(): void {
    if (!this.paused || this.failure !== undefined) return
    if (this.buffer.target() === undefined) {
      this.options.arena.onRoom(() => this.resume())
      return
    }
    if (this.unreadBytes > this.options.receiveLimitBytes) return
    this.paused = false
    this.socket?.resume()
    this.socket?.read(0)
  }

  private tell(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  private end(failure: NetworkError): void {
    if (this.failure !== undefined) return
    this.failure = failure
    this.buffer.close()
    this.socket?.destroy()
    this.tell()
  }

  private take(): Effect.Effect<readonly [Frame, ...Array<Frame>], NetworkError> | undefined {
    const { frames } = this
    if (isNonEmpty(frames)) {
      this.frames = []
      this.unreadBytes = 0
      this.resume()
      return Effect.succeed(frames)
    }
    return this.failure === undefined ? undefined : Effect.fail(this.failure)
  }

  readonly read = Effect.suspend(
    () =>
      this.take() ??
      Effect.callback<readonly [Frame, ...Array<Frame>], NetworkError>((resume) => {
        this.wake = () => {
          const taken = this.take()
          if (taken !== undefined) resume(taken)
        }
        return Effect.sync(() => {
          this.wake = undefined
        })
      })
  )

  write(chunks: ReadonlyArray<Uint8Array>): Effect.Effect<void, NetworkError> {
    return Effect.callback<void, NetworkError>((resume) => {
      const { socket } = this
      if (socket === undefined || this.failure !== undefined) {
        resume(Effect.fail(this.failure ?? this.closed()))
        return
      }
      const last = chunks.length - 1
      if (last < 0) return resume(Effect.void)
      const done = (error?: Error | null) => {
        resume(error === undefined || error === null ? Effect.void : Effect.fail(networkError(this.remote, error)))
      }
      socket.cork()
      for (let index = 0; index < last; index++) socket.write(chunks[index]!)
      socket.write(chunks[last]!, done)
      socket.uncork()
    })
  }

  readonly close = Effect.sync(() => {
    this.end(this.closed())
    for (const frame of this.frames.splice(0)) frame.release()
  })
}
