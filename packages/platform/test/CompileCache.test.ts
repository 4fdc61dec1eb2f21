/** The compile cache, in a process of its own, since it can't be switched off again. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect, it } from "vitest"

it("keeps compiled code where the user wants it, for what is imported afterwards", () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "klamm-compiled-"))
  try {
    const module = new URL("../src/node/CompileCache.ts", import.meta.url).href
    const script = `await import(${JSON.stringify(module)}); const { getCompileCacheDir } = await import("node:module"); process.stdout.write(getCompileCacheDir() ?? "")`
    const env = { ...process.env, NODE_COMPILE_CACHE: undefined }
    const run = (more: NodeJS.ProcessEnv) =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        env: { ...env, ...more },
        encoding: "utf8"
      })
    expect(run({ TMPDIR: directory })).toContain(directory)
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
})
