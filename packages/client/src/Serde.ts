/**
 * How values become bytes and bytes values: string, bytes, JSON and MessagePack, each from any Schema without services. Pure.
 *
 * Invariants: what a schema does not allow is an EncodeError before anything is sent and a DecodeError instead of a value, never an
 * exception; a schema whose wire form is null stands for Kafka's null, so `Schema.NullOr` makes tombstones and a plain schema refuses
 * them. Neighbour: `Topic.ts`, which holds one serde for keys and one for values.
 */
import * as Msgpack from "@klamm/platform/Msgpack"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** Both ways between values and bytes; null is Kafka's null. A failure is the cause of an EncodeError or DecodeError. */
export interface Serde<A> {
  /** For people: `json`, `string`. */
  readonly name: string
  readonly encode: (value: A) => Result.Result<Uint8Array | null, unknown>
  /** May be given a view of memory that is used again: what it answers holds none of it. */
  readonly decode: (bytes: Uint8Array | null) => Result.Result<A, unknown>
}

/** A schema that needs no services on either way. */
export type PureSchema<A, I = unknown> = Schema.Codec<A, I>

/** Both ways between a schema's encoded form, other than null, and bytes. They may throw. */
interface Wire {
  readonly name: string
  readonly write: (encoded: unknown) => Uint8Array
  readonly read: (bytes: Uint8Array) => unknown
}

const utf8 = new TextEncoder()
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const writeText = (encoded: unknown): Uint8Array => {
  if (typeof encoded !== "string") throw new TypeError("the schema's encoded form is no string")
  return utf8.encode(encoded)
}

const writeBytes = (encoded: unknown): Uint8Array => {
  if (!(encoded instanceof Uint8Array)) throw new TypeError("the schema's encoded form is no Uint8Array")
  return encoded
}

const writeJson = (encoded: unknown): Uint8Array => {
  const json: string | undefined = JSON.stringify(encoded)
  if (json === undefined) throw new TypeError("the schema's encoded form has no JSON")
  return utf8.encode(json)
}

const packed = Msgpack.codec(Schema.Unknown)

const stringWire: Wire = { name: "string", write: writeText, read: (bytes) => text.decode(bytes) }
const bytesWire: Wire = { name: "bytes", write: writeBytes, read: (bytes) => bytes.slice() }
const jsonWire: Wire = { name: "json", write: writeJson, read: (bytes): unknown => JSON.parse(text.decode(bytes)) }
const msgpackWire: Wire = {
  name: "msgpack",
  write: packed.encode,
  read: (bytes) => Result.getOrThrow(packed.decode(bytes))
}

const attempt = <A>(run: () => A): Result.Result<A, unknown> => Result.try({ try: run, catch: (cause) => cause })

const serde = <A, I>(schema: PureSchema<A, I>, wire: Wire): Serde<A> => {
  const encodeValue = Schema.encodeUnknownResult(schema)
  const decodeValue = Schema.decodeUnknownResult(schema)
  const encode = (value: A): Result.Result<Uint8Array | null, unknown> => {
    const encoded = encodeValue(value)
    if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
    return encoded.success === null ? Result.succeed(null) : attempt(() => wire.write(encoded.success))
  }
  const decode = (bytes: Uint8Array | null): Result.Result<A, unknown> => {
    if (bytes === null) return decodeValue(null)
    const read = attempt(() => wire.read(bytes))
    return Result.isFailure(read) ? Result.fail(read.failure) : decodeValue(read.success)
  }
  return { name: wire.name, encode, decode }
}

/** UTF-8 text, of any schema whose encoded form is a string. */
export const string = <A>(schema: PureSchema<A, string | null>): Serde<A> => serde(schema, stringWire)

/** The bytes as they are, of any schema whose encoded form is a Uint8Array. */
export const bytes = <A>(schema: PureSchema<A, Uint8Array | null>): Serde<A> => serde(schema, bytesWire)

/** JSON of the schema's encoded form. */
export const json = <A, I>(schema: PureSchema<A, I>): Serde<A> => serde(schema, jsonWire)

/** MessagePack of the schema's encoded form, as plain maps. */
export const msgpack = <A, I>(schema: PureSchema<A, I>): Serde<A> => serde(schema, msgpackWire)

const isBytes = (ast: SchemaAST.AST): boolean => ast === Schema.toEncoded(Schema.Uint8Array).ast

/** Whether the encoded form is of a kind, or null. */
const encodesTo = (ast: SchemaAST.AST, isKind: (ast: SchemaAST.AST) => boolean): boolean => {
  if (!SchemaAST.isUnion(ast)) return isKind(ast)
  const others = ast.types.filter((each) => !SchemaAST.isNull(each))
  return others.length > 0 && others.every((each) => encodesTo(each, isKind))
}

/** The wire form a schema has when none is named: text for strings, bytes for Uint8Array, JSON for the rest. */
export const of = <A, I>(schema: PureSchema<A, I>): Serde<A> => {
  const { ast } = Schema.toEncoded(schema)
  const isText = (each: SchemaAST.AST): boolean =>
    SchemaAST.isString(each) ||
    SchemaAST.isTemplateLiteral(each) ||
    (SchemaAST.isLiteral(each) && typeof each.literal === "string")
  return serde(schema, encodesTo(ast, isText) ? stringWire : encodesTo(ast, isBytes) ? bytesWire : jsonWire)
}

/** For the key of a topic that has none: nothing is written; what others wrote is not looked at. */
export const absent: Serde<undefined> = {
  name: "absent",
  encode: () => Result.succeed(null),
  decode: () => Result.succeed(undefined)
}
