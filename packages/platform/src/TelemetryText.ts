/**
 * The numbers of a node as text, in Prometheus' exposition format 0.0.4. Pure. Invariant: buckets are cumulative and always the same
 * for one metric, the last is `+Inf` and equals the count.
 */
import { Counter, Histogram, type MetricName, metricTable, type Series, type Telemetry } from "./Telemetry.ts"

export const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** Grains in a metric's unit. */
const grainsIn = (name: MetricName): number => (name.endsWith("_seconds") ? 1e6 : 1)

/** The largest bucket that is printed: 2^26 microseconds are 67 seconds, 2^30 bytes a gibibyte. */
const lastBucket = (name: MetricName): number => (name.endsWith("_seconds") ? 26 : 30)

const labelled = (name: string, labels: ReadonlyArray<readonly [string, string]>): string =>
  labels.length === 0 ? name : `${name}{${labels.map(([key, value]) => `${key}="${value}"`).join(",")}}`

const labelsOf = (name: MetricName, label: string | undefined): ReadonlyArray<readonly [string, string]> => {
  const described = metricTable[name]
  return "label" in described && label !== undefined ? [[described.label, label]] : []
}

const histogramLines = (name: MetricName, label: string | undefined, { buckets, sum }: Histogram): Array<string> => {
  const lines: Array<string> = []
  const labels = labelsOf(name, label)
  const grains = grainsIn(name)
  const count = buckets.reduce((total, each) => total + each, 0)
  let below = 0
  for (let index = 0; index <= lastBucket(name); index++) {
    below += buckets[index] ?? 0
    lines.push(`${labelled(`${name}_bucket`, [...labels, ["le", `${2 ** index / grains}`]])} ${below}`)
  }
  lines.push(`${labelled(`${name}_bucket`, [...labels, ["le", "+Inf"]])} ${count}`)
  lines.push(`${labelled(`${name}_sum`, labels)} ${sum / grains}`)
  lines.push(`${labelled(`${name}_count`, labels)} ${count}`)
  return lines
}

const seriesLines = (name: MetricName, { label, value }: Series): Array<string> => {
  if (value instanceof Histogram) return histogramLines(name, label, value)
  const number = value instanceof Counter ? value.value : value()
  return [`${labelled(name, labelsOf(name, label))} ${number}`]
}

/** All of a node's numbers at this moment. */
export const print = (telemetry: Telemetry): string =>
  telemetry
    .collect()
    .flatMap(([name, series]) => [
      `# HELP ${name} ${metricTable[name].description}`,
      `# TYPE ${name} ${metricTable[name].kind}`,
      ...series.flatMap((each) => seriesLines(name, each))
    ])
    .map((line) => `${line}\n`)
    .join("")
