/**
 * Which values a key allows, as data rather than functions, so that one description both checks a value and prints the
 * "valid values" column of the documentation. Invariant: `check` answers with Kafka's own wording, because clients show
 * it to people. Neighbours: Type.ts (text to value), Table.ts (each key names its validator).
 */
import type { Value } from "./Type.ts"

export type Validator =
  /** No rule beyond the type. */
  | { readonly _tag: "Any" }
  | { readonly _tag: "Range"; readonly min: number; readonly max: number | null }
  | { readonly _tag: "GzipLevel" }
  | { readonly _tag: "OneOf"; readonly values: ReadonlyArray<string>; readonly ignoreCase: boolean }
  /** A list: `values` empty means any text; duplicates are dropped; an empty item is never allowed. */
  | { readonly _tag: "List"; readonly values: ReadonlyArray<string>; readonly mayBeEmpty: boolean }
  | { readonly _tag: "NonEmptyString" }
  | { readonly _tag: "NonNullString" }
  /** `id@host:port` of each voter. */
  | { readonly _tag: "Voters" }
  /** `host:port` of each server. */
  | { readonly _tag: "BootstrapServers" }
  /** `partition:broker` pairs, or `*`. */
  | { readonly _tag: "ThrottledReplicas" }
  /** `earliest`, `latest` or `by_duration:` and an ISO 8601 duration. */
  | { readonly _tag: "OffsetReset" }

export const any: Validator = { _tag: "Any" }
export const atLeast = (min: number): Validator => ({ _tag: "Range", min, max: null })
export const between = (min: number, max: number): Validator => ({ _tag: "Range", min, max })
export const oneOf = (...values: ReadonlyArray<string>): Validator => ({ _tag: "OneOf", values, ignoreCase: false })
export const oneOfIgnoringCase = (...values: ReadonlyArray<string>): Validator => ({
  _tag: "OneOf",
  values,
  ignoreCase: true
})
/** A list that may be empty, and one that may not; with arguments, of those words only. */
export const listOf = (...values: ReadonlyArray<string>): Validator => ({ _tag: "List", values, mayBeEmpty: true })
export const nonEmptyListOf = (...values: ReadonlyArray<string>): Validator => ({
  _tag: "List",
  values,
  mayBeEmpty: false
})
export const gzipLevel: Validator = { _tag: "GzipLevel" }
export const nonEmptyString: Validator = { _tag: "NonEmptyString" }
export const nonNullString: Validator = { _tag: "NonNullString" }
export const voters: Validator = { _tag: "Voters" }
export const bootstrapServers: Validator = { _tag: "BootstrapServers" }
export const throttledReplicas: Validator = { _tag: "ThrottledReplicas" }
export const offsetReset: Validator = { _tag: "OffsetReset" }

