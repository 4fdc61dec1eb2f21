/** Time, chance, disk, network and scheduling come in by services: only packages/platform/src/node touches the platform. */
import type { Node, SourceFile } from "typescript/unstable/ast"
import { SyntaxKind } from "typescript/unstable/ast"
import {
  isIdentifier,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isPropertyDeclaration,
  isPropertySignatureDeclaration
} from "typescript/unstable/ast/is"
import { expect, it } from "vitest"
import { descend, importsOf, lineAt, pureFiles, withSyntax } from "./sources.ts"

const BANNED_GLOBALS = new Set([
  "Date",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "Promise",
  "Buffer",
  "process",
  "crypto"
])
/** For people without Effect promises are the interface: these files are their doors, and nothing of the project comes in by them. */
const PROMISE_FACADES: ReadonlySet<string> = new Set([
  "packages/testing/src/startTestCluster.ts",
  "packages/client/src/Promises.ts",
  "packages/client/src/PromiseTypes.ts"
])
/** Doors of Effect that lead to promises. */
const BANNED_MEMBERS = /^(?:Math\.random|Effect\.(?:promise|tryPromise|runPromise\w*))$/

/** Whether an identifier is only the name of somebody's member, and so no global. */
const isMemberName = (node: Node, parent: Node | undefined): boolean =>
  parent !== undefined &&
  (isPropertyAccessExpression(parent) ||
    isPropertyAssignment(parent) ||
    isPropertySignatureDeclaration(parent) ||
    isPropertyDeclaration(parent) ||
    isMethodSignatureDeclaration(parent) ||
    isMethodDeclaration(parent)) &&
  parent.name === node

const breachOf = (node: Node, parent: Node | undefined): string | null => {
  if (node.kind === SyntaxKind.AsyncKeyword || node.kind === SyntaxKind.AwaitExpression) return "async or await"
  if (isPropertyAccessExpression(node)) {
    const text = node.getText().replace(/\s+/g, "")
    return BANNED_MEMBERS.test(text) ? text : null
  }
  if (!isIdentifier(node) || isMemberName(node, parent)) return null
  return BANNED_GLOBALS.has(node.text) ? node.text : null
}

const breaches = (path: string, file: SourceFile): ReadonlyArray<string> => {
  const found = importsOf(file)
    .filter(({ specifier }) => specifier.startsWith("node:") || specifier.startsWith("@effect/platform-node"))
    .map(({ specifier, line }) => `${path}:${line} ${specifier}`)
  descend(file, (node, parents) => {
    const breach = breachOf(node, parents.at(-1))
    if (breach !== null) found.push(`${path}:${lineAt(file, node.getStart(file))} ${breach}`)
  })
  return found
}

it("no source above the platform's node folder touches clock, chance, timers, promises or Node", () => {
  const found: Array<string> = []
  const checked = pureFiles.filter((path) => !PROMISE_FACADES.has(path))
  withSyntax(checked, (path, file) => found.push(...breaches(path, file)))
  expect(checked.length).toBe(pureFiles.length - PROMISE_FACADES.size)
  expect(found).toEqual([])
})
