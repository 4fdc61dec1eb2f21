/**
 * The names of all metrics in one table, and the metrics themselves by name. Invariant: no metric is made anywhere else, so
 * that the table is the documentation; units stand last in the name, as Prometheus wants them.
 */
import * as Metric from "effect/Metric"

interface Description {
  /** `counter` only grows; `gauge` is a level. */
  readonly kind: "counter" | "gauge"
  readonly description: string
}

export const metricTable = {
  klamm_connections: { kind: "gauge", description: "Open client connections" },
  klamm_requests_total: { kind: "counter", description: "Requests answered" },
  klamm_received_bytes: { kind: "counter", description: "Bytes of requests received" },
  klamm_sent_bytes: { kind: "counter", description: "Bytes of answers sent" },
  klamm_appended_records_total: { kind: "counter", description: "Records appended by clients" },
  klamm_appended_bytes: { kind: "counter", description: "Bytes of record batches appended by clients" },
  klamm_fetched_bytes: { kind: "counter", description: "Bytes of record batches given to clients" },
  klamm_arena_used_bytes: { kind: "gauge", description: "Bytes of the arena handed out" },
  klamm_arena_limit_bytes: { kind: "gauge", description: "Bytes of the arena in all" },
  klamm_offline_log_directories: { kind: "gauge", description: "Log directories taken offline after a disk error" }
} as const satisfies Record<string, Description>

export type MetricName = keyof typeof metricTable

type NamesOf<Kind extends Description["kind"]> = {
  [Name in MetricName]: (typeof metricTable)[Name]["kind"] extends Kind ? Name : never
}[MetricName]

/** Counts: `Metric.update(counter("klamm_requests_total"), 1)`. */
export const counter = (name: NamesOf<"counter">): Metric.Counter<number> =>
  Metric.counter(name, { description: metricTable[name].description, incremental: true })

/** Shows a level: `Metric.update(gauge("klamm_connections"), 12)`. */
export const gauge = (name: NamesOf<"gauge">): Metric.Gauge<number> =>
  Metric.gauge(name, { description: metricTable[name].description })
