/** The users' door without a client: what a test sees of its cluster and does to it, on virtual time. */
import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
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
