import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Stream } from "effect"
import { Articles, importAll } from "./import.ts"

const lineOf = (n: number) => `A-${n};article number ${n}, with a name of some length;${n * 10}`

layer(TestCluster.layer({ brokers: 3, seed: 20, topics: [Articles] }))("a CSV import", (it) => {
  it.effect("waits while nobody stores, with no more in memory than it may have, and then goes on in order", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      const total = 1_500
      expect(yield* importAll(Stream.make(lineOf(1)))).toBe(1) // who leads is known from now on
      let read = 0
      const file = Stream.range(2, total).pipe(
        Stream.rechunk(50),
        Stream.map(lineOf),
        Stream.tap(() => Effect.sync(() => void read++))
      )
      for (const broker of cluster.brokers) yield* cluster.network.isolate(broker)
      const importing = yield* Effect.forkChild(importAll(file))
      yield* Effect.sleep("5 seconds")
      expect(read).toBeGreaterThan(100)
      expect(read).toBeLessThan(total / 2)

      yield* cluster.network.heal
      expect(yield* Fiber.join(importing)).toBe(total - 1)
      const stored = yield* cluster.dump(Articles)
      expect(stored.map(({ key }) => key)).toEqual(Array.from({ length: total }, (_, n) => `A-${n + 1}`))
      expect(stored[41]?.value.cents).toBe(420)
    })
  )

  it.effect("stops at a line that is wrong, and says which", () =>
    Effect.gen(function* () {
      const lines = Stream.fromIterable([lineOf(1), "A-2;nothing costs that;-5", lineOf(3)])
      expect(yield* Effect.flip(importAll(lines))).toMatchObject({ _tag: "BadLine", line: 2 })
    })
  )
})
