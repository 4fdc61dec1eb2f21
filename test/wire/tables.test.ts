/**
 * Every table against Kafka's own definition of the message, field by field and version by version. The definitions are not
 * part of this repository: KAFKA_MESSAGES names the folder of a Kafka source tree's clients messages, KAFKA_RECORDS that of
 * its stored records. Without them these tests are reported as skipped.
 */
import type { Table } from "@klamm/protocol/Api"
import { apis } from "@klamm/protocol/api/index"
import { includes, type Member, type Spec } from "@klamm/protocol/Field"
import { records } from "@klamm/protocol/records/index"
import { describe, expect, it } from "vitest"
import { type Description, describeFields, type JsonMessage, readMessages, span } from "./kafka-json.ts"

const folders = [process.env.KAFKA_MESSAGES, process.env.KAFKA_RECORDS].filter((folder) => folder !== undefined)
const complete = folders.length === 2

/** Where a client's opaque number is a bigint on our side; everywhere else an int64 is a number. */
const longs = new Set([
  "OffsetCommitRequest committedOffset",
  "OffsetFetchResponse committedOffset",
  "TxnOffsetCommitRequest committedOffset",
  "OffsetCommitValue offset",
  "LegacyOffsetCommitValue offset"
])

const typeOf = (table: Table, name: string, spec: Spec): string => {
  if (spec.element !== undefined) return `[]${typeOf(table, name, spec.element)}`
  if (spec.kind === "long")
    return longs.has(`${table.name} ${name}`) ? "int64" : "long where Kafka's offset is a number"
  return spec.kind === "int64" && longs.has(`${table.name} ${name}`) ? "int64 where long is due" : spec.kind
}

const defaultOf = (spec: Spec): unknown => {
  if (spec.explicitDefault !== undefined) return spec.explicitDefault
  if (spec.kind === "array" || spec.kind === "bytes" || spec.kind === "records") return "empty"
  if (spec.kind === "struct") return "struct"
  if (spec.kind === "uuid") return "zero"
  if (spec.kind === "string") return ""
  return spec.kind === "bool" ? false : 0
}

const describeMembers = (table: Table, members: ReadonlyArray<Member>, version: number): ReadonlyArray<Description> =>
  members.map(({ name, spec }) => {
    if (!includes(spec.versions, version)) {
      return { name, absent: true, ignorable: spec.ignorable, default: defaultOf(spec) }
    }
    return {
      name,
      absent: false,
      type: typeOf(table, name, spec),
      nullable: includes(spec.nullable, version),
      tag: spec.tag < 0 ? undefined : spec.tag,
      compact: includes(table.flexible, version) && spec.mayBeCompact,
      default: defaultOf(spec),
      fields: describeMembers(table, spec.element?.members ?? spec.members, version)
    }
  })

const ours = new Map<string, Table>()
for (const { request, response } of apis) for (const table of [request, response]) ours.set(table.name, table)
for (const table of records) ours.set(table.name, table)

const isLive = (message: JsonMessage): boolean => message.validVersions !== "none" && message.type !== "header"

/** Nested structs are described once per field of a message; a version that no message has says nothing. */
const compare = (message: JsonMessage, table: Table): void => {
  expect(table.versions, message.name).toEqual(span(message.validVersions))
  expect(table.key, message.name).toBe(message.apiKey ?? -1)
  expect(table.latestVersionUnstable, message.name).toBe(String(message.latestVersionUnstable) === "true")
  for (let version = table.versions.min; version <= table.versions.max; version++) {
    const flexible = span(message.flexibleVersions)
    expect(includes(table.flexible, version)).toBe(flexible.min <= version && version <= flexible.max)
    const theirs = describeFields(message, message.fields ?? [], version)
    expect(describeMembers(table, table.members, version), `${message.name} v${version}`).toEqual(theirs)
  }
}

describe("tables against Kafka's definitions (set KAFKA_MESSAGES and KAFKA_RECORDS)", () => {
  const messages = folders.flatMap(readMessages).filter(isLive)

  it.runIf(complete)("no message is missing, none is ours alone", () => {
    expect([...ours.keys()].sort()).toEqual(messages.map(({ name }) => name).sort())
  })

  it.runIf(!complete)("are given for none or for both folders", () => {
    expect(folders).toEqual([])
  })

  it.runIf(complete)("every field of every version is the same", () => {
    for (const message of messages) {
      const table = ours.get(message.name)
      if (table !== undefined) compare(message, table)
    }
  })
})
