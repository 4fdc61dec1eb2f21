/** The same seed is the same day, to the last packet. */
import { expect, it } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber } from "effect"
import { ids, Orders, stored, takeOrders } from "./Orders.ts"

const day = (seed: number) =>
  Effect.gen(function* () {
    const cluster = yield* TestCluster
    const taking = yield* Effect.forkChild(takeOrders(1, 8))
    yield* Effect.sleep("1 second")
    const leader = yield* cluster.leaderOf(Orders)
    yield* cluster.disk(leader).powerLoss
    yield* Fiber.join(taking)
    yield* cluster.settle
    expect(yield* stored).toEqual(ids(1, 8))
    return yield* cluster.history
  }).pipe(Effect.provide(TestCluster.layer({ seed, topics: [Orders] })))

it.live("a day is repeated by its seed", () =>
  Effect.gen(function* () {
    const first = yield* day(21)
    expect(yield* day(21)).toEqual(first)
  })
)
