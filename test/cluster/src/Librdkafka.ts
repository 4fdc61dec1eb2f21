/** librdkafka through every failure, by way of confluent-kafka for Python. Neighbours: librdkafka.py, Foreign.ts. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
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

/** The process, and what it has said. */
class Script {
  private readonly child: ChildProcessWithoutNullStreams
  private said = ""
  complaints = ""

  constructor(addresses: ReadonlyArray<string>, topic: string) {
    this.child = spawn(PYTHON, [SCRIPT, addresses.join(","), topic, String(readWithinMs)])
    this.child.stdout.on("data", (chunk: Buffer) => {
      this.said += chunk.toString()
    })
    this.child.stderr.on("data", (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-4_000)
    })
  }

  get lines(): ReadonlyArray<string> {
    return this.said.trim().split("\n")
  }

  get hasEnded(): boolean {
    const { exitCode } = this.child
    if (exitCode !== null && exitCode !== 0) throw new Error(`librdkafka.py ended early:\n${this.complaints}`)
    return exitCode !== null
  }

  endInput(): void {
    this.child.stdin.end()
  }

  kill(): void {
    this.child.kill("SIGKILL")
  }
}

/** Its process begins with `start`, when the topic is there: it would make one of its own. */
export const librdkafka = (addresses: ReadonlyArray<string>): Foreign => {
  const topic = "cluster-librdkafka"
  let script: Script | undefined
  return {
    name: "librdkafka",
    topic,
    start: async () => {
      const begun = new Script(addresses, topic)
      script = begun
      await until("librdkafka.py", STARTED_WITHIN_MS, () => !begun.hasEnded && begun.lines[0] === "started")
    },
    stop: async () => {
      if (script === undefined) throw new Error("librdkafka was not started")
      const ending = script
      ending.endInput()
      const why = (): string => ending.complaints
      await until("librdkafka.py's report", ENDED_WITHIN_MS, () => ending.hasEnded, why)
      return parse(ending.lines.at(-1) ?? "{}")
    },
    abandon: () => script?.kill()
  }
}
