/**
 * A projection that counts each record once, whatever is killed: it keeps its offsets where it keeps its results.
 *
 * A database that stores balances and offsets in one transaction can't have the one without the other. So the reader asks it where to go
 * on, and the group's offsets are not needed: `Consumer.assign` begins at any offset, and nothing is committed to the brokers.
 */
import { Admin, Consumer, Topic } from "@klamm/client"
import { Context, Effect, Schema, Stream } from "effect"

/** Keyed by the account. */
export const Bookings = Topic.make("bookings", {
  key: Schema.String,
  value: Schema.Struct({ cents: Schema.Int }),
  partitions: 3
})

export interface Change {
  readonly account: string
  readonly cents: number
}

export class Database extends Context.Service<
  Database,
  {
    /** The offset of the next record of a partition that is not in the balances yet. */
    readonly nextOffset: (partition: number) => Effect.Effect<number>
    /** In one transaction: adds to balances, and says how far they go. */
    readonly add: (changes: ReadonlyArray<Change>, partition: number, nextOffset: number) => Effect.Effect<void>
  }
>()("balances/Database") {}

export const project = Effect.scoped(
  Effect.gen(function* () {
    const database = yield* Database
    const { partitions } = yield* Admin.describeTopic(Bookings)
    const starts = yield* Effect.forEach(partitions, ({ partition }) =>
      Effect.map(database.nextOffset(partition), (from) => ({ partition, from }))
    )
    const consumer = yield* Consumer.assign(Bookings, starts)
    const addAll = (
      records: Stream.Stream<
        Consumer.ConsumerRecord<string, { readonly cents: number }, Topic.Headers>,
        Consumer.ConsumerError
      >
    ) =>
      records.pipe(
        Stream.groupedWithin(100, "100 millis"),
        Stream.runForEach((batch) => {
          const last = batch[batch.length - 1]!
          const changes = batch.map(({ key, value }) => ({ account: key, cents: value.cents }))
          return database.add(changes, last.partition, last.offset + 1)
        })
      )
    yield* Stream.runForEach(consumer.partitions, ([, records]) => Effect.forkScoped(addAll(records)))
  })
)
