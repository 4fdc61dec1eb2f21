/** An order is placed, and billed by whoever is in the group: `node app.ts`, with a broker at localhost:9092. */
import { NodeRuntime } from "@effect/platform-node"
import { Consumer, Klamm, Producer, Topic } from "@klamm/client"
import { Effect, Schedule, Schema } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
})

const place = Producer.send(Orders, { key: "cust-7", value: { id: "o-1", total: 42 } })

const billing = Consumer.forEach(Orders, {
  group: "billing",
  concurrency: "key", // in order per key, parallel across keys
  retry: Schedule.exponential("100 millis").pipe(Schedule.upTo({ times: 5 })),
  deadLetter: "orders.billing.dlq"
}, (order) => Effect.log(`charge ${order.value.total}`, { partition: order.partition, offset: order.offset }))

Effect.all([place, billing], { concurrency: "unbounded" }).pipe(
  Effect.provide(Klamm.layer({ bootstrap: ["localhost:9092"] })),
  NodeRuntime.runMain
)
