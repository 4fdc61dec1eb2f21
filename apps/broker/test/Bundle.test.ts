/** The broker's program in one file: it runs, and only for the sources it was made of. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import manifest from "../package.json" with { type: "json" }
import { bundlePath } from "../src/Bundle.mjs"

const folder = mkdtempSync(join(tmpdir(), "klamm-bundle-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A tree of the shape that bundles are made of. */
const tree = (name: string): string => {
  const root = join(folder, name)
  for (const each of ["packages/log", "apps/broker"]) {
    mkdirSync(join(root, each, "src/deeper"), { recursive: true })
    writeFileSync(join(root, each, "package.json"), "{}")
    writeFileSync(join(root, each, "src/deeper/A.ts"), "a")
  }
  writeFileSync(join(root, "pnpm-lock.yaml"), "")
  return root
}

describe("the bundle", () => {
  it("has another name after any change of sources, exports or dependencies", () => {
    const root = tree("changes")
    const names = [bundlePath(root)]
    for (const file of ["packages/log/src/deeper/A.ts", "apps/broker/package.json", "pnpm-lock.yaml"]) {
      utimesSync(join(root, file), 1, 1)
      names.push(bundlePath(root))
    }
    writeFileSync(join(root, "packages/log/src/B.ts"), "")
    names.push(bundlePath(root))
    expect(new Set(names).size).toBe(names.length)
    expect(bundlePath(root)).toBe(names.at(-1))
  })

  it("is the whole program, with nothing beside it", () => {
    const made = join(folder, "made/broker.mjs")
    execFileSync(process.execPath, [resolve(import.meta.dirname, "../scripts/bundle.ts"), made])
    const alone = join(folder, "alone.mjs")
    cpSync(made, alone)
    expect(execFileSync(process.execPath, [alone, "--version"], { encoding: "utf8" })).toBe(
      `klamm ${manifest.version}\n`
    )
    const wrong = () => execFileSync(process.execPath, [alone, "--set", "log.retension.ms=1"], { stdio: "pipe" })
    expect(wrong).toThrow("log.retention.ms")
  })
})
