/** Groups through the loss of their coordinator and of leaders, in a seeded world on virtual time. */
import { assert, layer } from "@effect/vitest"
import * as Consumer from "@klamm/client/Consumer"
import { Klamm } from "@klamm/client/Klamm"
import * as Producer from "@klamm/client/Producer"
import * as Topic from "@klamm/client/Topic"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestCluster } from "../../src/TestCluster.ts"

const Orders = Topic.make("orders", { key: Schema.String, value: Schema.Finite, partitions: 6 })

const total = 600

/** Writes numbers, a few at a time, for about a minute. */
const producing = Effect.gen(function* () {
  for (let at = 0; at < total; at += 10) {
    yield* Producer.sendMany(
      Orders,
      Array.from({ length: 10 }, (_, n) => ({ key: `k${(at + n) % 30}`, value: at + n }))
    )
    yield* Effect.sleep("1 second")
  }
})

const waitUntil = (condition: () => boolean) =>
  Effect.sleep("500 millis").pipe(Effect.repeat({ until: condition }), Effect.timeout("5 minutes"))

const through = (disaster: (group: string) => Effect.Effect<unknown, unknown, TestCluster | Klamm>) =>
  Effect.gen(function* () {
    const group = "billing"
    const seen: Array<number> = []
    const lanes = new Map<string, Array<number>>()
    const member = Consumer.forEach(
      Orders,
      { group, concurrency: "key", autoOffsetReset: "earliest", sessionTimeoutMs: 10_000, autoCommitIntervalMs: 1_000 },
      ({ key, value }) =>
        Effect.andThen(
          Effect.sleep("20 millis"),
          Effect.sync(() => {
            seen.push(value)
            lanes.set(key, [...(lanes.get(key) ?? []), value])
          })
        )
    )
    for (let n = 0; n < 3; n++) yield* Effect.forkScoped(member)
    const writer = yield* Effect.forkScoped(producing)
    yield* waitUntil(() => seen.length > 50)
    yield* disaster(group)
    yield* Fiber.join(writer)
    yield* waitUntil(() => new Set(seen).size === total)
    // What comes again comes from the last commit on: never is a record skipped, and first sight is in order.
    for (const values of lanes.values()) {
      const first = [...new Set(values)]
      assert.deepStrictEqual(
        first,
        first.toSorted((a, b) => a - b)
      )
    }
    return seen.length - total
  })

const coordinatorOf = (group: string) => Effect.flatMap(Klamm, ({ cluster }) => cluster.coordinatorOf("group", group))

layer(TestCluster.layer({ brokers: 3, seed: 11, topics: [Orders] }))("a group of three", (it) => {
  it.effect("outlives its coordinator's crash and loses no record", () =>
    through((group) =>
      Effect.gen(function* () {
        const cluster = yield* TestCluster
        const before = yield* coordinatorOf(group)
        yield* cluster.crash(before)
        yield* Effect.sleep("20 seconds")
        yield* cluster.start(before)
      })
    )
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 12, topics: [Orders] }))("a group of three, again", (it) => {
  it.effect("outlives the isolation of a partition's leader", () =>
    through(() =>
      Effect.gen(function* () {
        const cluster = yield* TestCluster
        yield* cluster.network.isolate(yield* cluster.leaderOf(Orders, 0))
        yield* Effect.sleep("40 seconds")
        yield* cluster.network.heal
      })
    )
  )
})
