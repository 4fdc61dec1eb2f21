/**
 * Compares every row with Kafka's own tables. They are no part of this repository: the comparison runs when KAFKA_CONFIGS
 * names a folder that holds them as tab-separated files, as it does in continuous integration.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { brokerKeys } from "../src/BrokerTable.ts"
import { clientMetricsKeys } from "../src/ClientMetricsTable.ts"
import { groupKeys } from "../src/GroupTable.ts"
import { brokerQuotaKeys, clientQuotaKeys, ipQuotaKeys, userKeys } from "../src/QuotaTable.ts"
import type { Key } from "../src/Table.ts"
import { defaultOf, required } from "../src/Table.ts"
import { brokerKeyOfTopic } from "../src/TopicConfig.ts"
import { topicKeys } from "../src/TopicTable.ts"
import { print } from "../src/Validator.ts"

type Row = Readonly<Record<string, string>>

const readTable = (folder: string, file: string): ReadonlyArray<Row> => {
  const [header = "", ...lines] = readFileSync(join(folder, file), "utf8").trimEnd().split("\n")
  const names = header.split("\t")
  return lines.map((line) => {
    const cells = line.split("\t")
    return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ""]))
  })
}

const defaultText = (row: Key): string => {
  if (row.default === required) return "(required)"
  if (row.default === null) return "null"
  const text = defaultOf(row)?.text ?? "null"
  return text === "" ? '""' : text
}

/** Our row in the columns of the file. */
const ours = (row: Key, columns: Row): Row => {
  const all: Row = {
    group: columns.group ?? "",
    name: row.name,
    type: row.type,
    default: defaultText(row),
    validValues: print(row.valid),
    importance: row.importance,
    internal: String(row.internal),
    serverDefaultProperty: brokerKeyOfTopic.get(row.name)?.name ?? "",
    dynamicUpdate: row.update,
    jvmOrPluginOnly: columns.jvmOrPluginOnly ?? ""
  }
  return Object.fromEntries(Object.keys(columns).map((name) => [name, all[name] ?? ""]))
}

const compare = (keys: ReadonlyArray<Key>, rows: ReadonlyArray<Row>): void => {
  expect(keys.map((row) => row.name).sort()).toEqual(rows.map((row) => row.name).sort())
  const byName = new Map(keys.map((row) => [row.name, row]))
  for (const row of rows) expect(ours(byName.get(row.name!)!, row)).toEqual(row)
}

/** Keys that Kafka's broker takes too, but leaves to its authorizer. */
const isAuthorizerKey = (name: string): boolean => name === "super.users" || name === "allow.everyone.if.no.acl.found"

const folder = process.env.KAFKA_CONFIGS

describe("Kafka's tables", () => {
  it("are matched in number, apart from our own prefix and the authorizer's keys", () => {
    const own = brokerKeys.filter((row) => row.name.startsWith("klamm.") || isAuthorizerKey(row.name))
    expect(brokerKeys.length - own.length).toBe(378)
    expect(topicKeys.length).toBe(37)
    expect(groupKeys.length).toBe(27)
  })

  if (folder !== undefined) {
    it("have the same broker keys", () => {
      const kafka = brokerKeys.filter((row) => !row.name.startsWith("klamm.") && !isAuthorizerKey(row.name))
      compare(kafka, readTable(folder, "broker-configs.tsv"))
    })

    it("have the same topic, group and client metrics keys", () => {
      compare(topicKeys, readTable(folder, "topic-configs.tsv"))
      compare(groupKeys, readTable(folder, "group-configs.tsv"))
      compare(clientMetricsKeys, readTable(folder, "client-metrics-configs.tsv"))
    })

    it("have the same quota keys", () => {
      const rows = readTable(folder, "quota-configs.tsv")
      const tables: ReadonlyArray<readonly [string, ReadonlyArray<Key>]> = [
        ["quota-user-client", clientQuotaKeys],
        ["quota-ip", ipQuotaKeys],
        ["quota-scram-user", userKeys],
        ["quota-broker", brokerQuotaKeys]
      ]
      expect(rows.length).toBe(tables.reduce((sum, [, keys]) => sum + keys.length, 0))
      for (const [group, keys] of tables) {
        compare(
          keys,
          rows.filter((row) => row.group === group)
        )
      }
    })

    it("mark as plugin keys only what we document as such or what is built in here", () => {
      const plugin = readTable(folder, "broker-configs.tsv").filter((row) => row.jvmOrPluginOnly === "yes")
      const byName = new Map(brokerKeys.map((row) => [row.name, row]))
      const other = plugin.filter((row) => !byName.get(row.name!)!.doc.startsWith("Accepted and without effect here: "))
      expect(other.map((row) => row.name)).toEqual(["replica.selector.class", "authorizer.class.name"])
    })
  }
})
