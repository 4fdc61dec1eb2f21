/** Calls over the network in memory, against a server that answers by hand. */
import { expect, it } from "@effect/vitest"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import type { Address, Connection, Network } from "@klamm/platform/Network"
import { Network as NetworkTag } from "@klamm/platform/Network"
import * as NetworkMemory from "@klamm/platform/NetworkMemory"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { frameLength } from "@klamm/protocol/Frame"
import { decodeRequestHeader, encodeResponseHeader, type RequestHeader } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Channels from "../src/Channels.ts"
import { peerApi } from "../src/PeerApi.ts"

const MiB = 1024 * 1024
const Greet = peerApi("Greet", 10_999, Schema.Struct({ name: Schema.String }), Schema.Struct({ text: Schema.String }))

const arena = makeArena(new ArrayBuffer(8 * MiB), 0, 8 * MiB, { poison: true })
const framing = { frameLength: (bytes: Uint8Array, start: number, end: number) => frameLength(bytes, start, end, MiB) }
const options = { arena, clientId: "node-1", maxFrameBytes: MiB, connectTimeoutMs: 1_000 }

interface Asked {
  readonly connection: Connection
  readonly header: RequestHeader
  readonly body: Uint8Array
}

/** A server that tells what it is asked, each frame copied. */
const serve = (network: Network["Service"], port: number) =>
  Effect.gen(function* () {
    const asked = yield* Queue.unbounded<Asked>()
    const accept = (connection: Connection) =>
      Effect.gen(function* () {
        while (true) {
          for (const frame of yield* connection.read) {
            const reader = new Reader(frame.bytes.slice(), 4)
            frame.release()
            const header = decodeRequestHeader(reader)
            Queue.offerUnsafe(asked, { connection, header, body: reader.view(reader.remaining) })
          }
        }
      })
    yield* network.listen({ host: "", port }, { arena, framing, receiveLimitBytes: MiB }, accept)
    return asked
  })

const answer = ({ connection, header }: Asked, body: Uint8Array) => {
  const writer = new Writer()
  const frame = writer.beginFrame()
  encodeResponseHeader(writer, header.apiKey, header.apiVersion, header.correlationId)
  writer.view(body)
  writer.endFrame(frame)
  return connection.write([writer.toBytes()])
}

const greeting = (asked: Asked, text: string) => answer(asked, Greet.response.encode({ text }))

const setup = Effect.gen(function* () {
  const memory = NetworkMemory.makeMemoryNetwork()
  const server = memory.host("server")
  const asked = yield* serve(server, 9_000)
  const channels = yield* Effect.provideService(Channels.make(options), NetworkTag, memory.host("client"))
  const to: Address = { host: "server", port: 9_000 }
  return { memory, asked, channels, to }
})

it.effect("a call is answered, and the next one uses the same connection", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const first = yield* Effect.forkChild(channels.call(to, Greet, { name: "Ada" }, 1_000))
    const one = yield* Queue.take(asked)
    expect(one.header).toMatchObject({ apiKey: 10_999, apiVersion: 0, clientId: "node-1" })
    yield* greeting(one, "hello Ada")
    expect(yield* Fiber.join(first)).toEqual({ text: "hello Ada" })
    const second = yield* Effect.forkChild(channels.call(to, Greet, { name: "Bob" }, 1_000))
    const two = yield* Queue.take(asked)
    expect(two.connection).toBe(one.connection)
    yield* greeting(two, "hello Bob")
    expect(yield* Fiber.join(second)).toEqual({ text: "hello Bob" })
    expect(arena.usedBytes).toBe(0)
  })
)

it.effect("where nobody listens the call is refused", () =>
  Effect.gen(function* () {
    const { channels } = yield* setup
    const error = yield* Effect.flip(channels.call({ host: "server", port: 1 }, Greet, { name: "x" }, 1_000))
    expect(error.reason).toBe("Refused")
  })
)

it.effect("a connection that ends tells all who wait, and the next call connects anew", () =>
  Effect.gen(function* () {
    const { memory, asked, channels, to } = yield* setup
    const waiting = yield* Effect.forkChild(
      Effect.all(
        ["a", "b"].map((name) => Effect.flip(channels.call(to, Greet, { name }, 1_000))),
        {
          concurrency: "unbounded"
        }
      )
    )
    yield* Queue.take(asked)
    yield* Queue.take(asked)
    memory.cut("client", "server")
    expect((yield* Fiber.join(waiting)).map(({ reason }) => reason)).toEqual(["Disconnected", "Disconnected"])
    const again = yield* Effect.forkChild(channels.call(to, Greet, { name: "c" }, 1_000))
    yield* greeting(yield* Queue.take(asked), "back")
    expect(yield* Fiber.join(again)).toEqual({ text: "back" })
  })
)

