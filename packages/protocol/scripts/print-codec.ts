/**
 * Prints the source that is generated for an API key at a version, or for a message of any name:
 * `node packages/protocol/scripts/print-codec.ts 0 9`, `… OffsetCommitValue 3`.
 */
import type { Table } from "../src/Api.ts"
import { apiByKey, apis } from "../src/api/index.ts"
import { sourceOf } from "../src/Compile.ts"
import { includes } from "../src/Field.ts"
import { records } from "../src/records/index.ts"

const named = (name: string): ReadonlyArray<Table> => {
  const api = apiByKey.get(Number(name))
  if (api !== undefined) return [api.request, api.response]
  const all = [...apis.flatMap(({ request, response }) => [request, response]), ...records]
  return all.filter((table) => table.name === name)
}

const [name = "", version = ""] = process.argv.slice(2)
const tables = named(name).filter((table) => includes(table.versions, Number.parseInt(version, 10)))
if (tables.length === 0) {
  console.error("usage: print-codec.ts <API key or message name> <version>")
  process.exitCode = 1
}
for (const table of tables) console.log(`// ${table.name} v${version}\n${sourceOf(table, Number(version))}\n`)
