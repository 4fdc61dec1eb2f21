/** A service whose client is seen from outside: metrics and spans go to an OpenTelemetry collector. */
import { Consumer, Klamm, Producer, Topic } from "@klamm/client"
import { Effect, Layer, Metric, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"

export const Orders = Topic.make("orders", { key: Schema.String, value: Schema.Number })
export const Bills = Topic.make("bills", { key: Schema.String, value: Schema.Number })

export const place = (customer: string, total: number) => Producer.send(Orders, { key: customer, value: total })

/** The span of each order's work is a child of the one in which it was placed, in whatever process that was. */
export const billing = Consumer.forEach(
  Orders,
  { group: "billing", concurrency: "key", autoOffsetReset: "earliest" },
  ({ key, value }) => Producer.send(Bills, { key, value })
)

/** With this around it a program's metrics and spans, the client's among them, go to a collector: `http://localhost:4318`. */
export const exporting = (collector: string) =>
  Otlp.layerJson({ baseUrl: collector, resource: { serviceName: "shop" } }).pipe(Layer.provide(FetchHttpClient.layer))

export const service = (bootstrap: string, collector: string) =>
  Klamm.layer({ bootstrap }).pipe(Layer.provideMerge(exporting(collector)))

/** The same without anybody outside: what the client has measured so far, as text. */
export const measured = Effect.map(Metric.snapshot, (all) =>
  all
    .filter(({ id }) => id.startsWith("messaging.") || id.startsWith("kafka."))
    .map(({ id, attributes, state }) => {
      const value = "count" in state ? state.count : "value" in state ? state.value : 0
      return `${id} ${attributes?.["messaging.destination.name"] ?? ""} ${value}`
    })
)

/** Where a producer spends its time, from the histograms: seconds per batch that waited, and per request. */
export const meanOf = (name: string) =>
  Effect.map(Metric.snapshot, (all) => {
    let [sum, count] = [0, 0]
    for (const { id, state } of all) {
      if (id !== name || !("sum" in state)) continue
      sum += state.sum
      count += state.count
    }
    return sum / count
  })
