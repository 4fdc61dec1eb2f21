/**
 * The network as the house sees it: listeners and connections that carry whole frames.
 *
 * A connection receives into arena memory and hands out frames as views of it, without a copy. Invariant: a frame's bytes
 * are valid until its `release`, and only until then; whoever took the frame releases it exactly once, when the bytes have
 * been written or are no longer needed; an arena that poisons released memory shows who breaks this. Neighbours: `Arena.ts` owns
 * the memory, `node/NodeNetwork.ts` is TCP, `NetworkMemory.ts` the in-memory layer.
 */

import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Arena } from "./Arena.ts"

/** What went wrong, whatever the platform calls it. */
export type NetworkErrorReason =
  | "AddressInUse"
  | "AddressNotAvailable"
  | "PermissionDenied"
  | "Refused"
  | "Closed"
  | "Timeout"
  | "FrameTooLarge"
  | "Malformed"
  | "Untrusted"
  | "Io"

/** A connection could not be made or did not last, and why. */
export class NetworkError extends Data.TaggedError("NetworkError")<{
  readonly reason: NetworkErrorReason
  readonly address: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.address}: ${this.reason}`
  }
}

/** What `Framing.frameLength` answers for bytes that can never become a frame. */
export const malformedFrame = -1
/** What `Framing.frameLength` answers for a frame that is larger than allowed. */
export const frameTooLarge = -2

/** How a byte stream is cut into frames. Pure; called on the receive path, so it must not allocate. */
export interface Framing {
  /**
   * Looks at the bytes received so far, `bytes[start, end)`: the whole length of the first frame (prefix included) once
   * it is known, 0 while it is not. `malformedFrame` or `frameTooLarge` close the connection; so does a throw, as Malformed.
   */
  readonly frameLength: (bytes: Uint8Array, start: number, end: number) => number
}

/** One received frame, prefix included, as a view of arena memory. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly release: () => void
}

/** A host, by name or number, and a port. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A connection that is open: whole frames come in, chunks go out. */
export interface Connection {
  readonly remote: Address
  readonly local: Address
  /**
   * The frames that have arrived since the last read, at least one. One reader at a time. When the peer has ended its side or
   * gone, fails with `Closed` behind the last frame; writing may still be possible. After bytes that can't be framed, fails with
   * `Malformed` or `FrameTooLarge`, and the connection is closed.
   */
  readonly read: Effect.Effect<NonEmptyReadonlyArray<Frame>, NetworkError>
  /**
   * Sends all chunks in order, as one gathered write; returns when the chunks' memory may be used again. Interrupting it closes
   * the connection, since a part may have been sent.
   */
  readonly write: (chunks: ReadonlyArray<Uint8Array>) => Effect.Effect<void, NetworkError>
  /** Closes at once, also under a reader or writer in progress (they fail with `Closed`). */
  readonly close: Effect.Effect<void>
}

/** How a connection receives. */
export interface ConnectionOptions {
  readonly arena: Arena
  readonly framing: Framing
  /** Bytes of frames that have not been given back, beyond which the connection stops reading from its socket. */
  readonly receiveLimitBytes: number
}

/** How a connection is encrypted, by certificates and keys as PEM text. */
export interface ClientTls {
  /** Authorities to trust in place of those that the platform brings along. */
  readonly ca?: string | ReadonlyArray<string>
  /** Who this side is, where the other asks for it. */
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  /** The name that the other side has to prove; the address's host when left out. */
  readonly serverName?: string
  /** False: whoever answers is taken for the one that was meant. */
  readonly verify: boolean
}

export interface ConnectOptions extends ConnectionOptions {
  /** Encrypts the connection; what the two can't agree on is `Untrusted`, as is any network that can't encrypt. */
  readonly tls?: ClientTls | undefined
}

export interface Listener {
  /** The address really bound: port 0 asks for a free one. */
  readonly address: Address
}

/** Connections out and in: the service that everything which talks stands on. */
export class Network extends Context.Service<
  Network,
  {
    /**
     * Listens until the scope ends. Each connection runs `accept` in a fiber and scope of its own; the connection is closed
     * when `accept` ends, in whatever way. Fails at once when the address can't be bound.
     */
    readonly listen: (
      address: Address,
      options: ConnectionOptions,
      accept: (connection: Connection) => Effect.Effect<void, NetworkError, Scope.Scope>
    ) => Effect.Effect<Listener, NetworkError, Scope.Scope>
    readonly connect: (
      address: Address,
      options: ConnectOptions
    ) => Effect.Effect<Connection, NetworkError, Scope.Scope>
  }
>()("platform/Network") {}
