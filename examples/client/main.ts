/** The first record: `KAFKA_BOOTSTRAP_SERVERS=localhost:9092 node examples/client/main.ts`. */
import { Consumer, Klamm, Producer, Topic } from "@klamm/client"
import { Console, Effect, Schema, Stream } from "effect"

const Orders = Topic.make("orders", {
  key: Schema.String,
  value: Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
})

const program = Effect.gen(function* () {
  const { partition, offset } = yield* Producer.send(Orders, { key: "cust-7", value: { id: "o-1", total: 42 } })
  yield* Console.log(`stored in partition ${partition} at offset ${offset}`)
  yield* Consumer.stream(Orders, { autoOffsetReset: "earliest" }).pipe(
    Stream.take(1),
    Stream.runForEach(({ key, value }) => Console.log(`${key} ordered ${value.id} for ${value.total}`))
  )
})

Effect.runFork(Effect.provide(program, Klamm.layerConfig()))
