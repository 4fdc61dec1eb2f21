/** Files and functions of a size that fits in a head, each file introduced. */
import type { Node } from "typescript/unstable/ast"
import {
  isArrowFunction,
  isCallExpression,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isMethodDeclaration
} from "typescript/unstable/ast/is"
import { expect, it } from "vitest"
import { descend, lineAt, read, sourceFiles, typescriptFiles, withSyntax } from "./sources.ts"

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

const isFunction = (node: Node): boolean =>
  isArrowFunction(node) ||
  isFunctionDeclaration(node) ||
  isFunctionExpression(node) ||
  isMethodDeclaration(node) ||
  isConstructorDeclaration(node) ||
  isGetAccessorDeclaration(node)

const isChapterCall = (node: Node | undefined): boolean =>
  node !== undefined && isCallExpression(node) && /^(?:describe|suite|layer)\b/.test(node.expression.getText())

/** A block of tests is a chapter, not a function; nor is a function that is nothing but a chapter. */
const isChapter = (node: Node, parent: Node | undefined): boolean =>
  isChapterCall(parent) || (isArrowFunction(node) && isChapterCall(node.body))

it("no file is longer than about 400 lines", () => {
  const long = typescriptFiles
    .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
  expect(long).toEqual([])
})

it("no function is longer than 70 lines", () => {
  const long: Array<string> = []
  withSyntax(typescriptFiles, (path, file) =>
    descend(file, (node, parents) => {
      if (!isFunction(node) || isChapter(node, parents.at(-1))) return
      const start = lineAt(file, node.getStart(file))
      const lines = lineAt(file, node.end) - start + 1
      if (lines > FUNCTION_LINES_MAX) long.push(`${path}:${start} has ${lines} lines`)
    })
  )
  expect(long).toEqual([])
})

it("every source file opens with a comment that introduces it", () => {
  const bare = sourceFiles.filter((path) => !/^(?:#![^\n]*\n)?\/\*\*?\s/.test(read(path)))
  expect(bare).toEqual([])
})
