/** A client whose layer has ended: whatever is asked of it fails at once and says why, and who waits at that moment is told too. */
import { Admin, Consumer, Klamm, Producer, Topic } from "@klamm/client"
import { makeArena } from "@klamm/platform/ArenaAllocator"
import { Network } from "@klamm/platform/Network"
import * as NodeNetwork from "@klamm/platform/node/NodeNetwork"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type StartedCluster, startTestCluster } from "../src/startTestCluster.ts"

const orders = Topic.make("orders", { key: Schema.String, value: Schema.String })
const closed = /closed: the scope it was made in has ended/
const record = { key: "k", value: "v" }

let cluster: StartedCluster
beforeAll(async () => {
  cluster = await startTestCluster({ topics: [orders] })
})
afterAll(() => cluster.stop())

interface Told {
  readonly message: string
  readonly retriable: boolean
}
type Ask = Effect.Effect<unknown, Told, Klamm.Klamm>
type Client = Context.Context<Klamm.Klamm>

/** What fails with `{ message, retriable }` when it is run in time, and that it does. */
const refusal = (work: Effect.Effect<unknown, Told>) => Effect.timeout(Effect.flip(work), "5 seconds")

const used = (client: Client) =>
  Effect.provideContext(Effect.andThen(Producer.send(orders, record), Admin.listTopics()), client)

const look = Effect.flatMap(Klamm.Klamm, ({ cluster }) => cluster.refresh(["orders"]))

const asks: { readonly [what: string]: Ask } = {
  "a send": Producer.send(orders, record),
  "many sends": Producer.sendMany(orders, [record, record]),
  "a send to a topic that is not known": Producer.send(Topic.named(orders, "others"), record),
  "a list of topics": Admin.listTopics(),
  "a look at the metadata": look,
  "a consumer": Stream.runDrain(Consumer.stream(orders, { group: "late", autoOffsetReset: "earliest" })),
  "a consumer without a group": Stream.runDrain(Consumer.stream(orders))
}

it.each([true, false])("what is asked of a client that is closed fails at once, used before: %s", (isUsed) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const client = yield* Layer.buildWithScope(Klamm.layer({ bootstrap: cluster.bootstrap }), scope)
      if (isUsed) yield* used(client)
      yield* Scope.close(scope, Exit.void)
      for (const [what, ask] of Object.entries(asks)) {
        const error = yield* refusal(Effect.provideContext(ask, client))
        expect(error.message, what).toMatch(closed)
        expect(error.retriable, what).toBe(false)
      }
    })
  )
)

it("a consumer that runs when its client is closed ends with the reason", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const client = yield* Layer.buildWithScope(Klamm.layer({ bootstrap: cluster.bootstrap }), scope)
      const read = Stream.runHead(Consumer.stream(orders, { group: "early", autoOffsetReset: "latest" }))
      const reading = yield* Effect.forkChild(Effect.provideContext(read, client))
      yield* used(client)
      yield* Effect.sleep("200 millis")
      yield* Scope.close(scope, Exit.void)
      expect((yield* refusal(Fiber.join(reading))).message).toMatch(closed)
    })
  ))

/** Takes connections and never says anything. */
const mute = Effect.gen(function* () {
  const network = yield* Network
  const bytes = 1024 * 1024
  const arena = makeArena(new ArrayBuffer(bytes), 0, bytes)
  const options = { arena, framing: { frameLength: () => 0 }, receiveLimitBytes: bytes }
  const { address } = yield* network.listen({ host: "127.0.0.1", port: 0 }, options, () => Effect.never)
  return `127.0.0.1:${address.port}`
}).pipe(Effect.provide(NodeNetwork.layer))

it("who waits for a broker that says nothing is told when the client is closed", () =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const options = { bootstrap: yield* mute, producer: { requestTimeoutMs: 100, deliveryTimeoutMs: 60_000 } }
        const client = yield* Layer.buildWithScope(Klamm.layer(options), scope)
        const waiting = yield* Effect.forEach(
          [Producer.send(orders, record), Admin.listTopics(), look] satisfies ReadonlyArray<Ask>,
          (ask: Ask) => Effect.forkChild(refusal(Effect.provideContext(ask, client)))
        )
        yield* Effect.sleep("50 millis")
        yield* Scope.close(scope, Exit.void)
        for (const fiber of waiting) expect((yield* Fiber.join(fiber)).message).toMatch(closed)
      })
    )
  ))
