/**
 * A configuration key acts, or its text says that it does not. Invariant: whoever sets a key learns from docs/config.md whether that
 * changes anything; a key whose feature has come is not left saying that it has no effect.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { brokerKeys } from "../src/BrokerTable.ts"
import { clientMetricsKeys } from "../src/ClientMetricsTable.ts"
import { groupKeys } from "../src/GroupTable.ts"
import * as Quota from "../src/QuotaTable.ts"
import type { Key } from "../src/Table.ts"
import { topicKeys } from "../src/TopicTable.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/** The sources in a folder. */
const sourcesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))

const folders = ["packages", "apps"].flatMap((group) =>
  readdirSync(join(root, group), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(root, group, entry.name)).includes("src"))
    .map(({ name }) => `${group}/${name}/src`)
)

/** What makes values of keys for others; the rest of this package only checks, describes and alters. */
const resolving = ["BrokerConfig", "Derived", "Listeners"].map((name) => join(root, `packages/config/src/${name}.ts`))

const source = [...folders.filter((folder) => folder !== "packages/config/src").flatMap(sourcesOf), ...resolving]
  .map((path) => readFileSync(path, "utf8"))
  .join("\n")

const isNamed = (name: string): boolean => source.includes(`"${name}"`)

/** A broker's key may act as the default of a topic's. */
const isRead = ({ name, topic }: Key): boolean => isNamed(name) || (topic !== null && isNamed(topic))

const keys: ReadonlyArray<Key> = [
  ...brokerKeys,
  ...topicKeys,
  ...groupKeys,
  ...clientMetricsKeys,
  ...Quota.clientQuotaKeys,
  ...Quota.ipQuotaKeys,
  ...Quota.userKeys,
  ...Quota.brokerQuotaKeys
]

const isWithoutEffect = ({ doc }: Key): boolean => doc.includes("ccepted and without effect here")

it("every key is read by some source, or says that it is without effect", () => {
  expect(keys.length).toBeGreaterThan(400)
  expect(keys.filter((key) => !isRead(key) && !isWithoutEffect(key)).map(({ name }) => name)).toEqual([])
})

/** Names that are nothing but a key's: others are words that stand in sources for other things too. */
const isUnmistakable = ({ name }: Key): boolean => name.includes(".")

const isAwaiting = ({ doc }: Key): boolean => /there is no .* in this release\.$/.test(doc)

it("no key that a source reads says that what it is for is not there", () => {
  const keysThatWait = keys.filter((key) => isAwaiting(key) && isUnmistakable(key))
  expect(keysThatWait.length).toBeGreaterThan(0)
  expect(keysThatWait.filter(({ name }) => isNamed(name)).map(({ name }) => name)).toEqual([])
})
