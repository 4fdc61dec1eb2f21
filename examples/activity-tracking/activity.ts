/**
 * Activity tracking: what visitors do on a site is written once, and whoever is interested reads it for himself.
 *
 * The key is the visitor, so what one visitor does stays in order. Each group has its own place in the topic: the funnel needs the
 * order of each visitor, the popular pages need none.
 */
import { Consumer, Producer, Topic } from "@klamm/client"
import { Context, Effect, Schema } from "effect"

export const Event = Schema.Union([
  Schema.TaggedStruct("Viewed", { page: Schema.String }),
  Schema.TaggedStruct("Searched", { words: Schema.String }),
  Schema.TaggedStruct("Bought", { article: Schema.String })
])
export type Event = typeof Event.Type

export const Activity = Topic.make("activity", { key: Schema.String, value: Event, partitions: 3 })

export const track = (visitor: string, event: Event) => Producer.send(Activity, { key: visitor, value: event })

/** Where what was found out is kept: a database, a dashboard, or a Map in a test. */
export class Reports extends Context.Service<
  Reports,
  {
    readonly viewed: (page: string) => Effect.Effect<void>
    /** The steps that led to a purchase. */
    readonly bought: (visitor: string, steps: ReadonlyArray<Event>) => Effect.Effect<void>
  }
>()("activity/Reports") {}

/** Counts pages, sixteen at a time, in no order. */
export const popularPages = Consumer.forEach(
  Activity,
  { group: "popular-pages", autoOffsetReset: "earliest", concurrency: 16 },
  ({ value }) => (value._tag === "Viewed" ? Reports.use((reports) => reports.viewed(value.page)) : Effect.void)
)

/** Follows each visitor to the purchase: visitors side by side, the steps of one in order. */
export const funnel = Effect.suspend(() => {
  const trails = new Map<string, Array<Event>>()
  return Consumer.forEach(
    Activity,
    { group: "funnel", autoOffsetReset: "earliest", concurrency: "key" },
    ({ key: visitor, value: event }) => {
      const trail = trails.get(visitor) ?? []
      trails.set(visitor, trail)
      trail.push(event)
      if (event._tag !== "Bought") return Effect.void
      trails.delete(visitor)
      return Reports.use((reports) => reports.bought(visitor, trail))
    }
  )
})
