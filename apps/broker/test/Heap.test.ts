import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { heapFlags, servingFlags } from "../src/Heap.ts"

const root = join(import.meta.dirname, "../../..")

/** Of its whole heap, by a process that keeps some 200 MB of what it makes. */
const collectionsOf = (before: string): number => {
  const program = `
    import { settleHeap } from "./src/Heap.ts"
    ${before}
    const kept = []
    for (let i = 0; i < 6_000_000; i++) kept.push({ i })`
  const args = [...heapFlags, "--trace-gc", "--input-type=module", "-e", program]
  const traced = execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, ".."), encoding: "utf8" })
  return traced.match(/Mark-Compact/g)?.length ?? 0
}

/** Places in the code whose objects V8 decides to make old, in a program that keeps what it makes for a while, again and again. */
const madeOldBy = (before: string): number => {
  const program = `
    import { settleHeap } from "./src/Heap.ts"
    ${before}
    const make = (i) => ({ i, pair: [i, i] })
    let kept = []
    for (let i = 0; i < 3_000_000; i++) {
      kept.push(make(i))
      if (kept.length > 500_000) kept = []
    }`
  const args = [...heapFlags, "--trace-pretenuring-statistics", "--input-type=module", "-e", program]
  const traced = execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, ".."), encoding: "utf8" })
  return traced.match(/=> tenure$/gm)?.length ?? 0
}

/** Milliseconds that helper threads worked on the young generation of a program that keeps some of what it makes for a while. */
const helpedMs = (before: string): number => {
  const program = `
    import { settleHeap } from "./src/Heap.ts"
    ${before}
    let kept = []
    for (let i = 0; i < 3_000_000; i++) {
      kept.push({ i })
      if (kept.length > 50_000) kept = []
    }`
  const args = [...heapFlags, "--trace-gc-nvp", "--input-type=module", "-e", program]
  const traced = execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, ".."), encoding: "utf8" })
  const times = [...traced.matchAll(/background\.scavenge\.parallel=([\d.]+)/g)]
  expect(times.length).toBeGreaterThan(0)
  return times.reduce((sum, [, ms]) => sum + Number(ms), 0)
}

describe("the heap of a broker", () => {
  it("is set by the start script as everywhere else", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    expect(scripts.start).toBe(`node ${heapFlags.join(" ")} apps/broker/src/main.mjs`)
  })

  it("is set by flags that V8 has: it only prints a line about one that it has not", () => {
    const known = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" })
    const nameOf = (flag: string) => flag.split("=")[0]?.replace("--no-", "--")
    for (const flag of [...heapFlags, ...servingFlags]) expect(known).toContain(`${nameOf(flag)} (`)
  })

  it("is collected when it has grown by half: seldom, and yet more often than by V8's own choice", () => {
    const own = collectionsOf("")
    const slow = collectionsOf("settleHeap()")
    expect(slow).toBeGreaterThan(own)
    expect(slow).toBeLessThan(4 * own + 4)
  })

  it("gets all that is made as young, where V8 by itself makes some of it old", () => {
    expect(madeOldBy("")).toBeGreaterThan(0)
    expect(madeOldBy("settleHeap()")).toBe(0)
  })
  it("has its young generation collected by one thread, where V8 by itself takes helpers", () => {
    expect(helpedMs("")).toBeGreaterThan(0)
    expect(helpedMs("settleHeap()")).toBe(0)
  })
})
