/**
 * What a node measures of itself: the names of all metrics in one table, and the numbers, which hot paths change by plain calls.
 *
 * Invariants: no metric is made that the table has not, so that the table is the documentation; measuring costs an addition or two,
 * whether or not anybody looks; units stand in the name, as Prometheus wants them. Neighbour: `TelemetryText.ts` prints them.
 */
import * as Context from "effect/Context"

interface Description {
  /** `counter` only grows, `gauge` is a level, `histogram` tells how often which size came. */
  readonly kind: "counter" | "gauge" | "histogram"
  readonly description: string
  /** What tells apart the series of one name. */
  readonly label?: string
}

export const metricTable = {
  klamm_connections: { kind: "gauge", description: "Open connections of clients and other nodes" },
  klamm_request_seconds: {
    kind: "histogram",
    description: "From a request's arrival until its answer is handed to the socket; a long poll's waiting counts",
    label: "api"
  },
  klamm_received_bytes_total: { kind: "counter", description: "Bytes of requests received" },
  klamm_sent_bytes_total: { kind: "counter", description: "Bytes of answers sent" },
  klamm_in_flight_bytes: { kind: "gauge", description: "Bytes of requests and answers in memory at this moment" },
  klamm_in_flight_limit_bytes: { kind: "gauge", description: "The most that these may be" },
  klamm_append_batches: {
    kind: "histogram",
    description: "Record batches that went to disk in one write of a partition"
  },
  klamm_append_bytes: { kind: "histogram", description: "Bytes of one write of a partition" },
  klamm_append_seconds: { kind: "histogram", description: "Time of one write of a partition" },
  klamm_sync_seconds: { kind: "histogram", description: "Time of one sync of a partition's log" },
  klamm_partitions: { kind: "gauge", description: "Replicas on this node" },
  klamm_partitions_led: { kind: "gauge", description: "Partitions that this node leads" },
  klamm_offline_log_directories: { kind: "gauge", description: "Log directories taken offline after a disk error" },
  klamm_event_loop_delay_seconds: {
    kind: "gauge",
    description: "How late timers fired since the last look: what one long step of the process makes all others wait",
    label: "quantile"
  },
  process_cpu_seconds_total: { kind: "counter", description: "Processor time of the process, all threads" },
  process_resident_memory_bytes: { kind: "gauge", description: "Resident memory of the process" }
} as const satisfies Record<string, Description>

export type MetricName = keyof typeof metricTable

export type NamesOf<Kind extends Description["kind"]> = {
  [Name in MetricName]: (typeof metricTable)[Name]["kind"] extends Kind ? Name : never
}[MetricName]

export class Counter {
  value = 0

  add(amount: number): void {
    this.value += amount
  }
}

/** Buckets of a histogram: the one at `index` holds what is above 2^(index - 1) and at most 2^index grains. */
export const bucketCount = 36

/** How often which size came, by powers of two of a grain: a microsecond for times, one for all else. */
export class Histogram {
  readonly buckets = new Float64Array(bucketCount)
  sum = 0

  /** Notes a size, in grains. */
  observe(grains: number): void {
    this.sum += grains
    const index = grains <= 1 ? 0 : Math.ceil(Math.log2(grains))
    const bucket = Math.min(index, bucketCount - 1)
    this.buckets[bucket] = this.buckets[bucket]! + 1
  }

  /** Notes a time in milliseconds; the grain is the microsecond. */
  observeMs(milliseconds: number): void {
    this.observe(milliseconds * 1_000)
  }
}

export interface Series {
  readonly label: string | undefined
  readonly value: Counter | Histogram | (() => number)
}

/** The numbers of one node. */
export class Telemetry {
  private readonly series = new Map<MetricName, Map<string | undefined, Series["value"]>>()

  counter(name: NamesOf<"counter">, label?: string): Counter {
    return this.made(name, label, Counter)
  }

  histogram(name: NamesOf<"histogram">, label?: string): Histogram {
    return this.made(name, label, Histogram)
  }

  /** Says where a level, or a count that somebody else keeps, is read when somebody looks. */
  show(name: NamesOf<"gauge" | "counter">, read: () => number, label?: string): void {
    this.seriesOf(name).set(label, read)
  }

  /** Everything there is, in the order of the table. */
  collect(): ReadonlyArray<readonly [MetricName, ReadonlyArray<Series>]> {
    const names = Object.keys(metricTable).filter((name): name is MetricName => name in metricTable)
    return names
      .filter((name) => this.series.has(name))
      .map((name) => [name, [...this.seriesOf(name)].map(([label, value]) => ({ label, value }))] as const)
  }

  private made<A extends Counter | Histogram>(name: MetricName, label: string | undefined, make: new () => A): A {
    const all = this.seriesOf(name)
    const known = all.get(label)
    if (known instanceof make) return known
    const value = new make()
    all.set(label, value)
    return value
  }

  private seriesOf(name: MetricName): Map<string | undefined, Series["value"]> {
    const known = this.series.get(name)
    if (known !== undefined) return known
    const all = new Map<string | undefined, Series["value"]>()
    this.series.set(name, all)
    return all
  }
}

/** Where a node's parts find its numbers. A part that runs outside of any node counts for itself. */
export const NodeTelemetry = Context.Reference<Telemetry>("platform/NodeTelemetry", {
  defaultValue: () => new Telemetry()
})
