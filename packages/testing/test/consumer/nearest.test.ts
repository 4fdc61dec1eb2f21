/** A consumer that says in which rack it is reads from the replica there (KIP-392), and from the leader when that one is gone. */
import { assert, layer } from "@effect/vitest"
import * as Consumer from "@klamm/client/Consumer"
import * as Producer from "@klamm/client/Producer"
import * as Topic from "@klamm/client/Topic"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestCluster } from "../../src/TestCluster.ts"

const Clicks = Topic.make("clicks", { value: Schema.Finite })
const racks = ["a", "b", "c"]
const settings = { "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector" }

/** Whom the consumer has asked for records, one after another. */
const fetchedFrom = Effect.gen(function* () {
  const cluster = yield* TestCluster
  const lines = yield* cluster.history
  return lines.flatMap(({ event }) => {
    const asked = /^Fetch v\d+ → b(\d+)$/.exec(event)?.[1]
    return asked === undefined ? [] : [Number(asked)]
  })
})

const waitUntil = (isSo: () => boolean) =>
  Effect.sleep("200 millis").pipe(Effect.repeat({ until: isSo }), Effect.timeout("3 minutes"))

layer(TestCluster.layer({ brokers: 3, seed: 7, topics: [Clicks], racks, settings }))("the nearest replica", (it) => {
  it.effect("is read from, and the leader when it is gone", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const leader = yield* cluster.leaderOf(Clicks)
      const near = cluster.brokers.find((id) => id !== leader) ?? -1
      const seen: Array<number> = []
      const options = { autoOffsetReset: "earliest", clientRack: racks[near - 1] ?? "" } as const
      yield* Effect.forkScoped(
        Stream.runForEach(Consumer.stream(Clicks, options), ({ value }) => Effect.sync(() => void seen.push(value)))
      )
      const send = (value: number) => Effect.andThen(Producer.send(Clicks, { value }), Effect.sleep("1 second"))
      yield* Effect.forEach([1, 2, 3, 4, 5], send)
      yield* waitUntil(() => seen.length === 5)
      const before = yield* fetchedFrom
      assert.strictEqual(before[0], leader)
      assert.deepStrictEqual(before.slice(-3), [near, near, near])
      yield* cluster.crash(near)
      yield* Effect.forEach([6, 7], send)
      yield* waitUntil(() => seen.length === 7)
      assert.strictEqual((yield* fetchedFrom).at(-1), leader)
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, 7])
    })
  )
})
