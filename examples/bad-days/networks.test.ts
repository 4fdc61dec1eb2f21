/** Bad days of networks and clocks: cut, one-way, slow, forgetful; wrong by hours. */
import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber } from "effect"
import { ids, Orders, stored, takeOrders } from "./Orders.ts"

layer(TestCluster.layer({ brokers: 3, seed: 9, topics: [Orders] }))("a cable that works one way only", (it) => {
  it.effect("costs nobody an order", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const leader = yield* cluster.leaderOf(Orders)
      const taking = yield* Effect.forkChild(takeOrders(1, 20))
      for (const other of cluster.brokers) if (other !== leader) yield* cluster.network.mute(other, leader)
      yield* Effect.sleep("1 minute")
      yield* cluster.network.heal
      yield* Fiber.join(taking)
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 20))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 10, topics: [Orders] }))("connections break again and again", (it) => {
  it.effect("and no order is stored twice", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const taking = yield* Effect.forkChild(takeOrders(1, 30))
      for (let round = 0; round < 20; round++) {
        yield* Effect.sleep("300 millis")
        for (const broker of cluster.brokers) yield* cluster.network.reset(broker)
      }
      yield* Fiber.join(taking)
      expect(yield* stored).toEqual(ids(1, 30))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 105, topics: [Orders] }))("a link across an ocean, badly mended", (it) => {
  it.effect("is slow, and keeps its promises", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.network.slow(leader, { latency: "2 seconds", bytesPerSecond: 5_000 })
      yield* takeOrders(1, 5)
      expect(yield* stored).toEqual(ids(1, 5))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 12, topics: [Orders] }))("clocks that are hours apart", (it) => {
  it.effect("do not change who leads what, nor what is stored", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.skew(leader, "3 hours")
      yield* cluster.skew(cluster.brokers.find((id) => id !== leader) ?? leader, -7_200_000)
      yield* takeOrders(1, 10)
      yield* Effect.sleep("1 minute")
      expect(yield* cluster.leaderOf(Orders)).toBe(leader)
      expect(yield* stored).toEqual(ids(1, 10))
    })
  )
})

const careful = { topics: [Orders], settings: { "min.insync.replicas": 2 } }
layer(TestCluster.layer({ brokers: 3, seed: 13, ...careful }))("two of three brokers are gone", (it) => {
  it.effect("orders wait until a second copy can be made, and then are stored", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 3)
      const [first = 1, second = 2] = cluster.brokers
      yield* cluster.crash(first)
      yield* cluster.crash(second)
      const taking = yield* Effect.forkChild(takeOrders(4, 4))
      yield* Effect.sleep("20 seconds")
      expect(taking.pollUnsafe()).toBeUndefined()
      yield* cluster.start(first)
      yield* Fiber.join(taking)
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 4))
    })
  )
})
