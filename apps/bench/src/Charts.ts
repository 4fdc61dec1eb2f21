/** Which charts are drawn of a report: throughput by batch size and latency by percentile. Neighbours: Svg.ts, Report.ts. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { medianOf, type Report, type Result, rolesOf } from "./Report.ts"
import { barChart, lineChart, type Series } from "./Svg.ts"

interface Point {
  readonly label: string
  readonly load: string
  readonly figure: string
}

const BATCHES = [
  ["16 KiB", "16k"],
  ["64 KiB", "64k"],
  ["1 MiB", "1m"]
] as const

const throughput = (prefix: string): ReadonlyArray<Point> =>
  BATCHES.map(([label, id]) => ({ label, load: `${prefix}-${id}`, figure: "throughput" }))

const latency = (load: string): ReadonlyArray<Point> =>
  ["p50", "p99", "p99.9"].map((share) => ({ label: share, load, figure: `end to end ${share}` }))

const seriesOf = (report: Report, points: ReadonlyArray<Point>): ReadonlyArray<Series> => {
  const byId = new Map<string, Result>(report.results.map((result) => [result.id, result]))
  return rolesOf(report).map((role) => ({
    name: report.names[role] ?? role,
    values: points.map(({ load, figure }) => {
      const result = byId.get(load)
      return result === undefined ? undefined : medianOf(result, role, figure)
    })
  }))
}

const hasValues = (series: ReadonlyArray<Series>): boolean =>
  series.some(({ values }) => values.some((value) => value !== undefined))

/** Draws what was measured and answers the names of the files. */
export const writeCharts = (report: Report, folder: string): ReadonlyArray<string> => {
  mkdirSync(folder, { recursive: true })
  const charts = [
    ["produce.svg", "Produce: MB/s by batch size, one broker", throughput("produce"), barChart],
    ["replicated.svg", "Produce: MB/s by batch size, three brokers, RF 3", throughput("replicated"), barChart],
    ["latency.svg", "One record, end to end: ms by percentile", latency("latency-one"), lineChart],
    ["latency-rate.svg", "500 records/s, end to end: ms by percentile", latency("latency-rate"), lineChart]
  ] as const
  const written: Array<string> = []
  for (const [name, title, points, draw] of charts) {
    const series = seriesOf(report, points)
    if (!hasValues(series)) continue
    const labels = points.map(({ label }) => label)
    writeFileSync(join(folder, name), draw({ title, labels, series }))
    written.push(join(folder, name))
  }
  return written
}
