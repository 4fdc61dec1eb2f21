/** The users' door without a client: what a test sees of its cluster and does to it, on virtual time. */
import { assert, describe, it, layer } from "@effect/vitest"
import { createTopics } from "@klamm/client/Admin"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { vi } from "vitest"
import { TestCluster } from "../src/TestCluster.ts"

layer(TestCluster.layer({ brokers: 3, seed: 42, topics: ["orders"] }))("a cluster in a test", (it) => {
  it.effect("elects another leader while the one before is cut off, and settles when it is back", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const before = yield* Clock.currentTimeMillis
      const leader = yield* cluster.leaderOf("orders", 0)
      yield* cluster.network.isolate(leader)
      yield* Effect.sleep("1 minute")
      const next = yield* cluster.leaderOf("orders", 0)
      assert.notStrictEqual(next, leader)
      yield* cluster.disk(leader).powerLoss
      yield* cluster.network.heal
      yield* cluster.settle
      const [partition] = yield* cluster.describe("orders")
      assert.sameMembers([...(partition?.inSync ?? [])], [1, 2, 3])
      assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 60_000)
      assert.deepStrictEqual(yield* cluster.records("orders"), [])
    })
  )
})

/** A run of its own, whose failures are printed into `printed`. */
const runAlone = async (
  program: Effect.Effect<unknown, unknown, TestCluster>,
  environment: Record<string, string> = {}
) => {
  const printed: Array<string> = []
  const spy = vi.spyOn(console, "error").mockImplementation((text: string) => void printed.push(text))
  const provider = ConfigProvider.layer(ConfigProvider.fromUnknown(environment))
  const cluster = TestCluster.layer({ seed: 7, topics: ["orders"] }).pipe(Layer.provide(provider))
  const exit = await Effect.runPromiseExit(Effect.provide(program, cluster))
  spy.mockRestore()
  return { exit, printed: printed.join("\n") }
}

const killsLeader = Effect.gen(function* () {
  const cluster = yield* TestCluster
  const leader = yield* cluster.leaderOf("orders")
  yield* cluster.crash(leader)
  yield* Effect.sleep("20 seconds")
  return [yield* cluster.history, cluster.seed] as const
})

describe("a test's run", () => {
  it("is the same with the same seed, and KLAMM_SEED in the environment says which", async () => {
    const first = await runAlone(killsLeader)
    assert.deepStrictEqual((await runAlone(killsLeader)).exit, first.exit)
    const other = await runAlone(killsLeader, { KLAMM_SEED: "8" })
    assert.notDeepEqual(other.exit, first.exit)
    const [, seed] = Exit.getSuccess(other.exit).pipe(Option.getOrThrow) as readonly [unknown, number]
    assert.strictEqual(seed, 8)
    assert.strictEqual(first.printed, "")
  })

  it("that fails is told with seed, timeline and the command that repeats it", async () => {
    const { exit, printed } = await runAlone(Effect.andThen(killsLeader, Effect.fail("lost")))
    assert.deepStrictEqual(exit, Exit.fail("lost"))
    assert.match(printed, /3 brokers \(.*dead.*\) · seed 7/)
    assert.match(printed, /crash/)
    assert.match(printed, /KLAMM_SEED=7 pnpm vitest run/)
  })

  it("does not settle while a broker is cut off, and says who is missing where", async () => {
    const cutOff = Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* cluster.network.isolate(2)
      yield* Effect.sleep("1 minute")
      return yield* Effect.flip(cluster.settle)
    })
    const { exit } = await runAlone(cutOff)
    assert.match(String(Exit.getSuccess(exit).pipe(Option.getOrThrow)), /orders-0 .* in sync: /)
  })
})

describe("a broker that is told to stop", () => {
  it.each([1, 3])("does so without an error, one of %i", async (brokers) => {
    const stops = Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* cluster.stop(yield* cluster.leaderOf("orders"))
      yield* Effect.sleep("5 seconds")
      const history = yield* cluster.history
      return history.filter(({ event }) => /^(error|fatal|warn):|^ended/.test(event)).map(({ event }) => event)
    })
    const program = Effect.provide(stops, TestCluster.layer({ brokers, topics: ["orders"] }))
    const [ended, ...troubles] = await Effect.runPromise(program)
    assert.match(ended ?? "", /^ended: .*interrupted/i)
    assert.deepStrictEqual(troubles, [])
  })
})

layer(TestCluster.layer({ brokers: 1, seed: 5 }))("the history of a test", (inWorld) => {
  inWorld.effect("has each request, each answer with what was refused, and each fault", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* createTopics(["bills"])
      yield* Effect.flip(createTopics(["bills"]))
      yield* cluster.skew(1, "1 hour")
      const events = (yield* cluster.history).map(({ column, event }) => `${column}: ${event}`)
      assert.lengthOf(
        events.filter((event) => /^test: CreateTopics v\d+ → b1$/.test(event)),
        2
      )
      assert.isTrue(events.some((event) => /^test: CreateTopics ← b1 after [\d.]+ ms$/.test(event)))
      assert.isTrue(events.some((event) => /^test: CreateTopics ← b1 .*: TOPIC_ALREADY_EXISTS$/.test(event)))
      assert.include(events, "b1: fault: clock set by 3600000 ms")
    })
  )

  inWorld.effect("is that of the same world for the next test, which is where the one before left it", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      assert.lengthOf(yield* cluster.describe("bills"), 1)
    })
  )
})
