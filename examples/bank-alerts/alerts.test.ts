import { expect, layer } from "@effect/vitest"
import { Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Clock, Effect, Fiber } from "effect"
import { until } from "../support/until.ts"
import { Alerts, Transfers, watch } from "./alerts.ts"

const transfer = (account: string, id: string, euros: number, timestamp: number) =>
  Producer.send(Transfers, { key: account, value: { id, cents: euros * 100 }, timestamp })

/** Alerts by id: one that came twice is one. */
const alerts = Effect.gen(function* () {
  const stored = yield* TestCluster.use((cluster) => cluster.dump(Alerts))
  return new Map(stored.map(({ key, value }) => [value.id, `${key}: ${value.cents / 100}`]))
})

layer(TestCluster.layer({ brokers: 3, seed: 13, topics: [Transfers, Alerts] }))("bank alerts", (it) => {
  it.effect("the sum of an hour counts, of each account by itself, and the watcher's death changes nothing", () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const ago = (minutes: number) => now - minutes * 60_000
      yield* transfer("alice", "a-1", 6_000, ago(45))
      yield* transfer("bob", "b-1", 9_000, ago(75))
      const first = yield* Effect.forkChild(watch)
      yield* transfer("carol", "c-1", 20_000, ago(30))
      yield* until(Effect.map(alerts, (found) => found.size === 1))

      yield* Fiber.interrupt(first) // takes with it all that was counted
      yield* transfer("alice", "a-2", 5_000, ago(15))
      yield* transfer("bob", "b-2", 9_000, ago(0)) // an hour and a quarter after the first
      yield* transfer("dave", "d-1", 10_001, ago(0))
      yield* Effect.forkChild(watch)
      yield* until(Effect.map(alerts, (found) => found.has("d-1") && found.has("a-2")))
      yield* Effect.sleep("5 seconds")
      expect([...(yield* alerts)].toSorted()).toEqual([
        ["a-2", "alice: 11000"],
        ["c-1", "carol: 20000"],
        ["d-1", "dave: 10001"]
      ])
    })
  )
})
