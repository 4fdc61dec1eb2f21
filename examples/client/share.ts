/** What docs/client/share-groups.md shows; kafka.test.ts runs it against the cluster that KAFKA_BOOTSTRAP names. */
import { ShareConsumer, Topic } from "@klamm/client"
import { Effect, Schema, Stream } from "effect"

export const Jobs = Topic.make("jobs", { value: Schema.Struct({ id: Schema.String }) })

export class Unfit extends Schema.TaggedError<Unfit>()("Unfit", {}) {}
export class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}

/** Any number of workers share a partition; each job is accepted, released for another, or rejected for good. */
export const working = (run: (id: string) => Effect.Effect<void, Unfit | Busy>) =>
  ShareConsumer.stream(Jobs, { group: "workers" }).pipe(
    Stream.mapEffect(
      (job) =>
        run(job.value.id).pipe(
          Effect.andThen(job.accept),
          Effect.catchTags({
            Busy: () => (job.deliveryCount < 3 ? job.release : job.reject),
            Unfit: () => job.reject
          })
        ),
      { concurrency: 8, unordered: true }
    ),
    Stream.runDrain
  )
