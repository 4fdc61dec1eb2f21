/**
 * A topic as one value: its name, and what its keys, values and headers are. Producers, consumers, dead letters, admin and tests share
 * it. Invariant: a value, nothing more: making one asks no broker. Neighbours: `Serde.ts` for the wire forms, `Producer.ts` and
 * `Consumer.ts` for what is done with it.
 */
import type { RecordHeader } from "@klamm/protocol/Record"
import type { HeaderInput } from "@klamm/protocol/RecordBatch"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Serde from "./Serde.ts"

/** One header of a record; a key may come more than once. */
export interface Header {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Headers in the order in which they lie in the record. */
export type Headers = ReadonlyArray<Header>

/** Headers as they are easily written: text becomes UTF-8. */
export type HeadersInput = Headers | { readonly [key: string]: string | Uint8Array | null }

/** What a producer takes for headers that are `H` on the consumer's side. */
export type HeadersOf<H> = H extends Headers ? HeadersInput : H

/** Both ways between typed headers and those of the wire. */
export interface HeaderSerde<H> {
  readonly encode: (headers: HeadersOf<H> | undefined) => Result.Result<ReadonlyArray<HeaderInput>, unknown>
  /** As `Serde.decode`: what it answers holds none of the given memory. */
  readonly decode: (headers: ReadonlyArray<RecordHeader>) => Result.Result<H, unknown>
}

/** What a topic is to whoever needs its name alone. */
export interface Named {
  readonly name: string
}

/** How the topic is made where something makes it (tests, admin); what is left out is the broker's default. */
export interface Creation {
  readonly partitions?: number
  readonly replicationFactor?: number
  /** By Kafka's names: `{ "cleanup.policy": "compact" }`. */
  readonly configs?: { readonly [name: string]: string }
}

/** A name and what its records are: keys `K`, values `V`, headers `H`. */
export interface Topic<K, V, H = Headers> extends Named {
  readonly key: Serde.Serde<K>
  readonly value: Serde.Serde<V>
  readonly headers: HeaderSerde<H>
  readonly creation: Creation
}

/** What the keys of a topic are: `Topic.Key<typeof Orders>`. */
export type Key<T> = T extends Topic<infer K, infer _V, infer _H> ? K : never

/** What the values of a topic are: `Topic.Value<typeof Orders>`. */
export type Value<T> = T extends Topic<infer _K, infer V, infer _H> ? V : never

/** The encoded form of a schema of headers: one field per header, as text. */
export type EncodedHeaders = { readonly [key: string]: string | null | undefined }

/** What `make` is told of a topic. */
export interface Options<K, V, H> extends Creation {
  /** A schema in the wire form it has by itself (`Serde.of`), or a serde. Left out: the records have no keys. */
  readonly key?: Serde.PureSchema<K> | Serde.Serde<K>
  readonly value: Serde.PureSchema<V> | Serde.Serde<V>
  /** A Struct whose fields encode to strings. Left out: headers are keys and bytes. */
  readonly headers?: Schema.Codec<H, EncodedHeaders>
}

const utf8 = new TextEncoder()
const text = new TextDecoder()

const bytesOf = (value: string | Uint8Array | null): Uint8Array | null =>
  typeof value === "string" ? utf8.encode(value) : value

const isList = (headers: HeadersInput): headers is Headers => Array.isArray(headers)

const none: ReadonlyArray<HeaderInput> = []

/** Headers of whatever form as the wire has them. */
export const encodeHeaders = (headers: HeadersInput | undefined): ReadonlyArray<HeaderInput> => {
  if (headers === undefined) return none
  if (isList(headers)) return headers.map(({ key, value }) => ({ key: utf8.encode(key), value }))
  return Object.entries(headers).map(([key, value]) => ({ key: utf8.encode(key), value: bytesOf(value) }))
}

/** Headers of the wire in memory of their own. */
export const decodeHeaders = (headers: ReadonlyArray<RecordHeader>): Headers =>
  headers.map(({ key, value }) => ({ key: text.decode(key), value: value === null ? null : value.slice() }))

const rawHeaders: HeaderSerde<Headers> = {
  encode: (headers) => Result.succeed(encodeHeaders(headers)),
  decode: (headers) => Result.succeed(decodeHeaders(headers))
}

const typedHeaders = <H>(schema: Schema.Codec<H, EncodedHeaders>): HeaderSerde<H> => {
  const encode = Schema.encodeUnknownResult(schema)
  const decode = Schema.decodeUnknownResult(schema)
  const printed = ({ key, value }: Header) => [key, value === null ? null : text.decode(value)] as const
  return {
    encode: (headers) =>
      Result.map(encode(headers), (encoded) =>
        Object.entries(encoded).flatMap(([key, value]) =>
          value === undefined ? [] : [{ key: utf8.encode(key), value: bytesOf(value) }]
        )
      ),
    decode: (headers) => decode(Object.fromEntries(decodeHeaders(headers).map(printed)))
  }
}

const serdeOf = <A>(given: Serde.PureSchema<A> | Serde.Serde<A>): Serde.Serde<A> =>
  Schema.isSchema(given) ? Serde.of(given) : given

const build = <K, V, H>(
  parts: Pick<Topic<K, V, H>, "name" | "value" | "creation">,
  key: Serde.Serde<K>,
  headers: HeaderSerde<H>
): Topic<K, V, H> => ({ ...parts, key, headers })

/** A topic of this name. Without a schema for keys there are none; without one for headers they are keys and bytes. */
export function make<K, V, H = Headers>(
  name: string,
  options: Options<K, V, H> & { readonly key: Serde.PureSchema<K> | Serde.Serde<K> }
): Topic<K, V, H>
export function make<V, H = Headers>(name: string, options: Options<undefined, V, H>): Topic<undefined, V, H>
export function make<K, V, H>(
  name: string,
  options: Options<K, V, H>
): Topic<K, V, H> | Topic<K, V> | Topic<undefined, V, H> | Topic<undefined, V> {
  const { key, value, headers, partitions, replicationFactor, configs } = options
  const creation = {
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(configs === undefined ? {} : { configs })
  }
  const parts = { name, value: serdeOf(value), creation }
  const withHeaders = <H2>(headerSerde: HeaderSerde<H2>) =>
    key === undefined ? build(parts, Serde.absent, headerSerde) : build(parts, serdeOf(key), headerSerde)
  return headers === undefined ? withHeaders(rawHeaders) : withHeaders(typedHeaders(headers))
}

/** The same records under another name, as in a retry topic. */
export const named = <K, V, H>(topic: Topic<K, V, H>, name: string): Topic<K, V, H> => ({ ...topic, name })
