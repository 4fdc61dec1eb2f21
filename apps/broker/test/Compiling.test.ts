import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { optimizingFlag } from "../src/Compiling.ts"

/** Whether V8 has optimized a function after so many calls, each in a turn of its own as a request's are. */
const isOptimizedAfter = (calls: number, before: string): boolean => {
  const program = `
    import { optimizeSooner } from "./src/Compiling.ts"
    ${before}
    globalThis.sum = function sumOfNumbers(numbers) {
      let sum = 0
      for (let index = 0; index < numbers.length; index++) sum += numbers[index]
      return sum
    }
    const numbers = Array.from({ length: 20 }, (_, index) => index)
    let calls = 0
    const turn = () => {
      globalThis.sum(numbers)
      calls += 1
      if (calls < ${calls}) setImmediate(turn)
    }
    turn()`
  const args = ["--trace-opt", "--input-type=module", "-e", program]
  const traced = execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, ".."), encoding: "utf8" })
  return /sumOfNumbers.*TURBOFAN/.test(traced)
}

/** How often V8 drops code that reads bytes, when a directory is removed. */
const droppedByRemoval = (before: string): number => {
  const program = `
    import { mkdirSync, mkdtempSync } from "node:fs"
    import { rm } from "node:fs/promises"
    import { tmpdir } from "node:os"
    import { join } from "node:path"
    import { keepOptimized } from "./src/Compiling.ts"
    ${before}
    const bytes = new Uint8Array(1_000)
    const sum = () => {
      let sum = 0
      for (let index = 0; index < bytes.length; index++) sum += bytes[index]
      return sum
    }
    for (let call = 0; call < 20_000; call++) sum()
    console.log("removed:")
    const directory = mkdtempSync(join(tmpdir(), "klamm-compiling-"))
    mkdirSync(join(directory, "topic-0"))
    await rm(directory, { recursive: true })`
  const args = ["--trace-deopt", "--input-type=module", "-e", program]
  const traced = execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, ".."), encoding: "utf8" })
  return traced.split("removed:")[1]?.match(/SharedFunctionInfo sum.*property cell changed/g)?.length ?? 0
}

describe("the code of a broker", () => {
  it("is kept when Node makes a Buffer by itself, as for the removal of a directory", () => {
    expect(droppedByRemoval("")).toBeGreaterThan(0)
    expect(droppedByRemoval("keepOptimized()")).toBe(0)
  })

  it("is optimized by a flag that V8 has: it only prints a line about one that it has not", () => {
    const known = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" })
    expect(known).toContain(`${optimizingFlag.split("=")[0]} (`)
  })

  it("is optimized after 600 calls, when V8 by itself still waits", () => {
    expect(isOptimizedAfter(600, "")).toBe(false)
    expect(isOptimizedAfter(600, "optimizeSooner()")).toBe(true)
  })
})
