/** Which answers leave together, and the end of a connection: who has ended its side still gets its answers, who is gone is waited for no longer. */
import { Reply } from "@klamm/actor"
import { NetworkError } from "@klamm/platform/Network"
import { Telemetry } from "@klamm/platform/Telemetry"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { Reader, Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { encodeRequestHeader } from "@klamm/protocol/Header"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, test } from "vitest"
import * as Connection from "../src/Connection.ts"
import { answerWith, type Handler, type Outcome } from "../src/Handler.ts"
import { RequestMeters } from "../src/RequestMeters.ts"
import { makeRouter } from "../src/Router.ts"
import { WriterPool } from "../src/WriterPool.ts"

const version = 2
const info = { id: 1, listenerName: "PLAINTEXT", securityProtocol: "PLAINTEXT", touch: () => undefined }
const address = { host: "client", port: 9 }

const requestFrame = (correlationId: number): Uint8Array => {
  const writer = new Writer()
  const frame = writer.beginFrame()
  encodeRequestHeader(writer, ApiVersionsRequest.key, version, correlationId, "test")
  codec(ApiVersionsRequest, version).encode(writer, {})
  writer.endFrame(frame)
  return writer.toBytes()
}

interface Story {
  /** That come with one read. */
  readonly requests?: number
  readonly maxQueuedRequests?: number
  /** Why nothing can be written. */
  readonly writing?: NetworkError
  readonly pipelined?: boolean
}

/** So many requests, then the reading fails so; the answers are given by hand. */
const serveSome = (ending: NetworkError | undefined, story: Story = {}) => {
  const { requests = 2, maxQueuedRequests = 8, writing, pipelined = true } = story
  const replies: Array<Reply<Outcome>> = []
  const writes: Array<Array<number>> = []
  const handler: Handler = {
    key: ApiVersionsRequest.key,
    name: "ApiVersions",
    minVersion: version,
    maxVersion: version,
    pipelined,
    begin: (_body, frame) => {
      frame.release()
      const reply = new Reply<Outcome>()
      replies.push(reply)
      return Effect.succeed(reply)
    }
  }
  let reads = 0
  const released = Array.from({ length: requests }, () => 0)
  const [first, ...others] = released.map((_, index) => ({
    bytes: requestFrame(index + 1),
    release: () => {
      released[index]! += 1
    }
  }))
  const connection = {
    remote: address,
    local: address,
    read: Effect.suspend(() => {
      reads += 1
      if (reads === 1) return Effect.succeed([first!, ...others] as const)
      return ending === undefined ? Effect.never : Effect.fail(ending)
    }),
    write: (chunks: ReadonlyArray<Uint8Array>) =>
      Effect.suspend(() => {
        if (writing !== undefined) return Effect.fail(writing)
        const bytes = chunks.flatMap((chunk) => [...chunk])
        const sent: Array<number> = []
        writes.push(sent)
        for (let at = 0; at < bytes.length; at += 4 + new Reader(Uint8Array.from(bytes), at).int32()) {
          sent.push(new Reader(Uint8Array.from(bytes), at + 4).int32())
        }
        return Effect.void
      }),
    close: Effect.void
  }
  const telemetry = new Telemetry()
  const services = {
    router: makeRouter([handler]),
    writers: new WriterPool(),
    meters: new RequestMeters(telemetry),
    maxQueuedRequests,
    ready: Effect.void
  }
  const answer = answerWith(ApiVersionsResponse, version, { errorCode: 0, apiKeys: [] })
  const serving = Effect.flip(Effect.scoped(Connection.serve(connection, info, services)))
  return { serving, writes, telemetry, released, give: (index: number) => replies[index]!.complete(answer) }
}

const ended = new NetworkError({ reason: "Closed", address: "client:9" })
const reset = new NetworkError({ reason: "Closed", address: "client:9", cause: new Error("ECONNRESET") })

test("a client that ends its side after it has asked gets all of its answers, and then the connection ends", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { serving, writes, telemetry, give } = serveSome(ended)
      const fiber = yield* Effect.forkChild(serving, { startImmediately: true })
      for (const index of [0, 1]) {
        yield* Effect.sleep(5)
        expect(fiber.pollUnsafe()).toBeUndefined()
        give(index)
      }
      expect(yield* Fiber.join(fiber)).toBe(ended)
      expect(writes).toEqual([[1], [2]])
      const { buckets, sum } = telemetry.histogram("klamm_request_seconds", "ApiVersions")
      expect(buckets.reduce((total, each) => total + each)).toBe(2)
      expect(sum).toBeGreaterThan(10_000)
    })
  ))

test("requests that end in one step are answered by one write", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { serving, writes, give } = serveSome(ended)
      const fiber = yield* Effect.forkChild(serving, { startImmediately: true })
      yield* Effect.sleep(5)
      for (const index of [0, 1]) give(index)
      yield* Fiber.join(fiber)
      expect(writes).toEqual([[1, 2]])
    })
  ))

test("a connection that is reset ends at once, its answers with it", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { serving, writes } = serveSome(reset)
      expect(yield* Effect.timeout(serving, 1_000)).toBe(reset)
      expect(writes).toEqual([])
    })
  ))

test.each([true, false])(
  "what was read and not begun when a connection ends is given back, pipelined: %s",
  (pipelined) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const story = { requests: 4, maxQueuedRequests: 1, writing: reset, pipelined }
        const { serving, released, give } = serveSome(undefined, story)
        const fiber = yield* Effect.forkChild(serving, { startImmediately: true })
        yield* Effect.sleep(5)
        give(0)
        expect(yield* Fiber.join(fiber)).toBe(reset)
        expect(released).toEqual([1, 1, 1, 1])
      })
    )
)
