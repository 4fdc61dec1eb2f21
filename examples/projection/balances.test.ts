import { expect, layer } from "@effect/vitest"
import { Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Layer, Random } from "effect"
import { until } from "../support/until.ts"
import { Bookings, Database, project } from "./balances.ts"

const accounts = ["alice", "bob", "carol", "dave", "erin"]

/** One step of the world is a transaction: all of it happens, or nothing. A killed process never gets to know. */
const makeDatabase = () => {
  const balances = new Map<string, number>()
  const offsets = new Map<number, number>()
  const live = Layer.succeed(Database, {
    nextOffset: (partition) => Effect.sync(() => offsets.get(partition) ?? 0),
    add: (changes, partition, nextOffset) =>
      Effect.gen(function* () {
        yield* Effect.sleep("20 millis")
        for (const { account, cents } of changes) balances.set(account, (balances.get(account) ?? 0) + cents)
        offsets.set(partition, nextOffset)
        yield* Effect.sleep("20 millis")
      })
  })
  return { balances, live }
}

layer(TestCluster.layer({ brokers: 1, seed: 18, topics: [Bookings] }))("a projection", (it) => {
  it.effect("counts every booking once, killed six times at moments of chance", () =>
    Effect.gen(function* () {
      const { balances, live } = makeDatabase()
      const booking = Effect.forEach(
        Array.from({ length: 120 }, (_, n) => n),
        (n) =>
          Effect.andThen(
            Producer.send(Bookings, { key: accounts[n % accounts.length]!, value: { cents: n } }),
            Effect.sleep("5 millis")
          ),
        { discard: true }
      )
      const writing = yield* Effect.forkChild(booking)
      for (let life = 0; life < 6; life++) {
        const process = yield* Effect.forkChild(Effect.provide(project, live))
        yield* Effect.sleep(yield* Random.nextIntBetween(20, 200))
        yield* Fiber.interrupt(process)
      }
      yield* Fiber.join(writing)
      yield* Effect.forkChild(Effect.provide(project, live))
      const sum = () => [...balances.values()].reduce((one, other) => one + other, 0)
      yield* until(Effect.sync(() => sum() >= (119 * 120) / 2))
      yield* Effect.sleep("2 seconds")
      expect(sum()).toBe((119 * 120) / 2)
      expect(balances.get("alice")).toBe(24 * ((0 + 115) / 2))
    })
  )
})
