/**
 * Random values of any table, for fast-check: what a message may hold at a version, edges included. A field that the version
 * does not carry is left out; `complete` says what decoding will put in its place. Neighbour: fuzz-tables.
 */
import * as fc from "fast-check"
import type { Table } from "../src/Api.ts"
import { elementOf, isNullable, type Wire } from "../src/Codec.ts"
import { defaultOf, includes, type Member, type Spec } from "../src/Field.ts"
import * as Uuid from "../src/Uuid.ts"
import { spliceMinBytes } from "../src/Writer.ts"

export type Value = { readonly [name: string]: unknown }

export const wireOf = (table: Table, version: number): Wire => ({
  version,
  flexible: includes(table.flexible, version)
})

export const versionsOf = (table: Table): ReadonlyArray<number> => {
  const { min, max } = table.versions
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

const integer = (bits: number, signed: boolean): fc.Arbitrary<number> => {
  const min = signed ? -(2 ** (bits - 1)) : 0
  return fc.integer({ min, max: min + 2 ** bits - 1 })
}

const int64 = fc.oneof(
  { weight: 8, arbitrary: fc.maxSafeInteger() },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 63, -(2 ** 63), 2 ** 53, -(2 ** 53)) }
)
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 6, unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(65), "ä".repeat(200), "\ufeffmark", "😀".repeat(30)) }
)
const bytes = fc.oneof(
  { weight: 12, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(spliceMinBytes - 1, spliceMinBytes).map((size) => new Uint8Array(size).fill(7))
  }
)
const uuid = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((raw) => Uuid.fromBytes(raw)),
  fc.constant(Uuid.ZERO)
)

const primitives: { readonly [kind: string]: fc.Arbitrary<unknown> } = {
  int8: integer(8, true),
  int16: integer(16, true),
  uint16: integer(16, false),
  int32: integer(32, true),
  uint32: integer(32, false),
  int64,
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  bool: fc.boolean(),
  string: text,
  uuid,
  bytes,
  records: bytes
}

const present = (spec: Spec, wire: Wire): fc.Arbitrary<unknown> => {
  if (spec.kind === "array") return fc.array(field(elementOf(spec), wire), { maxLength: 3 })
  if (spec.kind === "struct") return struct(spec.members, wire)
  const arbitrary = primitives[spec.kind]
  if (arbitrary === undefined) throw new Error(`no values of ${spec.kind}`)
  return arbitrary
}

const field = (spec: Spec, wire: Wire): fc.Arbitrary<unknown> => {
  const value = present(spec, wire)
  const edge = spec.omittable ? fc.oneof({ weight: 4, arbitrary: value }, fc.constant(defaultOf(spec))) : value
  return isNullable(spec, wire) ? fc.option(edge, { nil: null, freq: 4 }) : edge
}

const struct = (members: ReadonlyArray<Member>, wire: Wire): fc.Arbitrary<Value> => {
  const model: { [name: string]: fc.Arbitrary<unknown> } = {}
  for (const { name, spec } of members) {
    if (includes(spec.versions, wire.version)) {
      // A default that the version cannot say (null, where null is not allowed yet) is not a value of that version.
      model[name] = defaultOf(spec) === null && !isNullable(spec, wire) ? present(spec, wire) : field(spec, wire)
    }
  }
  return fc.record(model, { noNullPrototype: true })
}

/** Values of a message at a version. */
export const valuesOf = (table: Table, version: number): fc.Arbitrary<Value> =>
  struct(table.members, wireOf(table, version))

const completeField = (spec: Spec, value: unknown, wire: Wire): unknown => {
  if (value === undefined) return defaultOf(spec)
  if (value === null) return null
  if (spec.kind === "array") {
    const element = elementOf(spec)
    return (value as ReadonlyArray<unknown>).map((item) => completeField(element, item, wire))
  }
  return spec.kind === "struct" ? complete(spec.members, value as Value, wire) : value
}

/** The value with defaults in place of what it leaves out: what decoding gives back. */
export const complete = (members: ReadonlyArray<Member>, value: Value, wire: Wire): Value =>
  Object.fromEntries(members.map(({ name, spec }) => [name, completeField(spec, value[name], wire)]))
