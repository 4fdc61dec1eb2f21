/** librdkafka through every failure, by way of confluent-kafka for Python. Neighbours: librdkafka.py, Foreign.ts. */
import { spawn } from "node:child_process"
import { join } from "node:path"
import { PYTHON } from "klamm-test-clients/Installed"
import { type Foreign, readWithinMs, type Told } from "./Foreign.ts"
import { until } from "./Waiting.ts"

const SCRIPT = join(import.meta.dirname, "librdkafka.py")
const STARTED_WITHIN_MS = 30_000
/** Flushing what is under way, and reading the rest. */
const ENDED_WITHIN_MS = 120_000 + readWithinMs + 30_000

const strings = (value: unknown): ReadonlySet<string> => new Set(Array.isArray(value) ? value.map(String) : [])

const parse = (line: string): Told => {
  const said: Readonly<Record<string, unknown>> = JSON.parse(line)
  return { acknowledged: strings(said.acknowledged), read: strings(said.read), givenUp: Number(said.givenUp) }
}

export const librdkafka = (addresses: ReadonlyArray<string>): Foreign => {
  const topic = "cluster-librdkafka"
  const child = spawn(PYTHON, [SCRIPT, addresses.join(","), topic, String(readWithinMs)])
  let said = ""
  let complaints = ""
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4_000)
  })
  const lines = (): ReadonlyArray<string> => said.trim().split("\n")
  const check = (): boolean => {
    if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`librdkafka.py ended early:\n${complaints}`)
    return true
  }
  return {
    name: "librdkafka",
    topic,
    start: async () => {
      await until("librdkafka.py", STARTED_WITHIN_MS, () => check() && lines()[0] === "started")
    },
    stop: async () => {
      child.stdin.end()
      await until(
        "librdkafka.py's report",
        ENDED_WITHIN_MS,
        () => check() && child.exitCode !== null,
        () => complaints
      )
      return parse(lines().at(-1) ?? "{}")
    },
    abandon: () => {
      child.kill("SIGKILL")
    }
  }
}
