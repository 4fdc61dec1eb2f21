import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { document, documentPath } from "../scripts/print-config.ts"

it("docs/config.md is what the tables print", () => {
  expect(readFileSync(documentPath, "utf8")).toBe(document())
})
