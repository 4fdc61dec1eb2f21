/** The topic of the shop: one value for producers, consumers, dead letters and tests. */
import { Topic } from "@klamm/client"
import { Schema } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
})
