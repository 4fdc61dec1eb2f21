import { expect, it } from "vitest"
import { apart, barChart, lineChart, roundUp } from "../src/Svg.ts"

const chart = {
  title: "MB/s & more",
  labels: ["16 KiB", "1 MiB"],
  series: [
    { name: "klamm", values: [400, 200] },
    { name: "<other>", values: [100, undefined] }
  ]
}

const heights = (svg: string): ReadonlyArray<number> =>
  [...svg.matchAll(/<rect class="s\d" [^>]*height="([\d.]+)" rx="2"\/><text/g)].map(([, height]) => Number(height))

it("the height of a bar is in proportion to its value, from zero", () => {
  const [first = 0, second = 0, third = 0] = heights(barChart(chart)).filter((height) => height !== 10)
  expect(first / second).toBeCloseTo(2, 1)
  expect(first / third).toBeCloseTo(4, 1)
})

it("every value that was measured is there as a number, and nothing for one that was not", () => {
  const svg = barChart(chart)
  expect([...svg.matchAll(/class="value">([^<]+)</g)].map(([, text]) => text)).toEqual(["400", "200", "100"])
})

it("names are text and cannot become markup", () => {
  expect(barChart(chart)).toContain("MB/s &#38; more")
  expect(barChart(chart)).not.toContain("<other>")
})

it("on the logarithmic scale equal ratios are equal distances", () => {
  const svg = lineChart({ title: "ms", labels: ["p50", "p99", "p99.9"], series: [{ name: "a", values: [0.1, 1, 10] }] })
  const ys = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y))
  expect(ys[0]! - ys[1]!).toBeCloseTo(ys[1]! - ys[2]!, 0)
  expect(ys[0]).toBeGreaterThan(ys[1]!)
})

it("a chart of nothing is still a chart", () => {
  const nothing = { title: "", labels: ["a"], series: [{ name: "x", values: [undefined] }] }
  for (const draw of [barChart, lineChart]) expect(draw(nothing)).not.toMatch(/NaN|Infinity/)
})

it("an axis ends at a round number", () => {
  expect([0, 1, 3, 42, 260, 999].map(roundUp)).toEqual([1, 1, 3, 60, 300, 1000])
})

it("numbers that would cover each other are moved apart in their order, others stay", () => {
  const places = apart([100, 50, 101, 10], 13)
  expect(places[1]).toBe(50)
  expect(places[3]).toBe(10)
  expect(places[2]! - places[0]!).toBeCloseTo(13)
})
