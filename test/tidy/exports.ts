/**
 * What the packages for users export, as their readers see it: every name that is reached from the package's index, with its docstring
 * and its signature as it is written. Invariant: only syntax; nothing is guessed. Neighbours: sources.ts, docstrings.test.ts and api.ts,
 * which use it.
 */
import type { Node, SourceFile } from "typescript/unstable/ast"
import {
  isArrowFunction,
  isClassDeclaration,
  isExportDeclaration,
  isFunctionDeclaration,
  isInterfaceDeclaration,
  isNamedExports,
  isNamespaceExport,
  isStringLiteral,
  isTypeAliasDeclaration,
  isVariableStatement
} from "typescript/unstable/ast/is"
import { files, lineAt, packages, resolveRelative, withSyntax } from "./sources.ts"

export interface Exported {
  readonly name: string
  readonly path: string
  readonly line: number
  /** Without stars and slashes; empty when there is none. */
  readonly doc: string
  readonly signature: string
}

/** A public module: `Producer` of `@klamm/client`, or what an index exports by itself. */
export interface Module {
  readonly packageName: string
  readonly name: string
  /** The comment that opens its file. */
  readonly doc: string
  readonly exports: ReadonlyArray<Exported>
}

/** `from`: another file of the repository. `names`: undefined for all of them. */
interface Reexport {
  readonly from: string
  readonly names: ReadonlyArray<string> | undefined
  readonly as: string | undefined
}

interface Parsed {
  readonly doc: string
  readonly own: ReadonlyArray<Exported>
  readonly reexports: ReadonlyArray<Reexport>
}

const bare = (comment: string): string =>
  comment
    .replace(/^\/\*\*?/, "")
    .replace(/\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .join("\n")
    .trim()

/** The comment that ends right before a declaration, with no line between. */
const docOf = (file: SourceFile, node: Node): string => {
  const before = file.text.slice(node.pos, node.getStart(file))
  return bare(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/(?=[ \t]*\n?[ \t]*$)/.exec(before)?.[0] ?? "")
}

const textOf = (file: SourceFile, from: number, to: number): string => file.text.slice(from, to).trim()

/** What a reader needs of it: a function without its body, a class without its members' bodies, a type as it is. */
const signaturesOf = (
  file: SourceFile,
  node: Node
): ReadonlyArray<{ readonly name: string; readonly text: string }> => {
  const start = node.getStart(file)
  if (isInterfaceDeclaration(node) || isTypeAliasDeclaration(node)) {
    return [{ name: node.name.text, text: textOf(file, start, node.end) }]
  }
  if (isClassDeclaration(node)) {
    const first = node.members[0]
    const head = textOf(file, start, first === undefined ? node.end : first.pos)
    return [{ name: node.name?.text ?? "", text: `${head.replace(/\{\s*\}?$/, "").trim()} { … }` }]
  }
  if (isFunctionDeclaration(node)) {
    return [{ name: node.name?.text ?? "", text: textOf(file, start, node.body?.pos ?? node.end) }]
  }
  if (!isVariableStatement(node)) return []
  return node.declarationList.declarations.map((each) => {
    const { initializer, type } = each
    const isFunction = initializer !== undefined && isArrowFunction(initializer)
    const end = type?.end ?? (isFunction ? initializer.equalsGreaterThanToken.pos : each.name.end)
    return { name: each.name.getText(file), text: `const ${textOf(file, each.getStart(file), end)}` }
  })
}

const isExported = (file: SourceFile, node: Node): boolean => /^export\b/.test(file.text.slice(node.getStart(file)))

const folderOf = new Map(packages.map(({ name, folder }) => [name, folder]))

/** The file that a specifier leads to, if it is one of the repository. */
const fileOf = (path: string, specifier: string): string | undefined => {
  if (specifier.startsWith(".")) return resolveRelative(path, specifier)
  const [scope = "", name = "", ...rest] = specifier.split("/")
  const folder = folderOf.get(`${scope}/${name}`)
  return folder === undefined ? undefined : `${folder}/src/${rest.length === 0 ? "index" : rest.join("/")}.ts`
}

const reexportOf = (path: string, node: Node): ReadonlyArray<Reexport> => {
  if (!isExportDeclaration(node) || node.moduleSpecifier === undefined) return []
  if (!isStringLiteral(node.moduleSpecifier)) return []
  const from = fileOf(path, node.moduleSpecifier.text)
  if (from === undefined) return []
  const { exportClause } = node
  if (exportClause === undefined) return [{ from, names: undefined, as: undefined }]
  if (isNamespaceExport(exportClause)) return [{ from, names: undefined, as: exportClause.name.text }]
  if (!isNamedExports(exportClause)) return []
  // The name that it has where it comes from.
  return [{ from, names: exportClause.elements.map((each) => (each.propertyName ?? each.name).text), as: undefined }]
}

const parse = (path: string, file: SourceFile): Parsed => ({
  doc: bare(/^\/\*\*?(?:(?!\*\/)[\s\S])*\*\//.exec(file.text)?.[0] ?? ""),
  own: file.statements.flatMap((node) =>
    isExported(file, node)
      ? signaturesOf(file, node).map(({ name, text }) => ({
          name,
          path,
          line: lineAt(file, node.getStart(file)),
          doc: docOf(file, node),
          signature: text
        }))
      : []
  ),
  reexports: file.statements.flatMap((node) => reexportOf(path, node))
})

/** All modules of the users' packages, in the order of their names. */
export const publicModules = (packageNames: ReadonlyArray<string>): ReadonlyArray<Module> => {
  const parsed = new Map<string, Parsed>()
  const sources = files.filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path))
  withSyntax(sources, (path, file) => parsed.set(path, parse(path, file)))
  const at = (path: string): Parsed => parsed.get(path) ?? { doc: "", own: [], reexports: [] }
  const exportsOf = (path: string): ReadonlyArray<Exported> => {
    const { own, reexports } = at(path)
    const others = reexports
      .filter(({ as }) => as === undefined)
      .flatMap(({ from, names }) => exportsOf(from).filter(({ name }) => names === undefined || names.includes(name)))
    return [...own, ...others]
  }
  return packageNames.flatMap((packageName) => {
    const index = `${folderOf.get(packageName)}/src/index.ts`
    const namespaces = at(index).reexports.flatMap(
      ({ from, as }): ReadonlyArray<Module> =>
        as === undefined ? [] : [{ packageName, name: as, doc: at(from).doc, exports: exportsOf(from) }]
    )
    const direct = exportsOf(index)
    const own = { packageName, name: "index", doc: at(index).doc, exports: direct }
    return direct.length === 0 ? namespaces : [own, ...namespaces]
  })
}
