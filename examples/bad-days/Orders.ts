/** The shop of all these stories: its topic, how it takes orders, and what is stored in the end. */
import { Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Schema } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
})

export const ids = (from: number, to: number): ReadonlyArray<string> =>
  Array.from({ length: to - from + 1 }, (_, index) => `o-${from + index}`)

const take = (id: string) => Producer.send(Orders, { key: "cust-7", value: { id, total: 42 } })

/** One order after another, five in a second. */
export const takeOrders = (from: number, to: number) =>
  Effect.forEach(ids(from, to), (id) => Effect.andThen(take(id), Effect.sleep("200 millis")), { discard: true })

/** The orders' ids as they are stored. */
export const stored = Effect.gen(function* () {
  const cluster = yield* TestCluster
  return (yield* cluster.dump(Orders)).map((record) => record.value.id)
})
