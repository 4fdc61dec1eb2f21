/** What docs/client/consume.md shows; consume.test.ts runs it. */
import { Consumer, type Klamm, Topic } from "@klamm/client"
import { Effect, Schema, Stream } from "effect"

export const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite }),
  partitions: 3
})
export type OrderRecord = Consumer.ConsumerRecord<
  string,
  { readonly id: string; readonly total: number },
  Topic.Headers
>

/** All partitions, nothing committed. */
export const everything = Consumer.stream(Orders, { autoOffsetReset: "earliest" })

/** All that was written since then. */
export const since = (timestamp: number) => Consumer.stream(Orders, { autoOffsetReset: { timestamp } })

/** As a member of a group. */
export const billing = (charge: (order: OrderRecord) => Effect.Effect<void>) =>
  Consumer.stream(Orders, { group: "billing", autoOffsetReset: "earliest" }).pipe(Stream.runForEach(charge))

/** A stream for each partition, side by side. */
export const sideBySide = (charge: (order: OrderRecord) => Effect.Effect<void>) =>
  Consumer.partitionedStream(Orders, { group: "billing", autoOffsetReset: "earliest" }).pipe(
    Stream.flatMap(([, records]) => records, { concurrency: "unbounded" }),
    Stream.runForEach(charge)
  )

/** What is done is what the application says. */
export const byHand = (store: (orders: ReadonlyArray<OrderRecord>) => Effect.Effect<void>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const consumer = yield* Consumer.make(Orders, {
        group: "archive",
        autoOffsetReset: "earliest",
        enableAutoCommit: false
      })
      yield* consumer.stream.pipe(
        Stream.groupedWithin(500, "1 second"),
        Stream.runForEach((orders) => Effect.andThen(store(orders), consumer.commit(orders)))
      )
    })
  )

/** Two partitions, from places of one's choice. */
export const chosen = Effect.gen(function* () {
  const consumer = yield* Consumer.assign(Orders, [
    { partition: 0, from: 10 },
    { partition: 2, from: { timestamp: 1_700_000_000_000 } }
  ])
  return consumer
})

/** Every topic of a region, those that come later too; all of them as Orders says. */
export const everywhere = Consumer.stream(Orders, {
  group: "audit",
  topicPattern: "orders\\..+",
  autoOffsetReset: "earliest"
})

/** Again from the beginning of partition 0, and then from offset 5. */
export const backAndForth = <K, V, H>(consumer: Consumer.Consumer<K, V, H>) =>
  Effect.gen(function* () {
    yield* consumer.seekTo({ topic: "orders", partition: 0 }, "earliest")
    yield* consumer.seek({ topic: "orders", partition: 0 }, 5)
  })

/** Reads nothing of partition 0 until it is resumed; the other partitions go on. */
export const rested = <K, V, H, A, E, R>(consumer: Consumer.Consumer<K, V, H>, meanwhile: Effect.Effect<A, E, R>) => {
  const partitions = [{ topic: "orders", partition: 0 }]
  return Effect.acquireUseRelease(
    consumer.pause(partitions),
    () => meanwhile,
    () => consumer.resume(partitions)
  )
}

/** Told of what comes and goes. */
export const watched = (tell: (line: string) => void) =>
  Consumer.stream(Orders, {
    group: "watched",
    autoOffsetReset: "earliest",
    onRebalance: ({ _tag, partitions }) => Effect.sync(() => tell(`${_tag} ${partitions.length}`))
  })

/** Options of groups: how members share partitions, and who they are. */
export const steady: Consumer.Options = {
  group: "billing",
  groupProtocol: "classic",
  partitionAssignmentStrategy: ["cooperative-sticky"],
  groupInstanceId: "billing-1",
  sessionTimeoutMs: 30_000
}

/** KIP-848: the coordinator assigns. Apache Kafka 4 has it. */
export const modern: Consumer.Options = { group: "billing", groupProtocol: "consumer", groupRemoteAssignor: "uniform" }

/** Reads what is near: a replica in its rack, and with the range assignor partitions that have one there. */
export const near: Consumer.Options = {
  group: "billing",
  partitionAssignmentStrategy: ["range"],
  clientRack: "eu-1a"
}

/** The undecodable, kept instead of logged. */
export const picky = (failures: Array<Consumer.DecodeFailure>) =>
  Consumer.stream(Orders, {
    autoOffsetReset: "earliest",
    onDecodeError: (failure) => Effect.sync(() => void failures.push(failure))
  })

/** Ends a stream with what it could not get over: Stream's own operators do the rest. */
export const restarting: Stream.Stream<OrderRecord, Consumer.ConsumerError, Klamm.Klamm> = Stream.catchTags(
  everything,
  {
    OffsetError: () => Consumer.stream(Orders, { autoOffsetReset: "latest" })
  }
)
