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

describe("the code of a broker", () => {
  it("is optimized by a flag that V8 has: it only prints a line about one that it has not", () => {
    const known = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" })
    expect(known).toContain(`${optimizingFlag.split("=")[0]} (`)
  })

  it("is optimized after a third of the calls that V8 waits for by itself", () => {
    expect(isOptimizedAfter(2_500, "")).toBe(false)
    expect(isOptimizedAfter(2_500, "optimizeSooner()")).toBe(true)
  })
})
