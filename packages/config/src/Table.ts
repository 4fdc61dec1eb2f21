/**
 * One row per configuration key, and what can be asked of such a table. The rows are values with literal types, so that
 * the type of a resolved configuration follows from the table: `values["log.segment.bytes"]` is a number by inference.
 * Invariant: the table is the only place a key's name, type, default or rule is written; parsing, documentation,
 * DescribeConfigs and alteration read it. Neighbours: Type.ts and Validator.ts below, BrokerTable.ts, TopicTable.ts,
 * GroupTable.ts, QuotaTable.ts and ClientMetricsTable.ts above.
 */
import * as Result from "effect/Result"
import type { ConfigType, Parsed, Value, ValueOf } from "./Type.ts"
import { parseText, printValue } from "./Type.ts"
import type { Validator } from "./Validator.ts"
import * as Valid from "./Validator.ts"

export type Importance = "high" | "medium" | "low"
/** Kafka's dynamic update mode (KIP-226): needs a restart, one broker at a time, or also as a cluster-wide default. */
export type UpdateMode = "read-only" | "per-broker" | "cluster-wide"

/** The default of a key that has none: it must be given before a broker starts. */
export const required: unique symbol = Symbol.for("klamm/config/required")
export type Required = typeof required

/** One row. `V` is the type of its resolved value, with null where the default is null. */
export interface Key<out Name extends string = string, out V extends Value = Value> {
  readonly name: Name
  readonly type: ConfigType
  readonly default: V | Required
  readonly valid: Validator
  readonly importance: Importance
  readonly update: UpdateMode
  /** The topic key for which this broker key is the default. */
  readonly topic: string | null
  /** Hidden from documentation and DescribeConfigs. */
  readonly internal: boolean
  /** One line: what it does. */
  readonly doc: string
}

export interface Spec<T extends ConfigType, D> {
  readonly type: T
  readonly default: D
  readonly valid?: Validator
  readonly importance: Importance
  readonly update?: UpdateMode
  readonly topic?: string
  readonly internal?: boolean
  /** What the key is for, as long as there is none of it: the documentation says that the key does nothing yet. */
  readonly awaits?: string
  readonly doc: string
}

const docOf = ({ doc, awaits }: { readonly doc: string; readonly awaits?: string }): string =>
  awaits === undefined ? doc : `${doc} Accepted and without effect here: there is no ${awaits} in this release.`

/** Declares one row. Read-only and public unless said otherwise; no validator means any value of the type. */
export const key = <const Name extends string, T extends ConfigType, D extends ValueOf[T] | null | Required>(
  name: Name,
  spec: Spec<T, D>
): Key<Name, ValueOf[T] | (D extends null ? null : never)> => {
  const row: Key<Name, Value> = {
    name,
    type: spec.type,
    default: spec.default,
    valid: spec.valid ?? Valid.any,
    importance: spec.importance,
    update: spec.update ?? "read-only",
    topic: spec.topic ?? null,
    internal: spec.internal ?? false,
    doc: docOf(spec)
  }
  return row as Key<Name, ValueOf[T] | (D extends null ? null : never)>
}

/** The resolved values of a table: each key's name to its value. */
export type ValuesOf<Rows extends ReadonlyArray<Key>> = {
  readonly [Row in Rows[number] as Row["name"]]: Row extends Key<string, infer V> ? V : never
}

/** A table by name, in the order declared. */
export type Index = ReadonlyMap<string, Key>

/** Names must be unique: a key declared twice is a defect of the program. */
export const index = (rows: ReadonlyArray<Key>): Index => {
  const byName = new Map(rows.map((row) => [row.name, row]))
  if (byName.size !== rows.length) throw new Error("a configuration key is declared twice")
  return byName
}

/** Java drops repeated items of a validated list and keeps the first. */
const withoutRepeats = (row: Key, parsed: Parsed): Parsed => {
  if (row.valid._tag !== "List" || !Array.isArray(parsed.value)) return parsed
  const value: ReadonlyArray<string> = [...new Set(parsed.value)]
  return { value, text: value.join(",") }
}

/** Reads `raw` as a value of the key. Fails with Kafka's message, which names the key and the value. */
export const parse = (row: Key, raw: string): Result.Result<Parsed, string> => {
  const parsed = parseText(row.type, raw)
  if (Result.isFailure(parsed)) {
    return Result.fail(`Invalid value ${raw.trim()} for configuration ${row.name}: ${parsed.failure}`)
  }
  const refusal = Valid.check(row.valid, row.name, parsed.success.value)
  return refusal === null ? Result.succeed(withoutRepeats(row, parsed.success)) : Result.fail(refusal)
}

/** The default as value and text; null for a required key, which has none. */
export const defaultOf = (row: Key): Parsed | null =>
  row.default === required ? null : { value: row.default, text: printValue(row.type, row.default) }

/** Passwords, and everything whose type is unknown, are never told (Kafka treats unknown as sensitive). */
export const isSensitive = (row: Key | undefined): boolean => row === undefined || row.type === "password"
