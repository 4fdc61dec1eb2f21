/** Instruments in a registry of their own: one series for each set of attributes, and values that are looked up while somebody answers. */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import { expect, it } from "vitest"
import { counter, histogram, observe } from "../../src/observe/Instrument.ts"

const definition = { name: "kafka.test", unit: "By", description: "A test." }

const registry = () => Context.make(Metric.MetricRegistry, new Map())

const valuesIn = (context: Context.Context<never>) =>
  Metric.snapshotUnsafe(context).map(({ id, attributes, state }) => ({ id, ...attributes, ...state }))

it("a counter has a series for each key, whose attributes are asked for once", () => {
  const context = registry()
  const records = counter(context, definition)
  let asked = 0
  for (const topic of ["a", "b", "a"]) {
    records.record(2, topic, () => {
      asked += 1
      return { topic }
    })
  }
  expect(asked).toBe(2)
  expect(valuesIn(context)).toEqual([
    { id: "kafka.test", topic: "a", unit: "By", count: 4, incremental: true },
    { id: "kafka.test", topic: "b", unit: "By", count: 2, incremental: true }
  ])
})

it("a histogram counts by the conventions' boundaries unless it is told others", () => {
  const context = registry()
  histogram(context, definition).record(0.02, "", () => ({}))
  const buckets = valuesIn(context).flatMap((each) => ("buckets" in each ? each.buckets : []))
  expect(buckets.map(([bound]) => bound)).toEqual([
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10
  ])
  expect(buckets.filter(([, count]) => count === 1)).toHaveLength(12)
})

it("a value is looked up when somebody asks; of several who answer it is the sum or the largest, and of nobody there is none", () => {
  const context = registry()
  const held = [3, 5]
  const ends = held.map((_, index) => observe(context, definition, "sum", { of: "sum" }, () => held[index]!))
  const largest = held.map((_, index) => observe(context, definition, "max", { of: "max" }, () => held[index]!))
  const now = () => valuesIn(context).map((each) => ("value" in each ? each.value : undefined))
  expect(now()).toEqual([8, 5])
  held[0] = 7
  expect(now()).toEqual([12, 7])
  ends[1]!()
  largest[0]!()
  expect(now()).toEqual([7, 5])
  ends[0]!()
  largest[1]!()
  expect(now()).toEqual([])
})
