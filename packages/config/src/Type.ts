/**
 * The nine value types a Kafka configuration key can have: what text each accepts and how a value is printed back.
 * Invariant: `printValue(type, parse(type, text))` is the text Apache Kafka would print for the same input, also for the
 * largest 64-bit numbers, which is why a parsed value travels with its canonical text. Neighbours: Validator.ts (which
 * values are allowed) and Table.ts (which key has which type).
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** Kafka's `ConfigDef.Type`, in lower case. */
export type ConfigType = "boolean" | "int" | "short" | "long" | "double" | "string" | "list" | "password" | "class"

/** What a value of each type is in TypeScript. A `long` is a number: see `LONG_MAX` for what that costs. */
export interface ValueOf {
  readonly boolean: boolean
  readonly int: number
  readonly short: number
  readonly long: number
  readonly double: number
  readonly string: string
  readonly list: ReadonlyArray<string>
  readonly password: Redacted.Redacted<string>
  readonly class: string
}

/** Any value of any key; null is "not set". */
export type Value = ValueOf[ConfigType] | null

/** A value, and the text Kafka prints for it (null for a null value and for passwords, which are never printed). */
export interface Parsed {
  readonly value: Value
  readonly text: string | null
}

/** Java's largest long as a number. It is one too large (2^63), is never reached, and prints as Kafka prints it. */
export const LONG_MAX = 2 ** 63
export const INT_MAX = 2 ** 31 - 1
/** Java's largest double, the default of an unlimited rate. */
export const DOUBLE_MAX = Number.MAX_VALUE

const INTEGER = /^[+-]?[0-9]+$/
const DECIMAL = /^[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[dDfF]?)$/
const SEPARATOR = /\s*,\s*/
/** How many bits each integer type has. */
const BITS = { short: 16n, int: 32n, long: 64n } as const

const parseInteger = (type: "short" | "int" | "long", text: string): Result.Result<Parsed, string> => {
  const reason = `Not a number of type ${type.toUpperCase()}`
  if (!INTEGER.test(text)) return Result.fail(reason)
  const exact = BigInt(text.startsWith("+") ? text.slice(1) : text)
  if (BigInt.asIntN(Number(BITS[type]), exact) !== exact) return Result.fail(reason)
  return Result.succeed({ value: Number(exact), text: exact.toString() })
}

const parseDouble = (text: string): Result.Result<Parsed, string> => {
  if (!DECIMAL.test(text)) return Result.fail("Not a number of type DOUBLE")
  const value = text.endsWith("Infinity") ? Number(text) : Number(text.replace(/[dDfF]$/, ""))
  return Result.succeed({ value, text: printDouble(value) })
}

const parseBoolean = (text: string): Result.Result<Parsed, string> => {
  const lower = text.toLowerCase()
  if (lower === "true" || lower === "false") return Result.succeed({ value: lower === "true", text: lower })
  return Result.fail("Expected value to be either true or false")
}

/**
 * Reads a value from text, as Kafka's `ConfigDef.parseType` does: surrounding white space never counts, booleans ignore
 * case, an empty list is the empty text. Fails with the reason Kafka gives.
 */
export const parseText = (type: ConfigType, raw: string): Result.Result<Parsed, string> => {
  const text = raw.trim()
  switch (type) {
    case "boolean":
      return parseBoolean(text)
    case "short":
    case "int":
    case "long":
      return parseInteger(type, text)
    case "double":
      return parseDouble(text)
    case "string":
    case "class":
      return Result.succeed({ value: text, text })
    case "password":
      return Result.succeed({ value: Redacted.make(text), text: null })
    case "list": {
      const value = text === "" ? [] : text.split(SEPARATOR)
      return Result.succeed({ value, text: value.join(",") })
    }
  }
}

/** A double as Java's `Double.toString` prints it: `0.5`, `100.0`, `1.0E7`, `1.0E-4`. */
export const printDouble = (value: number): string => {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value)
  const [digits = "", exponent = ""] = value.toExponential().split("e")
  return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent.replace("+", "")}`
}

/** A whole number as Java prints a long: everything from 2^63 up is `Long.MAX_VALUE`. */
const printInteger = (value: number): string => (value >= LONG_MAX ? "9223372036854775807" : BigInt(value).toString())

/** The text of a value that was not read from text, such as a default. Null for null and for passwords. */
export const printValue = (type: ConfigType, value: Value): string | null => {
  if (value === null || Redacted.isRedacted(value)) return null
  if (typeof value === "number") return type === "double" ? printDouble(value) : printInteger(value)
  return typeof value === "object" ? value.join(",") : String(value)
}
