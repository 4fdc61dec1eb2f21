/** The listings of docs/client/serdes.md, and what the page says of them. */
import { expect, layer } from "@effect/vitest"
import { Producer, Topic } from "@klamm/client"
import { TestCluster } from "@klamm/testing"
import { Effect, Schema } from "effect"
import * as Serdes from "./serdes.ts"

const text = new TextDecoder()
const topics = [
  Serdes.Plain,
  Serdes.Image,
  Serdes.Packed,
  Serdes.Numbered,
  Serdes.Table,
  Serdes.Keyless,
  Serdes.Retries,
  Serdes.Counters,
  Serdes.Customers
]

/** The bytes of the last record of a topic. */
const last = (topic: Topic.Named) =>
  Effect.gen(function* () {
    const stored = yield* (yield* TestCluster).records(topic)
    const record = stored.at(-1)
    return { key: record?.key ?? null, value: record?.value ?? null }
  })
const printed = (bytes: Uint8Array | null) => (bytes === null ? null : text.decode(bytes))

layer(TestCluster.layer({ brokers: 1, topics }))("serdes", (it) => {
  it.effect("text, JSON and bytes by the schema's encoded form", () =>
    Effect.gen(function* () {
      const at = new Date("2026-01-02T03:04:05Z")
      yield* Producer.send(Serdes.Plain, { key: "k", value: { at } })
      const plain = yield* last(Serdes.Plain)
      expect([printed(plain.key), printed(plain.value)]).toEqual(["k", '{"at":"2026-01-02T03:04:05.000Z"}'])
      expect((yield* (yield* TestCluster).dump(Serdes.Plain))[0]?.value.at).toEqual(at)

      yield* Producer.send(Serdes.Image, { key: "k", value: Uint8Array.of(0xff, 0) })
      expect((yield* last(Serdes.Image)).value).toEqual(Uint8Array.of(0xff, 0))

      yield* Producer.send(Serdes.Numbered, { key: 42, value: "x" })
      expect(printed((yield* last(Serdes.Numbered)).key)).toBe("42")

      yield* Producer.send(Serdes.Keyless, { value: "x" })
      expect((yield* last(Serdes.Keyless)).key).toBe(null)
    })
  )

  it.effect("named serdes, tombstones, one's own", () =>
    Effect.gen(function* () {
      const cluster = yield* TestCluster
      yield* Producer.send(Serdes.Packed, { key: { shop: "s", order: 1 }, value: { total: 7 } })
      expect(printed((yield* last(Serdes.Packed)).key)).toBe('{"shop":"s","order":1}')
      expect((yield* cluster.dump(Serdes.Packed))[0]?.value).toEqual({ total: 7 })

      yield* Producer.send(Serdes.Table, { key: "k", value: null })
      expect((yield* last(Serdes.Table)).value).toBe(null)
      yield* Producer.send(Topic.named(Serdes.Table, "plain.retry"), { key: "k", value: null })
      expect((yield* Effect.flip(cluster.dump(Serdes.Retries)))._tag).toBe("ClusterError")

      yield* Producer.send(Serdes.Counters, { key: "k", value: -2n })
      expect((yield* cluster.dump(Serdes.Counters))[0]?.value).toBe(-2n)

      yield* Producer.send(Topic.make("customers", { key: Schema.String, value: Schema.String }), {
        key: "k",
        value: '{"name":"Ada"}'
      })
      expect((yield* cluster.dump(Serdes.Customers))[0]?.value).toEqual({ name: "Ada", language: "en" })
      expect(Serdes.Retries.name).toBe("plain.retry")
    })
  )
})
