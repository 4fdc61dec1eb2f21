/**
 * `pnpm bundle`: the broker's program into one file, for a quick start (see `src/Bundle.mjs`). Written beside and renamed, so that a
 * broker that starts meanwhile finds a whole one or none. Where it can't be made the broker runs from its sources, only slower.
 */
import { spawn } from "node:child_process"
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"
import { bundlePath, entry } from "../src/Bundle.mjs"
import { heapFlags } from "../src/Heap.ts"

const write = async (path: string): Promise<void> => {
  const bundle = await rolldown({ input: entry, platform: "node" })
  const unfinished = `${path}.${process.pid}`
  await bundle.write({ file: unfinished, format: "esm", codeSplitting: false })
  await bundle.close()
  renameSync(unfinished, path)
}

/** How long a broker that is only to be compiled may take. */
const warmWithinMs = 20_000

/**
 * Starts the bundle and stops it again, in memory and on free ports: what Node has compiled for that it keeps, and the first start of the
 * broker is as quick as the second. Of no consequence where it fails.
 */
const warm = (): Promise<void> =>
  new Promise((resolve) => {
    const listeners = "listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"
    const args = [...heapFlags, join(import.meta.dirname, "../src/main.mjs"), "--memory", "--set", listeners]
    // KAFKA_… variables are configuration to a broker.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))
    const broker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"], timeout: warmWithinMs, env })
    broker.stdout.on("data", (text) => {
      if (String(text).includes("BROKERS=")) broker.kill("SIGTERM")
    })
    broker.once("error", () => resolve())
    broker.once("close", () => resolve())
  })

/** Bundles of sources that have changed since. */
const others = (path: string): ReadonlyArray<string> =>
  readdirSync(dirname(path))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => join(dirname(path), name))
    .filter((other) => other !== path)

try {
  const path = process.argv[2] ?? bundlePath()
  mkdirSync(dirname(path), { recursive: true })
  await write(path)
  for (const other of others(path)) rmSync(other, { force: true })
  if (process.argv[2] === undefined) await warm()
} catch (error) {
  console.error(`✗ the broker is not bundled and will start more slowly: ${error}`)
  process.exitCode = process.env.CI === undefined ? 0 : 1
}
