/**
 * The promise of every table, tried on random values and on damaged bytes: generated source and closures write the same
 * bytes, reading gives back what was written, and bytes of any kind cause MalformedBytes or a value, nothing else. Used by
 * test/wire on each run and by the fuzz command for as long as it likes.
 */
import { deepStrictEqual } from "node:assert"
import { isDeepStrictEqual } from "node:util"
import * as fc from "fast-check"
import type { Table } from "../src/Api.ts"
import { apis } from "../src/api/index.ts"
import { MalformedBytes, Reader, Writer } from "../src/Bytes.ts"
import type { Codec } from "../src/Codec.ts"
import { compile } from "../src/Compile.ts"
import { interpret } from "../src/Interpret.ts"
import { records } from "../src/records/index.ts"
import { complete, type Value, valuesOf, versionsOf, wireOf } from "./arbitrary.ts"

/** Every message there is. */
export const tables: ReadonlyArray<Table> = [
  ...apis.flatMap(({ request, response }) => [request, response]),
  ...records
]

type AnyCodec = Codec<unknown, unknown>

/** A message at a version with what is tried on it. */
export interface Subject {
  readonly name: string
  readonly table: Table
  readonly version: number
  readonly compiled: AnyCodec
  readonly interpreted: AnyCodec
  readonly values: fc.Arbitrary<Value>
}

export const subjectsOf = (table: Table): ReadonlyArray<Subject> =>
  versionsOf(table).map((version) => ({
    name: `${table.name} v${version}`,
    table,
    version,
    compiled: compile(table, version),
    interpreted: interpret(table, version),
    values: valuesOf(table, version)
  }))

const writer = new Writer()

export const encoded = (codec: AnyCodec, value: unknown): Uint8Array => {
  writer.reset()
  codec.encode(writer, value)
  const size = writer.size
  const bytes = writer.toBytes()
  deepStrictEqual(bytes.length, size)
  return bytes
}

/** Writes a value both ways, reads it both ways, and answers its bytes. */
export const checkRoundTrip = (subject: Subject, value: Value): Uint8Array => {
  const bytes = encoded(subject.compiled, value)
  deepStrictEqual(encoded(subject.interpreted, value), bytes, `${subject.name}: both codecs write the same bytes`)
  const expected = complete(subject.table.members, value, wireOf(subject.table, subject.version))
  for (const codec of [subject.compiled, subject.interpreted]) {
    const reader = new Reader(bytes)
    deepStrictEqual(codec.decode(reader), expected, subject.name)
    deepStrictEqual(reader.remaining, 0, `${subject.name}: every byte is read`)
  }
  return bytes
}

type Outcome = { readonly value: unknown; readonly offset: number } | { readonly malformed: string }

const outcomeOf = (codec: AnyCodec, bytes: Uint8Array): Outcome => {
  const reader = new Reader(bytes)
  try {
    return { value: codec.decode(reader), offset: reader.offset }
  } catch (error) {
    if (error instanceof MalformedBytes) return { malformed: error.message }
    throw error
  }
}

/** Reads bytes that may be anything: the codecs agree, and nothing but MalformedBytes is thrown. */
export const checkHostile = (subject: Subject, bytes: Uint8Array): void => {
  const one = outcomeOf(subject.compiled, bytes)
  const other = outcomeOf(subject.interpreted, bytes)
  if (!isDeepStrictEqual(one, other)) deepStrictEqual(one, other, `${subject.name}: both codecs read the same`)
}

/** One way to damage bytes. */
export type Damage = { readonly at: number; readonly byte: number; readonly cut: boolean }

export const damage: fc.Arbitrary<ReadonlyArray<Damage>> = fc.array(
  fc.record({ at: fc.nat(), byte: fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255)), cut: fc.boolean() }),
  { minLength: 1, maxLength: 3 }
)

export const damaged = (bytes: Uint8Array, damages: ReadonlyArray<Damage>): Uint8Array => {
  let result = bytes.slice()
  for (const { at, byte, cut } of damages) {
    if (result.length === 0) return result
    if (cut) result = result.slice(0, at % result.length)
    else result[at % result.length] = byte
  }
  return result
}

/** The property of one subject: every value survives, no damage does harm. */
export const holds = (subject: Subject) =>
  fc.property(subject.values, damage, fc.uint8Array({ maxLength: 24 }), (value, damages, noise) => {
    const bytes = checkRoundTrip(subject, value)
    checkHostile(subject, damaged(bytes, damages))
    checkHostile(subject, noise)
  })

/** Tries tables in rounds, each with a seed of its own, until `isOver` says so; answers how many values were tried. */
export const fuzzTables = (seed: number, isOver: () => boolean): number => {
  const runs = 20
  let tried = 0
  for (let round = 0; ; round++) {
    for (const table of tables) {
      for (const subject of subjectsOf(table)) {
        if (isOver()) return tried
        fc.assert(holds(subject), { seed: seed + round, numRuns: runs })
        tried += runs
      }
    }
  }
}
