/**
 * Writes docs/apis.md from the tables: `node packages/protocol/scripts/print-apis.ts`. With `--check` it writes nothing and
 * fails when the page differs from the tables.
 */
import { readFileSync, writeFileSync } from "node:fs"
import type { Api, Table } from "../src/Api.ts"
import { apis } from "../src/api/index.ts"
import { includes } from "../src/Field.ts"
import { headerVersions } from "../src/Header.ts"
import { records } from "../src/records/index.ts"

const page = new URL("../../../docs/apis.md", import.meta.url)

const versions = ({ versions: { min, max }, latestVersionUnstable }: Table): string =>
  `${min === max ? min : `${min}–${max}`}${latestVersionUnstable ? ` (v${max} not stable)` : ""}`

const flexible = (table: Table): string => {
  const { min, max } = table.versions
  if (includes(table.flexible, min)) return "all"
  return includes(table.flexible, max) ? `from v${table.flexible.min}` : "none"
}

/** One version where it is the same at both ends of the range, else the change. */
const header = (api: Api, side: "request" | "response"): string => {
  const first = headerVersions(api.key, api.request.versions.min)[side]
  const last = headerVersions(api.key, api.request.versions.max)[side]
  return first === last ? `v${first}` : `v${first}, v${last} from v${api.request.flexible.min}`
}

const apiRow = (api: Api): string => {
  const cells = [api.key, api.name, versions(api.request), flexible(api.request), header(api, "request")]
  return `| ${[...cells, header(api, "response")].join(" | ")} |`
}

const recordRow = (table: Table): string =>
  `| ${table.name} | ${table.key < 0 ? "–" : table.key} | ${versions(table)} | ${flexible(table)} |`

const text = `# The protocol

Printed from the tables in \`packages/protocol/src\` by \`packages/protocol/scripts/print-apis.ts\`; do not edit.

## APIs

These are the messages that can be read and written, ${apis.length} keys in all. Which of them a broker serves, and in which versions, it
says itself (ApiVersions). Flexible versions have compact lengths and tagged fields (KIP-482). Each file
\`packages/protocol/src/api/<key>-<name>.ts\` tells what every version added.

| key | name | versions | flexible | request header | response header |
|---:|---|---|---|---|---|
${apis.map(apiRow).join("\n")}

## Stored records

| name | type | versions | flexible |
|---|---:|---|---|
${records.map(recordRow).join("\n")}
`

if (process.argv.includes("--check")) {
  if (readFileSync(page, "utf8") !== text) {
    console.error("docs/apis.md is not what the tables say; run packages/protocol/scripts/print-apis.ts")
    process.exitCode = 1
  }
} else writeFileSync(page, text)
