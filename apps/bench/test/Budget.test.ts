import { describe, expect, it } from "vitest"
import { budgetTable, IDLE, type Profile, secondsByLayer } from "../src/Budget.ts"

const ours = "file:///klamm/packages/log/src/Append.ts"
const effect = "file:///klamm/node_modules/.pnpm/effect@4.1.0/node_modules/effect/dist/Effect.js"

const frame = (
  id: number,
  functionName: string,
  at: string,
  lineNumber: number,
  children: ReadonlyArray<number> = []
) => ({
  id,
  callFrame: { functionName, url: at, lineNumber },
  children
})

const profile: Profile = {
  nodes: [
    frame(1, "(root)", "", -1, [2, 3, 4, 6, 10]),
    frame(2, "(idle)", "", -1),
    frame(3, "(garbage collector)", "", -1),
    frame(4, "append", ours, 1, [5]),
    frame(5, "writevSync", "node:fs", 900, [7]),
    frame(6, "writeGeneric", "node:internal/stream_base_commons", 145, [8]),
    frame(7, "writeBuffers", "", -1),
    frame(8, "writev", "", -1),
    frame(9, "readProduce", "", 12),
    frame(10, "map", effect, 4, [9, 11]),
    frame(11, "wasm-function[1]", "wasm://wasm/68052bea", 0)
  ],
  samples: [2, 3, 4, 5, 7, 8, 9, 10, 11],
  timeDeltas: [5e6, 1e6, 1e6, 1e6, 2e6, 3e6, 1e6, 0.5e6, 0.5e6]
}

describe("a budget", () => {
  const seconds = secondsByLayer([profile])

  it("gives each busy moment to one layer, the kernel's to what it was called for", () => {
    expect(Object.fromEntries(seconds)).toEqual({
      [IDLE]: 5,
      "garbage collection": 1,
      log: 1,
      Node: 1,
      "disk, in the kernel": 2,
      "sending, in the kernel": 3,
      protocol: 1,
      Effect: 0.5,
      checksum: 0.5
    })
  })

  it("of several processes is that of all together", () => {
    const both = secondsByLayer([profile, { ...profile, samples: [9], timeDeltas: [4e6] }])
    expect(Object.fromEntries(both)).toEqual({ ...Object.fromEntries(seconds), protocol: 5 })
  })

  it("tells parts of the busy time, the largest first, and what a gigabyte takes", () => {
    const { head, rows } = budgetTable([{ title: "produce", gigabytes: 2, seconds }])
    expect(head).toEqual(["of the busy time", "produce"])
    expect(rows[0]).toEqual(["sending, in the kernel", "30.0 %"])
    expect(rows.at(-2)).toEqual(["all else", "0.0 %"])
    expect(rows.at(-1)).toEqual(["busy seconds per GB", "5.00"])
  })
})
