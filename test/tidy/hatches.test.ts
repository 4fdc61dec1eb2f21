/** No way around the type checker, no work left for later, no test left out. */
import type { Node } from "typescript/unstable/ast"
import { SyntaxKind } from "typescript/unstable/ast"
import { isAsExpression, isPropertyAccessExpression } from "typescript/unstable/ast/is"
import { expect, it } from "vitest"
import { descend, lineAt, read, typescriptFiles, withSyntax } from "./sources.ts"

/** Joined here so that this file does not hold the words themselves. */
const BANNED_WORDS = [
  ["TO", "DO"],
  ["FIX", "ME"],
  ["XX", "X"],
  ["@ts-", "ignore"],
  ["@ts-", "expect-error"],
  ["@ts-", "nocheck"]
].map((parts) => parts.join(""))
const WORD = new RegExp(`(?<![A-Za-z])(?:${BANNED_WORDS.join("|")})(?![A-Za-z])`)

const TEST_FUNCTION = /^(?:it|test|describe|suite|layer)(?:\.\w+)*$/

const hatchOf = (node: Node): string | null => {
  if (node.kind === SyntaxKind.AnyKeyword) return "any"
  if (isAsExpression(node) && isAsExpression(node.expression)) return "a cast of a cast"
  if (!isPropertyAccessExpression(node)) return null
  const isLeftOut = ["skip", "only", "todo", "fails"].includes(node.name.text)
  return isLeftOut && TEST_FUNCTION.test(node.expression.getText()) ? `.${node.name.text}` : null
}

it("no file escapes the type checker or leaves a test out", () => {
  const found: Array<string> = []
  withSyntax(typescriptFiles, (path, file) =>
    descend(file, (node) => {
      const hatch = hatchOf(node)
      if (hatch !== null) found.push(`${path}:${lineAt(file, node.getStart(file))} ${hatch}`)
    })
  )
  expect(found).toEqual([])
})

it("no file holds a note about work left for later, or tells the checker to look away", () => {
  const found = typescriptFiles.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) => (WORD.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : []))
  )
  expect(found).toEqual([])
})
