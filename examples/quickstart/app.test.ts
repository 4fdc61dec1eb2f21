/** The program of the quickstart as a process of its own, against a broker on another port than the one that it names. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startTestCluster } from "@klamm/testing"
import { expect, it } from "vitest"

const folder = import.meta.dirname
const chargedWithinMs = 20_000
/** The exit code of a main program that was interrupted and has closed everything. */
const interrupted = 130

/** The program with another address in it, beside the original, so that it finds the same packages. */
const withBroker = async (address: string): Promise<{ readonly file: string; readonly remove: () => Promise<void> }> => {
  const copies = await mkdtemp(join(folder, "copy-"))
  const text = await readFile(join(folder, "app.ts"), "utf8")
  const file = join(copies, "app.ts")
  await writeFile(file, text.replaceAll("localhost:9092", address))
  return { file, remove: () => rm(copies, { recursive: true, force: true }) }
}

it("places an order, charges it, and ends cleanly when it is told to", async () => {
  const cluster = await startTestCluster({ settings: { "group.initial.rebalance.delay.ms": 0 } })
  const { file, remove } = await withBroker(cluster.bootstrap)
  const app = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] })
  const said: Array<string> = []
  const charged = new Promise<void>((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`nothing was charged; it said:\n${said.join("")}`)), chargedWithinMs)
    for (const stream of [app.stdout, app.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said.push(chunk.toString())
        if (!said.join("").includes("offset: 0")) return
        clearTimeout(timer)
        done()
      })
    }
  })
  try {
    await charged
    expect(said.join("")).toContain("charge 42")
    app.kill("SIGTERM")
    const [code, signal] = await once(app, "exit")
    expect([code, signal]).toEqual([interrupted, null])
  } finally {
    app.kill("SIGKILL")
    await remove()
    await cluster.stop()
  }
})
