import { expect, layer } from "@effect/vitest"
import { TestCluster } from "@klamm/testing"
import { Effect, Layer } from "effect"
import { until } from "../support/until.ts"
import { Activity, type Event, funnel, popularPages, Reports, track } from "./activity.ts"

const visitors = Array.from({ length: 12 }, (_, index) => `visitor-${index}`)

/** Three pages, a search, a purchase; every other visitor's way is another. */
const wayOf = (visitor: string): ReadonlyArray<Event> => [
  { _tag: "Viewed", page: "/" },
  { _tag: "Searched", words: `${visitor} looks for shoes` },
  { _tag: "Viewed", page: "/shoes" },
  { _tag: "Viewed", page: `/shoes/of-${visitor}` },
  { _tag: "Bought", article: "shoes" }
]

const views = new Map<string, number>()
const purchases = new Map<string, ReadonlyArray<Event>>()
const InMemory = Layer.succeed(Reports, {
  viewed: (page) => Effect.sync(() => void views.set(page, (views.get(page) ?? 0) + 1)),
  bought: (visitor, steps) => Effect.sync(() => void purchases.set(visitor, steps))
})

layer(TestCluster.layer({ brokers: 3, seed: 11, topics: [Activity] }))("activity tracking", (it) => {
  it.effect("each group sees everything, and each visitor's steps come in order, though a broker dies", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* Effect.forkChild(Effect.all([funnel, popularPages], { concurrency: "unbounded" }))
      const walk = (visitor: string) => Effect.forEach(wayOf(visitor), (event) => track(visitor, event))
      yield* Effect.forEach(visitors.slice(0, 6), walk, { concurrency: "unbounded" })
      yield* cluster.crash(yield* cluster.leaderOf(Activity, 1))
      yield* Effect.forEach(visitors.slice(6), walk, { concurrency: "unbounded" })
      yield* until(Effect.sync(() => purchases.size === visitors.length && views.get("/shoes") === visitors.length))
      for (const visitor of visitors) expect(purchases.get(visitor)).toEqual(wayOf(visitor))
      expect(views.get("/")).toBe(visitors.length)
    }).pipe(Effect.provide(InMemory))
  )
})
