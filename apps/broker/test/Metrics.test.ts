/** A broker process tells what it measures, and leaves a profile of itself. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseAddress } from "../src/Metrics.ts"

const main = fileURLToPath(new URL("../src/main.mjs", import.meta.url))
/** ApiVersions v0, correlation id 7, no client id. */
const apiVersions = Uint8Array.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255])

/** KAFKA_… variables are configuration to a broker. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))

describe("a broker with --profile and klamm.metrics.listener", () => {
  const folder = mkdtempSync(join(tmpdir(), "klamm-metrics-"))
  const profile = join(folder, "broker.cpuprofile")
  let broker: ChildProcess
  let told = ""

  beforeAll(async () => {
    const settings = ["listeners=PLAINTEXT://127.0.0.1:0", "klamm.metrics.listener=127.0.0.1:0"]
    const args = [main, "--memory", "--profile", profile, ...settings.flatMap((each) => ["--set", each])]
    broker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env: environment() })
    await new Promise<void>((resolve, reject) => {
      broker.once("exit", (code) => reject(new Error(`the broker has ended with ${code}`)))
      broker.stdout!.on("data", (text) => {
        told += text
        if (told.includes("Ctrl-C")) resolve()
      })
    })
  }, 30_000)

  afterAll(() => {
    broker.kill("SIGKILL")
    rmSync(folder, { recursive: true })
  })

  it("answers with the requests that it has served, and with nothing where there is nothing", async () => {
    const [, host, port] = /^BROKERS=(.*):(\d+)$/m.exec(told)!
    const client = connect(Number(port), host)
    client.write(apiVersions)
    await once(client, "data")
    const [, url] = /metrics +(http:\S+)/.exec(told)!
    const answer = await fetch(url!)
    const text = await answer.text()
    expect(answer.headers.get("content-type")).toContain("version=0.0.4")
    expect(text).toContain('klamm_request_seconds_count{api="ApiVersions"} 1\n')
    expect(text).toMatch(/^klamm_received_bytes_total [1-9]/m)
    expect(text).toMatch(/^klamm_connections [1-9]/m)
    expect(text).toMatch(/^klamm_event_loop_delay_seconds\{quantile="0.99"\} [0-9]/m)
    expect(text).toMatch(/^process_resident_memory_bytes [1-9][0-9]{7}/m)
    expect((await fetch(url!.replace("/metrics", "/"))).status).toBe(404)
    expect((await fetch(url!, { method: "POST" })).status).toBe(405)
    client.destroy()
  })

  it("writes where its time went when it stops", async () => {
    broker.kill("SIGTERM")
    const [code] = await once(broker, "exit")
    expect(code).toBe(0)
    const { nodes, samples } = JSON.parse(readFileSync(profile, "utf8"))
    expect(nodes.length).toBeGreaterThan(10)
    expect(samples.length).toBeGreaterThan(10)
  })
})

it("a profile that can't be written, or an address that is none, is told before anything starts", () => {
  const told = (...args: ReadonlyArray<string>) => {
    const { status, stderr } = spawnSync(process.execPath, [main, "--memory", ...args], {
      env: environment(),
      encoding: "utf8",
      timeout: 20_000
    })
    return [status, stderr.split("\n").length, stderr]
  }
  const missing = told("--profile", "/nowhere/at/all.cpuprofile")
  expect(missing).toEqual([2, 2, expect.stringContaining("✗ --profile can't be written: ENOENT")])
  const noAddress = told("--set", "klamm.metrics.listener=foo")
  expect(noAddress).toEqual([2, 2, '✗ klamm.metrics.listener is HOST:PORT, not "foo"\n'])
}, 60_000)

it("takes an address with its port, or none", () => {
  expect(parseAddress("localhost:9404")).toEqual({ host: "localhost", port: 9404 })
  expect(parseAddress("[::1]:0")).toEqual({ host: "::1", port: 0 })
  expect(parseAddress(":9404")).toEqual({ host: "", port: 9404 })
  for (const wrong of ["9404", "localhost", "localhost:99999", "localhost:x"])
    expect(parseAddress(wrong)).toBeUndefined()
})
