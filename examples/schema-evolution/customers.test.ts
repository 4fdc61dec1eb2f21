import { expect, layer } from "@effect/vitest"
import { Consumer, Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Schema, Stream } from "effect"
import { Customers, CustomersV1 } from "./customers.ts"

const Bare = Topic.make("customers", { key: Schema.String, value: Schema.String })
const text = new TextDecoder()

layer(TestCluster.layer({ brokers: 1, seed: 22, topics: [Customers] }))("schema evolution", (it) => {
  it.effect("a reader of today reads what every release has written, in the newest shape", () =>
    Effect.gen(function* () {
      yield* Producer.send(CustomersV1, { key: "c-1", value: { name: "Ada King Lovelace" } })
      yield* Producer.send(Bare, { key: "c-2", value: '{"version":2,"given":"Alan","family":"Turing"}' })
      const grace = { version: 2, given: "Grace", family: "Hopper", language: "fr" } as const
      yield* Producer.send(Customers, { key: "c-3", value: grace })
      const read = yield* Consumer.stream(Customers, { autoOffsetReset: "earliest" }).pipe(
        Stream.map(({ value }) => value),
        Stream.take(3),
        Stream.runCollect
      )
      expect(read).toEqual([
        { version: 2, given: "Ada", family: "King Lovelace", language: "en" },
        { version: 2, given: "Alan", family: "Turing", language: "en" },
        grace
      ])
      const stored = yield* TestCluster.use((cluster) => cluster.records(Customers))
      expect(JSON.parse(text.decode(stored[2]?.value ?? undefined))).toEqual(grace)
    })
  )

  it.effect("a reader of last year passes over what is too new for it, says so, and goes on", () =>
    Effect.gen(function* () {
      yield* Producer.send(CustomersV1, { key: "c-4", value: { name: "Edsger Dijkstra" } })
      const failures: Array<Consumer.DecodeFailure> = []
      const onDecodeError = (failure: Consumer.DecodeFailure) => Effect.sync(() => void failures.push(failure))
      const read = yield* Consumer.stream(CustomersV1, { autoOffsetReset: "earliest", onDecodeError }).pipe(
        Stream.map(({ key }) => key),
        Stream.take(2),
        Stream.runCollect
      )
      expect(read).toEqual(["c-1", "c-4"])
      expect(failures.map(({ offset, error }) => [offset, error._tag])).toEqual([
        [1, "DecodeError"],
        [2, "DecodeError"]
      ])
    })
  )
})
