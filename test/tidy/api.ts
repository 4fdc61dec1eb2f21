/**
 * `pnpm docs:api`: a page per module of the users' packages into docs/api, with the signature and the docstring of everything that it
 * exports. The pages are not kept in the repository: they say what the sources say, and would differ from them after the next change.
 * Neighbour: exports.ts.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Exported, type Module, publicModules } from "./exports.ts"
import { root } from "./sources.ts"

const folder = join(root, "docs/api")
const fileOf = ({ packageName, name }: Module): string => `${packageName.replace("@klamm/", "")}-${name}.md`

const entry = ({ name, path, line, doc, signature }: Exported): string =>
  [`## ${name}`, doc, `\`\`\`ts\n${signature}\n\`\`\``, `[${path}:${line}](../../${path}#L${line})`].join("\n\n")

/** Several signatures of one name stand one after another. */
const page = (module: Module): string => {
  const sorted = module.exports.toSorted((one, other) => one.name.localeCompare(other.name))
  const title = module.name === "index" ? module.packageName : `${module.packageName}: ${module.name}`
  return `${[`# ${title}`, module.doc, ...sorted.map(entry)].join("\n\n")}\n`
}

const modules = publicModules(["@klamm/client", "@klamm/testing"])
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const module of modules) writeFileSync(join(folder, fileOf(module)), page(module))
const lines = modules.map((each) => {
  const name = each.name === "index" ? each.packageName : `${each.packageName}: ${each.name}`
  return `* [${name}](${fileOf(each)}): ${each.exports.length} names`
})
writeFileSync(join(folder, "README.md"), `# API\n\n${lines.join("\n")}\n`)
console.log(`docs/api: ${modules.length} modules`)
