/** Whoever reads a name of the users' packages in an editor is told what it is. Neighbour: exports.ts. */
import { expect, it } from "vitest"
import { publicModules } from "./exports.ts"

const modules = publicModules(["@klamm/client", "@klamm/testing"])

it("everything that @klamm/client and @klamm/testing export has a docstring", () => {
  const exported = modules.flatMap((each) => each.exports)
  expect(exported.length).toBeGreaterThan(200)
  // Of several signatures of one name the first one tells.
  const told = new Set(exported.filter(({ doc }) => doc !== "").map(({ path, name }) => `${path} ${name}`))
  const bare = exported
    .filter(({ path, name }) => !told.has(`${path} ${name}`))
    .map(({ path, line, name }) => `${path}:${line} ${name}`)
  expect([...new Set(bare)]).toEqual([])
})

it("every module of theirs opens with what it is", () => {
  expect(modules.map(({ name }) => name)).toContain("Producer")
  expect(modules.filter(({ doc }) => doc === "").map(({ name }) => name)).toEqual([])
})
