/** What docs/client/serdes.md shows; serdes.test.ts runs it. */
import { Serde, Topic } from "@klamm/client"
import { Effect, Result, Schema } from "effect"

/** Text, JSON, or bytes, as the schema's encoded form is. */
export const Plain = Topic.make("plain", { key: Schema.String, value: Schema.Struct({ at: Schema.DateFromString }) })
export const Image = Topic.make("images", { key: Schema.String, value: Schema.Uint8Array })

/** Named: the same schema as MessagePack, and a key that is JSON. */
export const Packed = Topic.make("packed", {
  key: Serde.json(Schema.Struct({ shop: Schema.String, order: Schema.Int })),
  value: Serde.msgpack(Schema.Struct({ total: Schema.Finite }))
})

/** A numeric key as text. */
export const Numbered = Topic.make("numbered", { key: Schema.FiniteFromString, value: Schema.String })

/** A value that may be null: a tombstone in a compacted topic. */
export const Table = Topic.make("table", {
  key: Schema.String,
  value: Schema.NullOr(Schema.Struct({ second: Schema.Int })),
  configs: { "cleanup.policy": "compact" }
})

/** Records without keys. */
export const Keyless = Topic.make("keyless", { value: Schema.String })

/** The same records under another name. */
export const Retries = Topic.named(Plain, "plain.retry")

/** One's own: eight bytes, big-endian. */
export const int64: Serde.Serde<bigint> = {
  name: "int64",
  encode: (value) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, value)
    return Result.succeed(bytes)
  },
  decode: (bytes) =>
    bytes?.length === 8
      ? Result.succeed(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0))
      : Result.fail(new Error("no eight bytes"))
}
export const Counters = Topic.make("counters", { key: Schema.String, value: int64 })

/** Anything with a default, so that what was written before is still read. */
export const Customers = Topic.make("customers", {
  key: Schema.String,
  value: Schema.Struct({
    name: Schema.String,
    language: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("en")))
  })
})