const VOTER = /^[0-9]+@(\[[0-9a-fA-F:%._]+\]|[^:@\s]+):[0-9]+$/
const HOST_AND_PORT = /^(\[[0-9a-fA-F:%._]+\]|[^:@\s]+):[0-9]+$/
const REPLICA_PAIR = /^[0-9]+:[0-9]+$/
const OFFSET_RESET =
  /^(?:earliest|latest|by_duration:P(?=.)(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?)$/

/** Kafka's sentence for one refused value. */
const invalid = (name: string, value: Value, reason: string): string =>
  `Invalid value ${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)} for configuration ${name}: ${reason}`

const checkRange = (name: string, value: number, min: number, max: number | null): string | null => {
  if (value < min) return invalid(name, value, `Value must be at least ${min}`)
  if (max !== null && value > max) return invalid(name, value, `Value must be no more than ${max}`)
  return null
}

const checkOneOf = (name: string, value: string, values: ReadonlyArray<string>, ignoreCase: boolean): string | null => {
  const found = ignoreCase ? values.some((each) => each.toLowerCase() === value.toLowerCase()) : values.includes(value)
  if (found) return null
  return invalid(name, value, `String must be one of${ignoreCase ? " (case insensitive)" : ""}: ${values.join(", ")}`)
}

const checkList = (
  name: string,
  items: ReadonlyArray<string>,
  allowed: { readonly values: ReadonlyArray<string>; readonly mayBeEmpty: boolean }
): string | null => {
  if (items.length === 0) {
    if (allowed.mayBeEmpty) return null
    const words = allowed.values.length === 0 ? "any non-empty value" : `[${allowed.values.join(", ")}]`
    return `Configuration '${name}' must not be empty. Valid values include: ${words}`
  }
  if (items.includes("")) return `Configuration '${name}' values must not be empty.`
  if (allowed.values.length === 0) return null
  return items.map((item) => checkOneOf(name, item, allowed.values, false)).find((refusal) => refusal !== null) ?? null
}

const checkEach = (items: ReadonlyArray<string>, pattern: RegExp, refusal: (item: string) => string): string | null => {
  const wrong = items.find((item) => !pattern.test(item))
  return wrong === undefined ? null : refusal(wrong)
}

const checkThrottledReplicas = (name: string, items: ReadonlyArray<string>): string | null => {
  if (items.length === 0 || (items.length === 1 && (items[0] === "*" || items[0] === ""))) return null
  const reason =
    `${name} must be the literal '*' or a list of replicas in the following format: ` +
    "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
  return checkEach(items, REPLICA_PAIR, () => invalid(name, items, reason))
}

/** Kafka's validator says its sentence inside the general one. */
const offsetResetReason = (name: string, value: string): string =>
  `Invalid value \`${value}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format ` +
  "'by_duration:<PnDTnHnMn.nS>'."

const checkString = (validator: Validator, name: string, value: string): string | null => {
  switch (validator._tag) {
    case "OneOf":
      return checkOneOf(name, value, validator.values, validator.ignoreCase)
    case "NonEmptyString":
      return value === "" ? invalid(name, value, "String must be non-empty") : null
    case "OffsetReset":
      return OFFSET_RESET.test(value) ? null : invalid(name, value, offsetResetReason(name, value))
    default:
      return null
  }
}

const checkItems = (validator: Validator, name: string, items: ReadonlyArray<string>): string | null => {
  switch (validator._tag) {
    case "List":
      return checkList(name, items, validator)
    case "Voters":
      return checkEach(
        items,
        VOTER,
        () => `Invalid configuration value for ${name}. Each entry should be in the form \`{id}@{host}:{port}\`.`
      )
    case "BootstrapServers":
      return checkEach(
        items,
        HOST_AND_PORT,
        (item) =>
          `Failed to parse host name from ${item} for the configuration ${name}. ` +
          'Each entry should be in the form "{host}:{port}"'
      )
    case "ThrottledReplicas":
      return checkThrottledReplicas(name, items)
    default:
      return null
  }
}

/** Why `value` is not allowed for the key `name`, in Kafka's words, or null when it is. Null itself is for the table. */
export const check = (validator: Validator, name: string, value: Value): string | null => {
  if (value === null) {
    return validator._tag === "NonNullString" ? invalid(name, null, "entry must be non null") : null
  }
  if (typeof value === "number") {
    if (validator._tag === "Range") return checkRange(name, value, validator.min, validator.max)
    if (validator._tag === "GzipLevel" && value !== -1 && (value < 1 || value > 9)) {
      return invalid(name, value, "Value must be between 1 and 9 or equal to -1")
    }
    return null
  }
  if (typeof value === "string") return checkString(validator, name, value)
  return Array.isArray(value) ? checkItems(validator, name, value) : null
}

/** The "valid values" text of the documentation, in Kafka's notation; empty when only the type counts. */
export const print = (validator: Validator): string => {
  switch (validator._tag) {
    case "Any":
      return ""
    case "Range":
      return `[${validator.min},...${validator.max === null ? "" : `,${validator.max}`}]`
    case "GzipLevel":
      return "[1,...,9] or -1"
    case "OneOf":
      return `${validator.ignoreCase ? "(case insensitive) " : ""}[${validator.values.join(", ")}]`
    case "List":
      return validator.values.length === 0 ? "" : `[${validator.values.join(", ")}]`
    case "NonEmptyString":
      return "non-empty string"
    case "NonNullString":
      return "non-null string"
    case "Voters":
    case "BootstrapServers":
      return "non-empty list"
    case "ThrottledReplicas":
      return "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
    case "OffsetReset":
      return "[latest, earliest, by_duration:PnDTnHnMn.nS]"
  }
}
