import { expect, layer } from "@effect/vitest"
import { Producer } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect } from "effect"
import { until } from "../support/until.ts"
import { Demand, dispatch, Matches, Prices } from "./rides.ts"

const free = (area: string, driver: string) =>
  Producer.send(Demand, { key: area, value: { _tag: "DriverFree", driver } })
const ask = (area: string, ride: string) => Producer.send(Demand, { key: area, value: { _tag: "RideAsked", ride } })

/** So many drivers and riders of an area, one of each after the other. */
const traffic = (area: string, round: number, drivers: number, rides: number) =>
  Effect.forEach(
    Array.from({ length: Math.max(drivers, rides) }, (_, n) => n),
    (n) =>
      Effect.all([
        n < drivers ? free(area, `${area} driver ${round}.${n}`) : Effect.void,
        n < rides ? ask(area, `${area} ride ${round}.${n}`) : Effect.void
      ])
  )

const pricesOf = (area: string) =>
  Effect.gen(function* () {
    const stored = yield* (yield* TestCluster).dump(Prices)
    return stored.filter(({ key }) => key === area).map(({ value }) => value.factor)
  })

layer(TestCluster.layer({ brokers: 1, seed: 16, topics: [Demand, Matches, Prices] }))("ride matching", (it) => {
  it.effect("where more is asked for than there is it costs more, there only, and only as long", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* Effect.forkChild(dispatch)
      yield* Effect.sleep("2 seconds")
      yield* Effect.all([traffic("centre", 1, 4, 8), traffic("harbour", 1, 4, 4)], { concurrency: "unbounded" })
      yield* Effect.sleep("10 seconds")
      expect(yield* pricesOf("centre")).toEqual([2])

      yield* traffic("centre", 2, 2, 2) // and four are still waiting
      yield* until(Effect.map(pricesOf("centre"), ({ length }) => length === 2))
      yield* traffic("centre", 3, 12, 0)
      yield* until(Effect.map(pricesOf("centre"), ({ length }) => length === 3))
      expect(yield* pricesOf("centre")).toEqual([2, 3, 1])
      expect(yield* pricesOf("harbour")).toEqual([])

      const matches = (yield* cluster.dump(Matches)).map(({ value }) => value)
      expect(new Set(matches.map(({ driver }) => driver)).size).toBe(matches.length)
      expect(new Set(matches.map(({ ride }) => ride)).size).toBe(14)
    })
  )
})
