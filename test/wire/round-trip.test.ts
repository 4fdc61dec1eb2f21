/**
 * Every message at every version: what is written can be read, generated source and closures agree, and hostile bytes do no
 * harm. The properties live with the tables (packages/protocol/test/fuzz-tables.ts), where the fuzz command uses them too.
 */
import * as fc from "fast-check"
import { describe, it } from "vitest"
import { holds, subjectsOf, tables } from "../../packages/protocol/test/fuzz-tables.ts"

/** Values per message and version; the fuzz command tries more. */
const valuesEach = 60

describe("every table", () => {
  for (const table of tables) {
    it(`${table.name} survives its own bytes, and everyone else's`, () => {
      for (const subject of subjectsOf(table)) fc.assert(holds(subject), { numRuns: valuesEach })
    })
  }
})
