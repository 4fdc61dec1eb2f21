/** The listings of docs/client/produce.md, and what the page says of them. */
import { expect, layer } from "@effect/vitest"
import { Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Fiber, Schema, Stream } from "effect"
import * as Produce from "./produce.ts"

layer(TestCluster.layer({ brokers: 1, topics: [Produce.Orders, Produce.Traced] }))("producing", (it) => {
  it.effect("one, many, a stream", () =>
    Effect.gen(function* () {
      expect(yield* Produce.one).toMatchObject({ topic: "orders", offset: 0 })
      expect((yield* Produce.many).map(({ topic }) => topic)).toEqual(["orders", "orders"])
      const orders = Stream.map(Stream.range(1, 30), (n) => ({ id: `s-${n}`, total: n }))
      expect(yield* Produce.all(orders)).toBe(30)
    })
  )

  it.effect("headers, raw and typed", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* Produce.labelled
      const stored = (yield* cluster.dump(Produce.Orders)).find(({ value }) => value.id === "o-4")
      expect(stored?.headers).toEqual([
        { key: "source", value: new TextEncoder().encode("web") },
        { key: "signature", value: Uint8Array.of(1, 2, 3) }
      ])
      yield* Produce.traced
      expect((yield* cluster.dump(Produce.Traced))[0]?.headers).toEqual({ trace: "4bf92f35", attempt: 1 })
    })
  )

  it.effect("a partition, a time, a partitioner of one's own", () =>
    Effect.gen(function* () {
      expect(yield* Produce.placed).toMatchObject({ partition: 2, timestamp: 1_700_000_000_000 })
      expect(yield* Produce.regional).toMatchObject({ partition: "e".charCodeAt(0) % 3 })
    })
  )

  it.effect("flush sends without lingering", () =>
    Effect.gen(function* () {
      expect(yield* Fiber.join(yield* Produce.soon)).toMatchObject({ topic: "orders" })
    })
  )

  it.effect("what does not fit is not sent; what can't be stored says why", () =>
    Effect.gen(function* () {
      const before = (yield* (yield* TestCluster).records(Produce.Orders)).length
      expect(yield* Produce.careful({ id: "bad", total: -1 })).toBe("not sent: the value does not fit")
      const mixed = Producer.sendMany(Produce.Orders, [
        { key: "good", value: { id: "good", total: 1 } },
        { key: "bad", value: { id: "bad", total: -1 } }
      ])
      expect((yield* Effect.flip(mixed))._tag).toBe("EncodeError")
      expect((yield* (yield* TestCluster).records(Produce.Orders)).length).toBe(before)
      const Big = Topic.make("orders", { value: Schema.String })
      const tooBig = yield* Effect.flip(Producer.send(Big, { value: "x".repeat(2_000_000) }))
      expect(tooBig).toMatchObject({ _tag: "ProduceError", codeName: "MESSAGE_TOO_LARGE", retriable: false })
    })
  )
})
