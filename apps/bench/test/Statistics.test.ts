import { expect, it } from "vitest"
import { median, percentile, ratioOf, spreadOf, summarise } from "../src/Statistics.ts"

it("a percentile is the nearest rank: a value that was measured", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(hundred, 0.5)).toBe(50)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile(hundred, 0.999)).toBe(100)
  expect(percentile([7], 0)).toBe(7)
  expect(percentile([], 0.5)).toBeUndefined()
})

it("the median is the middle one, or between the two", () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 2, 4, 8])).toBe(6)
  expect(median([])).toBeUndefined()
})

it("a spread is half the range, as a share of the median", () => {
  const summary = summarise([100, 95, 115])
  expect(summary).toEqual({ median: 100, least: 95, most: 115, rounds: 3 })
  expect(spreadOf(summary!)).toBeCloseTo(0.1)
  expect(summarise([])).toBeUndefined()
})

it("a ratio is of the same rounds, so that a slow hour of the machine is in both", () => {
  expect(ratioOf([200, 100, 400], [100, 50, 200])).toBe(2)
  // Of all against all it would be 2 as well; here the second round has no partner.
  expect(ratioOf([200, 1, 400], [100, undefined, 200])).toBe(2)
  expect(ratioOf([1], [0])).toBeUndefined()
  expect(ratioOf([], [])).toBeUndefined()
})
