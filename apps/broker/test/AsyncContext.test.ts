import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { withoutAsyncContext } from "../src/AsyncContext.mjs"

/** How many resources a fiber that yields once makes where Effect is loaded so; in a process of its own, for it is loaded here already. */
const resourcesOfFiber = (load: string): number => {
  const program = `
    import { createHook } from "node:async_hooks"
    import { withoutAsyncContext } from "./src/AsyncContext.mjs"
    const Effect = await ${load}
    let made = 0
    createHook({ init: (_id, type) => { if (type === "effect/Fiber") made += 1 } }).enable()
    await Effect.runPromise(Effect.yieldNow)
    process.stdout.write(String(made))`
  return Number(
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: join(import.meta.dirname, "..") })
  )
}

describe("a program without async context", () => {
  it("has fibers that make no resources", () => {
    expect(resourcesOfFiber(`withoutAsyncContext(() => import("effect/Effect"))`)).toBe(0)
    expect(resourcesOfFiber(`import("effect/Effect")`)).toBeGreaterThan(0)
  })

  it("finds the module again once it is loaded, or could not be", async () => {
    const ask = () => process.getBuiltinModule("node:async_hooks")
    const { getBuiltinModule } = process
    expect(await withoutAsyncContext(async () => [ask(), process.getBuiltinModule("node:fs") === undefined])).toEqual([
      undefined,
      false
    ])
    const failing = withoutAsyncContext(() => Promise.reject(new Error("no such file")))
    await expect(failing).rejects.toThrow("no such file")
    expect(process.getBuiltinModule).toBe(getBuiltinModule)
  })
})
