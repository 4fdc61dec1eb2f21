/** Bad days of disks: full, broken, rotten, gone. */
import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber } from "effect"
import { ids, Orders, stored, takeOrders } from "./Orders.ts"

layer(TestCluster.layer({ brokers: 3, seed: 5, topics: [Orders] }))("the leader's disk is full", (it) => {
  it.effect("another broker takes the orders until there is room again", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 3)
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.disk(leader).full()
      yield* takeOrders(4, 6)
      yield* cluster.disk(leader).repair
      yield* cluster.crash(leader)
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 6))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 6, topics: [Orders] }))("the leader's disk can't sync any more", (it) => {
  it.effect("nothing is acknowledged that only the broken disk has", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 3)
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.disk(leader).failSyncs
      yield* takeOrders(4, 6)
      yield* cluster.disk(leader).lose
      yield* cluster.disk(leader).repair
      yield* cluster.settle
      expect(yield* stored).toEqual(ids(1, 6))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 7, topics: [Orders] }))("a disk is lost", (it) => {
  it.effect("the broker comes back with an empty one and fetches everything", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 10)
      yield* cluster.disk(2).lose
      yield* cluster.settle
      for (const broker of cluster.brokers.filter((id) => id !== 2)) yield* cluster.network.isolate(broker)
      yield* cluster.network.heal
      expect(yield* stored).toEqual(ids(1, 10))
    })
  )
})

layer(TestCluster.layer({ brokers: 3, seed: 8, topics: [Orders] }))("a bit rots on the leader's disk", (it) => {
  it.effect("it is found when the broker starts again, and mended from the others", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 10)
      const leader = yield* cluster.leaderOf(Orders)
      yield* cluster.disk(leader).corrupt(Orders)
      yield* cluster.crash(leader)
      yield* cluster.settle
      yield* takeOrders(11, 12)
      expect(yield* stored).toEqual(ids(1, 12))
    })
  )
})

const leadersReturn = { "leader.imbalance.check.interval.seconds": 1 }

layer(TestCluster.layer({ seed: 9, topics: [Orders], settings: leadersReturn }))("a bit rots, and is read", (it) => {
  it.effect("the broker refuses to serve it, says so, and is whole after its next restart", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* takeOrders(1, 10)
      const leader = yield* cluster.leaderOf(Orders)
      yield* restart(leader)
      yield* cluster.disk(leader).corrupt(Orders)
      while ((yield* cluster.leaderOf(Orders)) !== leader) yield* Effect.sleep("1 second")
      // Whoever reads now waits until a sound replica leads.
      const reading = yield* Effect.forkChild(stored)
      while (!(yield* isTold)) yield* Effect.sleep("1 second")
      yield* restart(leader)
      expect(yield* Fiber.join(reading)).toEqual(ids(1, 10))
      yield* takeOrders(11, 12)
      expect(yield* stored).toEqual(ids(1, 12))
    })
  )
})

const restart = (broker: number) =>
  Effect.gen(function* () {
    const cluster = yield* TestCluster
    yield* cluster.stop(broker)
    yield* Effect.sleep("10 seconds")
    yield* cluster.settle
  })

/** Some broker has logged the damage. */
const isTold = Effect.gen(function* () {
  const cluster = yield* TestCluster
  return (yield* cluster.history).some(({ event }) => event.includes("is damaged on the disk"))
})
