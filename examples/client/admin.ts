/** What docs/client/admin.md shows; admin.test.ts runs it. */
import { Admin, Topic } from "@klamm/client"
import { Effect, Schema } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.String,
  partitions: 6,
  configs: { "retention.ms": "604800000" }
})

/** As the topic says itself, or as is said here. */
export const make = Admin.createTopics([
  Orders,
  { topic: "payments", partitions: 3, configs: { "cleanup.policy": "compact" } }
])

/** Made at the start of every process: that it is there already is no failure. */
export const ensure = (topic: Topic.Named) =>
  Effect.catchTag(Admin.createTopics([topic]), "AdminError", (error) =>
    error.codeName === "TOPIC_ALREADY_EXISTS" ? Effect.succeed([]) : Effect.fail(error)
  )

export const look = Effect.gen(function* () {
  const { partitions } = yield* Admin.describeTopic(Orders)
  return partitions.map(({ partition, leader, inSync }) => `${partition}: leader ${leader}, in sync ${inSync.join()}`)
})

export const shorten = Admin.alterConfigs([
  { type: "topic", name: "orders", changes: [{ name: "retention.ms", set: "3600000" }] }
])

/** Where every partition ends now. */
export const ends = Effect.flatMap(Admin.describeTopic(Orders), ({ partitions }) =>
  Admin.listOffsets(partitions.map(({ partition }) => ({ topic: Orders, partition, at: "latest" })))
)

/** A group without members begins again at a time. */
export const rewind = (group: string, timestamp: number) =>
  Effect.gen(function* () {
    const committed = yield* Admin.listGroupOffsets(group)
    const found = yield* Admin.listOffsets(
      committed.map(({ topic, partition }) => ({ topic, partition, at: { timestamp } }))
    )
    const there = found.filter(({ offset }) => offset >= 0)
    yield* Admin.alterGroupOffsets(
      group,
      there.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    )
  })
