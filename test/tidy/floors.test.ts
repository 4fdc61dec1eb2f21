/** A package imports only packages of lower floors, by name, and declares just what it imports. */
import { expect, it } from "vitest"
import {
  exists,
  importsOf,
  packageNameOf,
  packageOf,
  packages,
  read,
  resolveRelative,
  rootManifest,
  typescriptFiles,
  withSyntax
} from "./sources.ts"

interface Import {
  readonly path: string
  readonly line: number
  readonly specifier: string
}

const imports: Array<Import> = []
withSyntax(typescriptFiles, (path, file) => {
  for (const { specifier, line } of importsOf(file)) imports.push({ path, line, specifier })
})
const told = ({ path, line, specifier }: Import): string => `${path}:${line} imports ${specifier}`

const floors = Object.entries(JSON.parse(read("docs/floors.json")) as Record<string, ReadonlyArray<string>>)
const floorOf = new Map(floors.flatMap(([floor, names]) => names.map((name) => [`@klamm/${name}`, Number(floor)])))

it("every package stands on one floor of docs/floors.json", () => {
  const listed = floors.flatMap(([, names]) => names)
  expect(new Set(listed).size).toBe(listed.length)
  const homeless = packages.filter((each) => each.folder.startsWith("packages/") && !floorOf.has(each.name))
  expect(homeless.map((each) => each.folder)).toEqual([])
})

it("packages import only from lower floors", () => {
  const wrong = imports.filter(({ path, specifier }) => {
    const from = floorOf.get(packageOf(path)?.name ?? "")
    const target = floorOf.get(packageNameOf(specifier) ?? "")
    return (
      from !== undefined && target !== undefined && target >= from && packageNameOf(specifier) !== packageOf(path)?.name
    )
  })
  expect(wrong.map(told)).toEqual([])
})

it("nothing in packages imports an app or a test package", () => {
  const others = new Set(packages.filter((each) => !each.folder.startsWith("packages/")).map((each) => each.name))
  const wrong = imports.filter(
    ({ path, specifier }) => path.startsWith("packages/") && others.has(packageNameOf(specifier) ?? "")
  )
  expect(wrong.map(told)).toEqual([])
})

it("no import of packages and apps reaches into another package by path, and each relative import has its extension", () => {
  const wrong = imports.filter(({ path, specifier }) => {
    if (!specifier.startsWith(".")) return false
    const target = resolveRelative(path, specifier)
    const foreign = packageOf(target) !== packageOf(path) && !path.startsWith("test/")
    return foreign || !exists(target) || !/\.[a-z]+$/.test(specifier)
  })
  expect(wrong.map(told)).toEqual([])
})

it("protocol's sources import nothing", () => {
  const wrong = imports.filter(
    ({ path, specifier }) => path.startsWith("packages/protocol/src/") && !specifier.startsWith(".")
  )
  expect(wrong.map(told)).toEqual([])
})

it("Effect is imported by module, for the sake of start-up", () => {
  expect(imports.filter(({ specifier }) => specifier === "effect").map(told)).toEqual([])
})

it("every import is declared: a source's among the dependencies, a test's or script's anywhere", () => {
  const wrong = imports.filter(({ path, specifier }) => {
    const name = packageNameOf(specifier)
    const owner = packageOf(path)
    if (name === null || owner === undefined || name === owner.name || name in owner.dependencies) return false
    const tools = { ...rootManifest.devDependencies, ...owner.manifest.devDependencies }
    return path.startsWith(`${owner.folder}/src/`) || !(name in tools)
  })
  expect(wrong.map(told)).toEqual([])
})

it("every declared dependency is imported", () => {
  const unused = packages.flatMap(({ folder, dependencies, manifest }) => {
    const own = imports.filter(({ path }) => path.startsWith(`${folder}/`))
    const used = new Set(own.map(({ specifier }) => packageNameOf(specifier)))
    return Object.keys({ ...dependencies, ...manifest.devDependencies })
      .filter((name) => !used.has(name))
      .map((name) => `${folder}/package.json declares ${name}`)
  })
  expect(unused).toEqual([])
})
