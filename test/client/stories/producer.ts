/** The producer against a cluster: what it says it stored is there, as Kafka's own rules have it. */
import { KlammError, Producer, Serde, Topic } from "@klamm/client"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import { readAll } from "../src/Reading.ts"
import { freshOf, type Story } from "./Story.ts"

const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite.check(Schema.isGreaterThan(0)) })
const ordersNamed = (name: string) => Topic.make(name, { key: Schema.String, value: Order })
const texts = (name: string) => Topic.make(name, { value: Schema.String })
const codecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const

export const producer: ReadonlyArray<Story> = [
  {
    name: "a record is where its metadata says, with key, value, headers and time",
    tell: () =>
      Effect.gen(function* () {
        const orders = yield* freshOf(ordersNamed, "orders")
        const sent = yield* Producer.send(orders, {
          key: "cust-7",
          value: { id: "o-1", total: 42 },
          headers: { trace: "abc" },
          timestamp: 1_700_000_000_000
        })
        expect(sent).toMatchObject({ topic: orders.name, offset: 0, timestamp: 1_700_000_000_000 })
        const [record] = yield* readAll(orders, sent.partition)
        expect(record).toEqual({
          offset: 0,
          timestamp: 1_700_000_000_000,
          key: "cust-7",
          value: { id: "o-1", total: 42 },
          headers: [["trace", "abc"]]
        })
      })
  },

  {
    name: "what the schema forbids is an EncodeError and nothing of the call is sent",
    tell: () =>
      Effect.gen(function* () {
        const orders = yield* freshOf(ordersNamed, "orders")
        const records = [1, -1].map((total) => ({ key: "k", value: { id: `${total}`, total }, partition: 0 }))
        const error = yield* Effect.flip(Producer.sendMany(orders, records))
        expect(error).toBeInstanceOf(KlammError.EncodeError)
        yield* Producer.send(orders, { key: "k", value: { id: "after", total: 1 }, partition: 0 })
        expect((yield* readAll(orders, 0)).map(({ value }) => value.id)).toEqual(["after"])
      })
  },

  {
    name: "records of a partition keep their order, over many batches and sends side by side",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(texts, "order")
        const sends = Array.from({ length: 60 }, (_, batch) =>
          Producer.sendMany(
            topic,
            Array.from({ length: 50 }, (_each, index) => ({ value: `${batch * 50 + index}`.padEnd(100), partition: 1 }))
          )
        )
        const acknowledged = (yield* Effect.all(sends, { concurrency: "unbounded" })).flat()
        expect(acknowledged.map(({ offset }) => offset)).toEqual(Array.from({ length: 3_000 }, (_, index) => index))
        const values = (yield* readAll(topic, 1)).map(({ value }) => Number(value))
        expect(values).toEqual(Array.from({ length: 3_000 }, (_, index) => index))
      })
  },

  {
    name: "keys go where Kafka's own clients put them, and stay there",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf((name) => Topic.make(name, { key: Schema.String, value: Schema.String }), "keys")
        const keys = ["21", "foobar", "a-little-bit-long-string", "abc"]
        const sent = yield* Producer.sendMany(
          topic,
          keys.map((key) => ({ key, value: key }))
        )
        expect(sent.map(({ partition }) => partition)).toEqual(
          [-973932308, -790332482, -985981536, 479470107].map((hash) => (hash & 0x7fffffff) % 3)
        )
      })
  },

  {
    name: "every codec stores what can be read again",
    tell: () =>
      Effect.gen(function* () {
        for (const compressionType of codecs) {
          const topic = yield* freshOf(texts, compressionType)
          const values = Array.from({ length: 300 }, (_, index) => `value ${index}`.repeat(5))
          yield* Effect.scoped(
            Effect.gen(function* () {
              const producer = yield* Producer.make({ compressionType, lingerMs: 20 })
              yield* Producer.sendMany(
                topic,
                values.map((value) => ({ value, partition: 0 }))
              ).pipe(Producer.provide(producer))
            })
          )
          expect((yield* readAll(topic, 0)).map(({ value }) => value)).toEqual(values)
        }
      })
  },

  {
    name: "acks 0 and 1 need no idempotence; 0 knows no offset",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(texts, "acks")
        // The answered one first: whoever asks for no answer doesn't learn that the leader hasn't heard of its topic yet.
        const offsets = yield* Effect.forEach([1, 0] as const, (acks) =>
          Effect.scoped(
            Effect.flatMap(Producer.make({ acks }), (producer) =>
              Producer.send(topic, { value: `${acks}`, partition: 0 }).pipe(Producer.provide(producer))
            )
          )
        )
        expect(offsets.map(({ offset }) => offset)).toEqual([0, -1])
        expect((yield* readAll(topic, 0, 2)).map(({ value }) => value)).toEqual(["1", "0"])
      })
  },

  {
    name: "a stream runs into the sink within a memory far smaller than itself",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(texts, "sink")
        const values = Array.from({ length: 2_000 }, (_, index) => ({ value: `${index}`.padEnd(200), partition: 2 }))
        const count = yield* Effect.scoped(
          Effect.flatMap(Producer.make({ bufferMemory: 20_000, batchSize: 4_000 }), (producer) =>
            Stream.run(Stream.fromIterable(values), Producer.sink(topic)).pipe(Producer.provide(producer))
          )
        )
        expect(count).toBe(2_000)
        expect(yield* readAll(topic, 2)).toHaveLength(2_000)
      })
  },

  {
    name: "what is sent while a topic's partitions come up is all stored, in its order",
    tell: () =>
      Effect.gen(function* () {
        const producer = yield* Producer.make({ batchSize: 1_000 })
        const warm = yield* freshOf(texts, "warm", 1)
        const send = (topic: typeof warm, partition: number, count: number) =>
          Effect.forEach(
            Array.from({ length: count }, (_, index) => ({ value: `${index}`.padEnd(200), partition })),
            (record) => Producer.send(topic, record),
            { concurrency: "unbounded" }
          ).pipe(Producer.provide(producer))
        yield* send(warm, 0, 1)
        for (let round = 0; round < 3; round++) {
          const topic = yield* freshOf(texts, "early", 40)
          yield* Effect.forEach(Array.from({ length: 40 }).keys(), (partition) => send(topic, partition, 30), {
            concurrency: "unbounded"
          })
          const values = (yield* readAll(topic, 39)).map(({ value }) => Number(value))
          expect(values).toEqual(Array.from({ length: 30 }, (_, index) => index))
        }
      })
  },

  {
    name: "a record larger than a request may be is refused before it is sent",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(texts, "large")
        const error = yield* Effect.flip(Producer.send(topic, { value: "x".repeat(1_100_000) }))
        expect(error).toMatchObject({ _tag: "ProduceError", codeName: "MESSAGE_TOO_LARGE", retriable: false })
      })
  },

  {
    name: "null is a tombstone where the schema has it",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(
          (name) => Topic.make(name, { key: Schema.String, value: Serde.msgpack(Schema.NullOr(Order)) }),
          "tombs"
        )
        yield* Producer.sendMany(topic, [
          { key: "k", value: { id: "o", total: 1 }, partition: 0 },
          { key: "k", value: null, partition: 0 }
        ])
        expect((yield* readAll(topic, 0)).map(({ value }) => value)).toEqual([{ id: "o", total: 1 }, null])
      })
  },

  {
    name: "what was handed over is delivered before the producer's scope ends",
    tell: () =>
      Effect.gen(function* () {
        const topic = yield* freshOf(texts, "close")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const producer = yield* Producer.make({ lingerMs: 10_000 })
            yield* Effect.forkChild(
              Producer.send(topic, { value: "late", partition: 0 }).pipe(Producer.provide(producer))
            )
            yield* Effect.sleep("300 millis")
          })
        )
        expect((yield* readAll(topic, 0)).map(({ value }) => value)).toEqual(["late"])
      })
  }
]
