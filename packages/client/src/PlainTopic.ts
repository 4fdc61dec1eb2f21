/**
 * Topics for those who have no Schemas: text, bytes, and JSON that a function of theirs checks. Neighbours: `Topic.ts`, which these are
 * made by; `Promises.ts`, which hands them out.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Serde from "./Serde.ts"
import * as Topic from "./Topic.ts"

const key = Schema.NullOr(Schema.String)

/** A topic of text: keys and values are strings, or null where a record has none. */
export const text = (name: string): Topic.Topic<string | null, string | null> =>
  Topic.make(name, { key, value: Schema.NullOr(Schema.String) })

/** A topic of bytes as they are, under keys of text. */
export const bytes = (name: string): Topic.Topic<string | null, Uint8Array | null> =>
  Topic.make(name, { key, value: Schema.NullOr(Schema.Uint8Array) })

/**
 * A topic of JSON under keys of text. `parse` says what the values are and throws when one is not, as the `parse` of zod and its like do;
 * it is asked when records are read.
 */
export const json = <V>(name: string, parse: (value: unknown) => V): Topic.Topic<string | null, V> => {
  const raw = Serde.json(Schema.Unknown)
  const parsed = (value: unknown): Result.Result<V, unknown> =>
    Result.try({ try: () => parse(value), catch: (cause) => cause })
  const value: Serde.Serde<V> = {
    name: "json",
    encode: (each) => raw.encode(each),
    decode: (each) => Result.flatMap(raw.decode(each), parsed)
  }
  return Topic.make(name, { key, value })
}
