/**
 * The tree as the house rules see it: which files there are, which package each belongs to, and its syntax. Invariant:
 * nothing here judges; each rule is one test file beside this one. The only import of TypeScript's own interface, which is
 * marked unstable.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { Node, SourceFile } from "typescript/unstable/ast"
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isStringLiteral
} from "typescript/unstable/ast/is"
import { API } from "typescript/unstable/sync"

export const root: string = resolve(dirname(fileURLToPath(import.meta.url)), "../..")

const SKIPPED = new Set(["node_modules", ".git", "data", "dist", "coverage"])

/** Every file below a folder, as paths from the root. */
const walk = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    if (SKIPPED.has(entry.name)) return []
    if (entry.isDirectory()) return walk(path)
    return entry.isFile() ? [path] : []
  })

export const files: ReadonlyArray<string> = walk("")
export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** A folder with a package.json of its own. */
export interface Package {
  /** From the root, such as `packages/log`. */
  readonly folder: string
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly manifest: Manifest
}

export interface Manifest {
  readonly name?: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

const manifestAt = (path: string): Manifest => JSON.parse(read(path)) as Manifest

export const rootManifest: Manifest = manifestAt("package.json")

export const packages: ReadonlyArray<Package> = files
  .filter((path) => /^(?:packages|apps|test)\/[^/]+\/package\.json$/.test(path))
  .map((path) => {
    const manifest = manifestAt(path)
    return { folder: dirname(path), name: manifest.name ?? "", dependencies: manifest.dependencies ?? {}, manifest }
  })

export const packageOf = (path: string): Package | undefined =>
  packages.find((each) => path.startsWith(`${each.folder}/`))

const isTypeScript = (path: string): boolean => path.endsWith(".ts") && !path.endsWith(".d.ts")

/** TypeScript of every package: sources, tests and scripts. */
export const typescriptFiles: ReadonlyArray<string> = files.filter(
  (path) => isTypeScript(path) && packageOf(path) !== undefined
)
/** What runs in production. */
export const sourceFiles: ReadonlyArray<string> = typescriptFiles.filter((path) =>
  /^(?:packages|apps)\/[^/]+\/src\//.test(path)
)
/** Source files that must reach time, chance, disk and network through services only. */
export const pureFiles: ReadonlyArray<string> = sourceFiles.filter(
  (path) => path.startsWith("packages/") && !path.startsWith("packages/platform/src/node/")
)

/** Parses the files and hands each one's syntax tree to `visit`. */
export const withSyntax = (paths: ReadonlyArray<string>, visit: (path: string, file: SourceFile) => void): void => {
  const api = new API({ cwd: root })
  try {
    const snapshot = api.updateSnapshot({ openProject: join(root, "tsconfig.json") })
    const program = snapshot.getProjects()[0]?.program
    for (const path of paths) {
      const file = program?.getSourceFile(join(root, path))
      if (file === undefined) throw new Error(`${path} is not part of tsconfig.json`)
      visit(path, file)
    }
  } finally {
    api.close()
  }
}

/** Calls `visit` for every node below `node`, with its parents, the nearest last. */
export const descend = (
  node: Node,
  visit: (node: Node, parents: ReadonlyArray<Node>) => void,
  parents: ReadonlyArray<Node> = []
): void => {
  visit(node, parents)
  const below = [...parents, node]
  node.forEachChild((child) => descend(child, visit, below))
}

/** The line a position is on, from 1. */
export const lineAt = (file: SourceFile, position: number): number => file.text.slice(0, position).split("\n").length

const specifierOf = (node: Node): Node | undefined => {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier
  if (isCallExpression(node) && node.expression.getText() === "import") return node.arguments[0]
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) return node.argument.literal
  return undefined
}

/** What a file imports, as written, with lines: static, dynamic and type imports, and re-exports. */
export const importsOf = (file: SourceFile): ReadonlyArray<{ readonly specifier: string; readonly line: number }> => {
  const found: Array<{ specifier: string; line: number }> = []
  descend(file, (node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined || !isStringLiteral(specifier)) return
    found.push({ specifier: specifier.text, line: lineAt(file, specifier.getStart(file)) })
  })
  return found
}

/** `@scope/name` or `name` of a bare specifier; null for relative ones and for Node's own modules. */
export const packageNameOf = (specifier: string): string | null => {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return null
  const [first = "", second = ""] = specifier.split("/")
  return first.startsWith("@") ? `${first}/${second}` : first
}

/** Where a relative import leads, from the root. */
export const resolveRelative = (path: string, specifier: string): string =>
  relative(root, resolve(root, dirname(path), specifier))

export const exists = (path: string): boolean => existsSync(join(root, path))
