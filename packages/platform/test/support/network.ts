/** What tests of the network share: frames behind a four-byte length, a poisoning arena, and a server that hands over its connections. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Arena } from "../../src/Arena.ts"
import { makeArena } from "../../src/ArenaAllocator.ts"
import {
  type Connection,
  type ConnectionOptions,
  type Frame,
  type Framing,
  frameTooLarge,
  malformedFrame,
  type Network,
  type NetworkError
} from "../../src/Network.ts"

export const MiB = 1024 * 1024
export const maxFrameBytes = 8 * MiB
/** A length that makes the framing throw. */
export const throwingLength = 0x7fff_ffff

export const framing: Framing = {
  frameLength: (bytes, start, end) => {
    if (end - start < 4) return 0
    const size = new DataView(bytes.buffer, bytes.byteOffset + start, 4).getInt32(0)
    if (size === throwingLength) throw new Error("no such length")
    if (size < 0) return malformedFrame
    return size > maxFrameBytes ? frameTooLarge : size + 4
  }
}

export const prefix = (size: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, size)
  return bytes
}

/** A frame whose body is `size` bytes that depend on `seed` and on their place. */
export const frame = (size: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(size + 4)
  bytes.set(prefix(size))
  for (let at = 4; at < bytes.length; at++) bytes[at] = (at * 31 + seed * 7 + (at >>> 8)) & 0xff
  return bytes
}

export const poisonedArena = (sizeBytes: number): Arena =>
  makeArena(new ArrayBuffer(sizeBytes), 0, sizeBytes, { poison: true })

export const optionsWith = (arena: Arena, receiveLimitBytes = MiB): ConnectionOptions => ({
  arena,
  framing,
  receiveLimitBytes
})

export interface Server {
  readonly port: number
  readonly connections: Queue.Dequeue<Connection>
}

/** Listens on a free port; each connection stays open until its test ends. */
export const serve = (
  network: Network["Service"],
  options: ConnectionOptions
): Effect.Effect<Server, NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const connections = yield* Queue.unbounded<Connection>()
    const { address } = yield* network.listen({ host: "127.0.0.1", port: 0 }, options, (connection) =>
      Effect.andThen(Queue.offer(connections, connection), Effect.never)
    )
    return { port: address.port, connections }
  })

export interface Pair {
  readonly client: Connection
  readonly server: Connection
}

/** A connection's two ends. */
export const pair = (
  network: Network["Service"],
  serverOptions: ConnectionOptions,
  clientOptions: ConnectionOptions = serverOptions
): Effect.Effect<Pair, NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const { port, connections } = yield* serve(network, serverOptions)
    const client = yield* network.connect({ host: "127.0.0.1", port }, clientOptions)
    return { client, server: yield* Queue.take(connections) }
  })

/** Reads until `count` frames are here; they are not released. */
export const readFrames = (connection: Connection, count: number): Effect.Effect<Array<Frame>, NetworkError> =>
  Effect.gen(function* () {
    const frames: Array<Frame> = []
    while (frames.length < count) frames.push(...(yield* connection.read))
    return frames
  })

/** The reason a read or write fails with. */
export const reasonOf = <A>(effect: Effect.Effect<A, NetworkError>): Effect.Effect<string> =>
  Effect.match(effect, { onSuccess: () => "none", onFailure: (error) => error.reason })

/** Waits until `holds`; the test's own time limit ends it otherwise. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.andThen(Effect.sleep("1 millis"), until(holds))))
