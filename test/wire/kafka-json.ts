/**
 * Kafka's own message definitions (the JSON files of its source tree), read into the same plain description that our tables
 * are read into, version by version, so that the two can be compared. Written from the format's rules, not from our tables.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

interface JsonField {
  readonly name: string
  readonly type: string
  readonly versions?: string
  readonly taggedVersions?: string
  readonly nullableVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: unknown
  readonly ignorable?: boolean | string
  readonly fields?: ReadonlyArray<JsonField>
}

export interface JsonMessage {
  readonly apiKey?: number
  readonly type?: string
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions?: string
  readonly latestVersionUnstable?: boolean
  readonly fields?: ReadonlyArray<JsonField>
  readonly commonStructs?: ReadonlyArray<{ readonly name: string; readonly fields: ReadonlyArray<JsonField> }>
}

/** A field as it is at one version. */
export type Description =
  | { readonly name: string; readonly absent: true; readonly ignorable: boolean; readonly default: unknown }
  | {
      readonly name: string
      readonly absent: false
      readonly type: string
      readonly nullable: boolean
      readonly tag: number | undefined
      readonly compact: boolean
      readonly default: unknown
      readonly fields: ReadonlyArray<Description>
    }

export interface Span {
  readonly min: number
  readonly max: number
}

/** Reads Kafka's notation of versions. */
export const span = (notation: string | undefined): Span => {
  if (notation === undefined || notation === "none") return { min: 1, max: 0 }
  const [from, to] = notation.split("-")
  if (notation.endsWith("+")) return { min: Number.parseInt(notation, 10), max: 32_767 }
  return { min: Number(from), max: Number(to ?? from) }
}

const has = (range: Span, version: number): boolean => range.min <= version && version <= range.max

export const readMessages = (folder: string): ReadonlyArray<JsonMessage> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as JsonMessage)

const camelCase = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** Kafka's generator takes a default written as JSON null for none at all. */
const defaultOf = (field: JsonField): unknown => {
  const given = field.default
  if (given === "null") return null
  if (field.type.startsWith("[]")) return "empty"
  switch (field.type) {
    case "string":
      return given ?? ""
    case "bool":
      return String(given ?? false) === "true"
    case "uuid":
      return "zero"
    case "bytes":
      return "empty"
    case "records":
      // In Kafka records have no value of their own beside null.
      return field.nullableVersions === undefined ? "empty" : null
    default:
      return /^[A-Z]/.test(field.type) ? "struct" : Number(given ?? 0)
  }
}

const nestedFields = (message: JsonMessage, field: JsonField): ReadonlyArray<JsonField> => {
  const name = field.type.replace("[]", "")
  return field.fields ?? message.commonStructs?.find((common) => common.name === name)?.fields ?? []
}

/** The fields of a struct at a version; those that no version of the message carries do not exist for us. */
export const describeFields = (
  message: JsonMessage,
  fields: ReadonlyArray<JsonField>,
  version: number
): ReadonlyArray<Description> => {
  const valid = span(message.validVersions)
  const flexible = has(span(message.flexibleVersions), version)
  const descriptions: Array<Description> = []
  for (const field of fields) {
    const versions = span(field.versions ?? field.taggedVersions)
    const name = camelCase(field.name)
    if (versions.min > valid.max || versions.max < valid.min) continue
    if (!has(versions, version)) {
      const ignorable = String(field.ignorable ?? false) === "true"
      descriptions.push({ name, absent: true, ignorable, default: defaultOf(field) })
    } else {
      descriptions.push({
        name,
        absent: false,
        type: field.type.replace(/[A-Z]\w*/, "struct"),
        nullable: has(span(field.nullableVersions), version),
        tag: has(span(field.taggedVersions), version) ? field.tag : undefined,
        compact: flexible && field.flexibleVersions !== "none",
        default: defaultOf(field),
        fields: describeFields(message, nestedFields(message, field), version)
      })
    }
  }
  return descriptions
}
