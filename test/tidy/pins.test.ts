/** What is installed is what was tried: exact versions everywhere, in the lockfile too, and each risky module in one file. */
import { expect, it } from "vitest"
import type { Manifest } from "./sources.ts"
import { exists, importsOf, packages, read, rootManifest, typescriptFiles, withSyntax } from "./sources.ts"

const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/

const isPinned = (version: string): boolean =>
  EXACT.test(version) || version === "workspace:*" || version === "catalog:"

const versionsOf = (manifest: Manifest): ReadonlyArray<readonly [string, string]> =>
  [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.peerDependencies].flatMap(
    (each) => Object.entries(each ?? {})
  )

it("every dependency is pinned to one version", () => {
  const manifests = [{ folder: ".", manifest: rootManifest }, ...packages]
  const loose = manifests.flatMap(({ folder, manifest }) =>
    versionsOf(manifest)
      .filter(([, version]) => !isPinned(version))
      .map(([name, version]) => `${folder}/package.json: ${name} ${version}`)
  )
  expect(manifests.length).toBeGreaterThan(1)
  expect(loose).toEqual([])
})

it("so is every version in the workspace's catalog", () => {
  const catalog = /^catalog:\n((?: .*\n?)+)/m.exec(read("pnpm-workspace.yaml"))?.[1] ?? ""
  const versions = (catalog.match(/^ {2}\S+: \S+/gm) ?? []).map((line) => line.split(": ")[1] ?? "")
  expect(versions.length).toBeGreaterThan(0)
  expect(versions.filter((version) => !EXACT.test(version))).toEqual([])
})

it("the lockfile is there and knows every dependency", () => {
  expect(exists("pnpm-lock.yaml")).toBe(true)
  const importers = read("pnpm-lock.yaml").split(/^packages:$/m)[0] ?? ""
  const unknown = packages.flatMap(({ folder, manifest }) => {
    const start = importers.indexOf(`\n  ${folder}:`)
    const section = start === -1 ? "" : importers.slice(start + 1).split(/\n\n/)[0]
    const isKnown = (name: string): boolean =>
      section?.includes(`\n      ${name}:`) === true || section?.includes(`\n      '${name}':`) === true
    return versionsOf(manifest)
      .filter(([name]) => !isKnown(name))
      .map(([name]) => `${folder}: ${name}`)
  })
  expect(unknown).toEqual([])
})

/** Modules whose interface may change in a minor version, or whose cost we want to see in one place. */
const ONE_FILE_EACH = [
  /^effect\/socket\b/,
  /^effect\/rpc\b/,
  /^effect\/cluster\b/,
  /^effect\/cli\b/,
  /^effect\/http\b/,
  /^effect\/http-api\b/,
  /^effect\/observability\b/,
  /^effect\/encoding\b/,
  /^effect\/workers\b/,
  /^effect\/net\b/,
  /^effect\/schema\/SchemaJITCompiler\b/,
  /^msgpackr$/,
  /^@platformatic\/wasm-utils$/,
  /^typescript\/unstable\/sync$/
]

it("each unstable or costly module is imported in one file", () => {
  const importers = new Map<RegExp, Set<string>>(ONE_FILE_EACH.map((module) => [module, new Set()]))
  withSyntax(typescriptFiles, (path, file) => {
    for (const { specifier } of importsOf(file)) {
      for (const [module, paths] of importers) if (module.test(specifier)) paths.add(path)
    }
  })
  const spread = [...importers]
    .filter(([, paths]) => paths.size > 1)
    .map(([module, paths]) => [String(module), ...paths])
  expect(spread).toEqual([])
})
