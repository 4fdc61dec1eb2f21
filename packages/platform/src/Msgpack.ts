/**
 * Values that only Klamm reads, as bytes: a Schema says what is valid, MessagePack holds it as plain maps, so that fields may
 * be added later and any tool can read it. Invariant: no records, no shared structures, no native addon; what does not decode
 * is a typed error, never an exception. The only import of msgpackr, which costs about 5 ms at start-up: the package's index
 * leaves this file out, and who needs it imports it by name.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Packr } from "msgpackr/pack"

/** `Malformed`: no MessagePack, or more than one value. `Mismatch`: a value, but not one of the schema. */
export class MsgpackError extends Data.TaggedError("MsgpackError")<{
  readonly reason: "Malformed" | "Mismatch"
  readonly cause: unknown
}> {
  override get message(): string {
    return `${this.reason}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** Both ways between values of a schema and their bytes. Pure; `encode` throws on a value that breaks the schema: a defect. */
export interface Codec<A> {
  readonly encode: (value: A) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Result.Result<A, MsgpackError>
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, copyBuffers: true })

const unpack = (bytes: Uint8Array): Result.Result<unknown, MsgpackError> =>
  Result.try({
    try: (): unknown => packr.unpack(bytes),
    catch: (cause) => new MsgpackError({ reason: "Malformed", cause })
  })

/** The codec of a schema; make it once, at module level. */
export const codec = <A, I>(schema: Schema.Codec<A, I>): Codec<A> => {
  const encodeValue = Schema.encodeSync(schema)
  const decodeValue = Schema.decodeUnknownResult(schema)
  return {
    encode: (value) => Uint8Array.from(packr.pack(encodeValue(value))),
    decode: (bytes) =>
      Result.flatMap(unpack(bytes), (value) =>
        Result.mapError(decodeValue(value), (cause) => new MsgpackError({ reason: "Mismatch", cause }))
      )
  }
}
