/** Requests that take much of what a broker of a test has for them: answered as long as they fit, refused with a reason when they don't. */
import { Consumer, Klamm, Producer, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import { requestLimitBytes } from "../src/ArenaPool.ts"
import { type StartedCluster, startTestCluster } from "../src/startTestCluster.ts"

const maxMessageBytes = 20_000_000
const films = Topic.make("films", {
  key: Schema.Uint8Array,
  value: Schema.Uint8Array,
  configs: { "max.message.bytes": `${maxMessageBytes}` }
})

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({ topics: [films] })
})
afterAll(() => cluster.stop())

const run = <A, E>(work: Effect.Effect<A, E, Klamm.Klamm>) =>
  Effect.runPromise(
    work.pipe(
      Effect.provide(
        Klamm.layer({
          bootstrap: cluster.bootstrap,
          producer: { maxRequestSize: maxMessageBytes, deliveryTimeoutMs: 4_000, requestTimeoutMs: 3_000 }
        })
      )
    )
  )

const film = (sizeBytes: number) => ({ key: new Uint8Array([1]), value: new Uint8Array(sizeBytes).fill(7) })

it.each([4_300_000, 7_500_000])("a record of %i bytes is stored and read", async (sizeBytes) => {
  const sent = Effect.flatMap(Producer.send(films, film(sizeBytes)), ({ offset }) =>
    Effect.scoped(
      Effect.flatMap(Consumer.assign(films, [{ partition: 0, from: offset }]), ({ stream }) =>
        Stream.runCollect(Stream.take(stream, 1))
      )
    )
  )
  const [read] = await run(sent)
  expect(read?.value.byteLength).toBe(sizeBytes)
  expect(read?.value.every((byte) => byte === 7)).toBe(true)
})

it("a request beyond the limit ends its connection, and the log says why", async () => {
  const spy = vi.spyOn(console, "log").mockReturnValue()
  const failure = await run(Effect.flip(Producer.send(films, film(requestLimitBytes))))
  const said = spy.mock.calls.flat().join("\n")
  spy.mockRestore()
  expect(failure.codeName).toBe("REQUEST_TIMED_OUT")
  expect(said).toMatch(
    new RegExp(`closing the connection from .*frame of \\d+ bytes where ${requestLimitBytes} are allowed`)
  )
})

it("what was begun on several connections is answered, one after another", async () => {
  const clients = Array.from({ length: 4 }, () => run(Producer.send(films, film(4_300_000))))
  expect(await Promise.all(clients)).toHaveLength(4)
})
