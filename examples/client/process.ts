/** What docs/client/process.md shows; process.test.ts runs it. */
import { Consumer, type Processing, Producer, Topic } from "@klamm/client"
import { Effect, Schedule, Schema } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite }),
  partitions: 3
})
type Order = Topic.Value<typeof Orders>

/** In order per customer, customers side by side. */
export const billing = <E, R>(charge: (order: Order) => Effect.Effect<void, E, R>) =>
  Consumer.forEach(
    Orders,
    {
      group: "billing",
      autoOffsetReset: "earliest",
      concurrency: "key",
      retry: Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 5 })),
      deadLetter: "orders.billing.dlq"
    },
    ({ value }) => charge(value)
  )

/** Only what may pass is tried again; what can't is put aside at once. */
export const patient = Schedule.exponential("100 millis").pipe(
  Schedule.setInputType<{ readonly retriable: boolean }>(),
  Schedule.while(({ input }) => input.retriable),
  Schedule.upTo({ times: 5 })
)

/** So much at the same time, and so much in memory. */
export const bounds: Processing.ForEachOptions = {
  group: "billing",
  concurrency: "key",
  maxConcurrency: 16,
  maxInFlight: 200
}

/** Beside other work, until the program ends. */
export const service = <E, R>(charge: (order: Order) => Effect.Effect<void, E, R>) =>
  Effect.raceFirst(billing(charge), Effect.andThen(Effect.sleep("1 hour"), Effect.logInfo("the shift is over")))

export const Charges = Topic.make("charges", { key: Schema.String, value: Schema.Struct({ cents: Schema.Int }) })

/** What was written and how far was read are one transaction. Needs a cluster with transactions. */
export const charging = Consumer.exactlyOnce(
  Orders,
  Charges,
  { group: "charging", autoOffsetReset: "earliest", deadLetter: "orders.charging.dlq" },
  ({ key, value }) => Effect.succeed([{ key, value: { cents: Math.round(value.total * 100) } }])
)

/** By hand, in at-least-once: written, then counted as read. */
export const copying = Consumer.forEach(
  Orders,
  { group: "copying", autoOffsetReset: "earliest", concurrency: "partition" },
  ({ key, value }) => Producer.send(Charges, { key, value: { cents: Math.round(value.total * 100) } })
)
