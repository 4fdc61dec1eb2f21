/**
 * Where the broker's program lies in one file, made by `pnpm bundle` (which every install runs): 480 modules cost Node 180 ms to find
 * and 20 MB to hold, one costs a tenth of that. Invariant: the file's name says which sources it was made of, so that after any change
 * of them, or of what they depend on, the sources are what runs. JavaScript, because it is read before anything else.
 */
import { readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { crc32 } from "node:zlib"

const repository = resolve(import.meta.dirname, "../../..")

/** Of the program: its packages, with what they say of their exports, and the versions of what it depends on. */
const parts = (root) => {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`)
  return ["pnpm-lock.yaml", ...[...packages, "apps/broker"].flatMap((each) => [`${each}/package.json`, `${each}/src`])]
}

/** A line for each file below `path`: when it was changed last, and how long it is. */
const linesOf = (root, path) => {
  const found = statSync(join(root, path))
  if (!found.isDirectory()) return [`${path} ${found.mtimeMs} ${found.size}`]
  return readdirSync(join(root, path)).flatMap((name) => linesOf(root, `${path}/${name}`))
}

export const entry = join(import.meta.dirname, "Command.ts")

/** The file that the sources below `root` are bundled to. */
export const bundlePath = (root = repository) => {
  const lines = parts(root).flatMap((part) => linesOf(root, part))
  const name = `broker-${crc32(lines.join("\n")).toString(16)}-${lines.length}.mjs`
  return join(root, "node_modules/.cache/klamm", name)
}
