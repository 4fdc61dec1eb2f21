/** What docs/client/produce.md shows; produce.test.ts runs it. */
import { type Partitioner, Producer, Topic } from "@klamm/client"
import { Effect, Schema, Stream } from "effect"

export const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
export type Order = typeof Order.Type

export const Orders = Topic.make("orders", { key: Schema.String, value: Order, partitions: 3 })

export const one = Producer.send(Orders, { key: "cust-7", value: { id: "o-1", total: 42 } })

export const many = Producer.sendMany(Orders, [
  { key: "cust-7", value: { id: "o-2", total: 7 } },
  { key: "cust-8", value: { id: "o-3", total: 12 } }
])

export const all = (orders: Stream.Stream<Order>) =>
  orders.pipe(
    Stream.map((order) => ({ key: order.id, value: order })),
    Stream.run(Producer.sink(Orders))
  )

export const labelled = Producer.send(Orders, {
  key: "cust-7",
  value: { id: "o-4", total: 1 },
  headers: { source: "web", signature: Uint8Array.of(1, 2, 3) }
})

export const Traced = Topic.make("traced", {
  key: Schema.String,
  value: Order,
  headers: Schema.Struct({ trace: Schema.String, attempt: Schema.FiniteFromString })
})

export const traced = Producer.send(Traced, {
  key: "cust-7",
  value: { id: "o-5", total: 1 },
  headers: { trace: "4bf92f35", attempt: 1 }
})

export const placed = Producer.send(Orders, {
  key: "cust-7",
  value: { id: "o-6", total: 1 },
  partition: 2,
  timestamp: 1_700_000_000_000
})

/** The first byte decides: all customers of a region are together. */
export const byRegion: Partitioner.Partitioner = ({ key, partitionCount }) =>
  key === null ? undefined : key[0]! % partitionCount

export const regional = Effect.scoped(
  Effect.gen(function* () {
    const producer = yield* Producer.make({ partitioner: byRegion, lingerMs: 20, compressionType: "zstd" })
    return yield* Producer.provide(producer)(Producer.send(Orders, { key: "eu-7", value: { id: "o-7", total: 3 } }))
  })
)

export const soon = Effect.gen(function* () {
  const sending = yield* Effect.forkChild(Producer.send(Orders, { key: "cust-7", value: { id: "o-8", total: 5 } }))
  yield* Effect.yieldNow // the record is handed over
  yield* Producer.flush
  return sending
})

export const careful = (order: Order) =>
  Producer.send(Orders, { key: order.id, value: order }).pipe(
    Effect.map(({ offset }) => `stored at ${offset}`),
    Effect.catchTags({
      EncodeError: (error) => Effect.succeed(`not sent: the ${error.part} does not fit`),
      ProduceError: (error) => Effect.succeed(`${error.codeName}, ${error.retriable ? "may work later" : "final"}`)
    })
  )