it.live("silence times out and closes the connection", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const error = yield* Effect.flip(channels.call(to, Greet, { name: "x" }, 20))
    expect(error.reason).toBe("TimedOut")
    const first = yield* Queue.take(asked)
    const again = yield* Effect.forkChild(channels.call(to, Greet, { name: "y" }, 1_000))
    const second = yield* Queue.take(asked)
    expect(second.connection).not.toBe(first.connection)
    yield* greeting(second, "late")
    expect(yield* Fiber.join(again)).toEqual({ text: "late" })
  })
)

it.effect("calls over one connection have the time of the shortest, and one that is answered has no more", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const first = yield* Effect.forkChild(channels.call(to, Greet, { name: "first" }, 1_000))
    const one = yield* Queue.take(asked)
    yield* greeting(one, "hello")
    yield* Fiber.join(first)
    const answered = yield* Effect.forkChild(channels.call(to, Greet, { name: "answered" }, 1_000))
    yield* greeting(yield* Queue.take(asked), "in time")
    yield* Fiber.join(answered)
    const long = yield* Effect.forkChild(Effect.flip(channels.call(to, Greet, { name: "long" }, 30_000)))
    yield* Queue.take(asked)
    yield* TestClock.adjust(2_000)
    expect(long.pollUnsafe()).toBeUndefined()
    const short = yield* Effect.forkChild(Effect.flip(channels.call(to, Greet, { name: "short" }, 500)))
    expect((yield* Queue.take(asked)).connection).toBe(one.connection)
    yield* TestClock.adjust(500)
    expect([(yield* Fiber.join(short)).reason, (yield* Fiber.join(long)).reason]).toEqual(["TimedOut", "TimedOut"])
    const next = yield* Effect.forkChild(channels.call(to, Greet, { name: "next" }, 1_000))
    const anew = yield* Queue.take(asked)
    expect(anew.connection).not.toBe(one.connection)
    yield* greeting(anew, "hello again")
    expect(yield* Fiber.join(next)).toEqual({ text: "hello again" })
  })
)

it.effect("an asker that goes away disturbs nobody", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const gone = yield* Effect.forkChild(channels.call(to, Greet, { name: "gone" }, 1_000))
    const stays = yield* Effect.forkChild(channels.call(to, Greet, { name: "stays" }, 1_000))
    const first = yield* Queue.take(asked)
    const second = yield* Queue.take(asked)
    yield* Fiber.interrupt(gone)
    yield* greeting(first, "too late")
    yield* greeting(second, "in time")
    expect(yield* Fiber.join(stays)).toEqual({ text: "in time" })
    expect(arena.usedBytes).toBe(0)
  })
)

it.effect("an answer that is none is malformed, and its memory is given back", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const call = yield* Effect.forkChild(Effect.flip(channels.call(to, Greet, { name: "x" }, 1_000)))
    yield* answer(yield* Queue.take(asked), Uint8Array.of(0xc1, 0xff))
    expect((yield* Fiber.join(call)).reason).toBe("Malformed")
    expect(arena.usedBytes).toBe(0)
  })
)

it.effect("an API of Kafka's is asked in its own format; the answer's memory is the asker's until it is released", () =>
  Effect.gen(function* () {
    const { asked, channels, to } = yield* setup
    const api = { request: ApiVersionsRequest, response: ApiVersionsResponse }
    const body = { clientSoftwareName: "klamm", clientSoftwareVersion: "1" }
    const call = yield* Effect.forkChild(channels.request(to, api, 3, body, 1_000))
    const question = yield* Queue.take(asked)
    expect(question.header).toMatchObject({ apiKey: 18, apiVersion: 3 })
    const writer = new Writer()
    codec(ApiVersionsResponse, 3).encode(writer, { errorCode: 0, apiKeys: [], throttleTimeMs: 7 })
    yield* answer(question, writer.toBytes())
    const answered = yield* Fiber.join(call)
    expect(answered.body.throttleTimeMs).toBe(7)
    expect(arena.usedBytes).toBeGreaterThan(0)
    answered.release()
    expect(arena.usedBytes).toBe(0)
  })
)

it.effect("no connection is left when the scope ends", () =>
  Effect.gen(function* () {
    const network = NetworkMemory.makeMemoryNetwork().host("localhost")
    const asked = yield* serve(network, 9092)
    const to: Address = { host: "localhost", port: 9092 }
    const connection = yield* Effect.scoped(
      Effect.gen(function* () {
        const channels = yield* Effect.provideService(Channels.make(options), NetworkTag, network)
        const calling = yield* Effect.forkChild(channels.call(to, Greet, { name: "one" }, 1_000))
        const question = yield* Queue.take(asked)
        yield* greeting(question, "hello")
        expect(yield* Fiber.join(calling)).toEqual({ text: "hello" })
        return question.connection
      })
    )
    yield* Effect.yieldNow
    expect((yield* Effect.flip(connection.write([new Uint8Array(1)]))).reason).toBe("Closed")
  })
)
