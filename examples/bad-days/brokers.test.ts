/** Bad days of brokers: they die, stand still, are restarted one after another, or all go dark at once. */
import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber } from "effect"
import { ids, Orders, stored, takeOrders } from "./Orders.ts"

layer(TestCluster.layer({ brokers: 3, seed: 1, topics: [Orders] }))("the leader is killed", (it) => {
  it.effect("every order is there once and in order, whoever was leading", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const taking = yield* Effect.forkChild(takeOrders(1, 30))
      yield* Effect.sleep("2 seconds")
      yield* cluster.crash(yield* cluster.leaderOf(Orders))
      yield* Fiber.join(taking)
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 30))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 2, topics: [Orders] }))("the whole rack goes dark", (it) => {
  it.effect("what was acknowledged survives, although every broker lost its power at once", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 5)
      for (const broker of cluster.brokers) yield* cluster.disk(broker).powerLoss
      yield* Effect.sleep("1 minute")
      yield* cluster.settle
      yield* takeOrders(6, 7)
      expect(yield* stored).toEqual(ids(1, 7))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 3, topics: [Orders] }))("a rolling restart", (it) => {
  it.effect("loses nothing, doubles nothing, and orders are taken all the while", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const taking = yield* Effect.forkChild(takeOrders(1, 40))
      for (const broker of cluster.brokers) {
        yield* cluster.stop(broker)
        yield* Effect.sleep("3 seconds")
        yield* cluster.settle
      }
      yield* Fiber.join(taking)
      expect(yield* stored).toEqual(ids(1, 40))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 4, topics: [Orders] }))("a leader that stands still for a minute", (it) => {
  it.effect("is replaced, and has nothing to say when it wakes up", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 3)
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.pause(leader)
      yield* takeOrders(4, 6)
      expect(yield* cluster.leaderOf(Orders)).not.toBe(leader)
      yield* cluster.resume(leader)
      yield* takeOrders(7, 9)
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 9))
    })
  )
})
