/**
 * Prints docs/config.md from the tables: `node packages/config/scripts/print-config.ts` rewrites the file. Invariant: the
 * page holds nothing that is not in the tables. Neighbours: test/document.test.ts, which fails when the page is out of
 * date.
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerAreas } from "../src/BrokerTable.ts"
import { clientMetricsKeys } from "../src/ClientMetricsTable.ts"
import { groupKeys } from "../src/GroupTable.ts"
import { brokerQuotaKeys, clientQuotaKeys, ipQuotaKeys, userKeys } from "../src/QuotaTable.ts"
import type { Key } from "../src/Table.ts"
import { defaultOf, required } from "../src/Table.ts"
import { brokerKeyOfTopic } from "../src/TopicConfig.ts"
import { topicKeys } from "../src/TopicTable.ts"
import * as Validator from "../src/Validator.ts"

const INTRODUCTION = `# Configuration

This page is printed from the tables in \`packages/config/src\`; change those and run
\`node packages/config/scripts/print-config.ts\`.

Names, types, defaults and rules are Apache Kafka's, except for the keys that start with \`klamm.\`. A broker takes its
values from these sources, each stronger than the one before: the defaults below, the development preset, a properties
file, \`KAFKA_\` variables of the environment (\`KAFKA_LOG_RETENTION_MS\` is \`log.retention.ms\`), \`--set key=value\`,
the cluster-wide dynamic values, and the dynamic values of this broker. A key that is unknown or ill-typed stops the start.

*Update* says how a key may change while a broker runs: not at all (read-only), for one broker (per-broker), or also for
all of them (cluster-wide). Internal keys are left out.
`

const code = (text: string): string => `\`${text}\``

const printDefault = (row: Key): string => {
  if (row.default === required) return "required"
  if (row.type === "password") return "unset"
  const text = defaultOf(row)?.text ?? null
  if (text === null) return "unset"
  return text === "" ? "empty" : code(text)
}

const line = (cells: ReadonlyArray<string>): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`

interface Column {
  readonly title: string
  readonly cell: (row: Key) => string
}

const COMMON: ReadonlyArray<Column> = [
  { title: "key", cell: (row) => code(row.name) },
  { title: "type", cell: (row) => row.type },
  { title: "default", cell: printDefault },
  {
    title: "valid values",
    cell: (row) => {
      const text = Validator.print(row.valid)
      return text === "" ? "" : code(text)
    }
  },
  { title: "importance", cell: (row) => row.importance }
]
const DOC: Column = { title: "what it does", cell: (row) => row.doc }

const table = (rows: ReadonlyArray<Key>, extra: ReadonlyArray<Column>): string => {
  const columns = [...COMMON, ...extra, DOC]
  const shown = rows.filter((row) => !row.internal).sort((a, b) => (a.name < b.name ? -1 : 1))
  return [
    line(columns.map((column) => column.title)),
    line(columns.map(() => "---")),
    ...shown.map((row) => line(columns.map((column) => column.cell(row))))
  ].join("\n")
}

const update: Column = { title: "update", cell: (row) => row.update }
const brokerDefault: Column = {
  title: "default from",
  cell: (row) => {
    const broker = brokerKeyOfTopic.get(row.name)
    return broker === undefined ? "" : code(broker.name)
  }
}

/** The whole page. */
export const document = (): string =>
  [
    INTRODUCTION,
    "## Brokers\n",
    ...Object.entries(brokerAreas).map(([area, rows]) => `### ${area}\n\n${table(rows, [update])}\n`),
    `### replication quotas (dynamic only)\n\n${table(brokerQuotaKeys, [update])}\n`,
    `## Topics\n\n${table(topicKeys, [brokerDefault])}\n`,
    `## Groups\n\n${table(groupKeys, [])}\n`,
    `## Client metrics subscriptions\n\n${table(clientMetricsKeys, [])}\n`,
    `## Quotas\n\n### of a user, a client id, or both\n\n${table(clientQuotaKeys, [])}\n`,
    `### of a user, with the SCRAM credentials\n\n${table(userKeys, [])}\n`,
    `### of an address\n\n${table(ipQuotaKeys, [])}\n`
  ].join("\n")

export const documentPath: string = fileURLToPath(new URL("../../../docs/config.md", import.meta.url))

if (import.meta.main) writeFileSync(documentPath, document())
