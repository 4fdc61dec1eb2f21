/**
 * Runs jobs by a client of others: librdkafka where it is installed, else @platformatic/kafka, in a process for each job. Invariant: a job
 * ends within its limit, and one that failed says why. Neighbours: Job.ts, librdkafka.py, platformatic.ts.
 */
import { spawn, spawnSync } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Job, Line, Outcome } from "./Job.ts"

export const CLIENTS = ["librdkafka", "platformatic"] as const
export type ClientName = (typeof CLIENTS)[number]

export interface Driver {
  readonly client: ClientName
  /** `onBegin` is called when the measured time begins. */
  readonly run: (job: Job, onBegin: () => void) => Promise<Outcome>
}

const PYTHON = process.env.CONFLUENT_PYTHON ?? "python3"
const SCRIPTS: Readonly<Record<ClientName, readonly [command: string, script: string]>> = {
  librdkafka: [PYTHON, join(import.meta.dirname, "librdkafka.py")],
  platformatic: [process.execPath, join(import.meta.dirname, "platformatic.ts")]
}
const PROBE_WITHIN_MS = 10_000
/** Beside what it was asked to last: connecting, warming up, the last answers. */
const GRACE_MS = 90_000
const COMPLAINTS_KEPT = 2_000

const limitOf = (job: Job): number =>
  GRACE_MS + 1000 * (job.kind === "latency" ? job.count / Math.max(20, job.rate) : job.seconds)

const run = (client: ClientName, job: Job, onBegin: () => void): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const [command, script] = SCRIPTS[client]
    const child = spawn(command, [script, JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] })
    const kill = (): void => {
      child.kill("SIGKILL")
    }
    process.once("exit", kill)
    const timer = setTimeout(kill, limitOf(job))
    let complaints = ""
    let outcome: Outcome | undefined
    child.stderr.on("data", (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-COMPLAINTS_KEPT)
    })
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line: Line = JSON.parse(text)
      if (line.event === "begin") onBegin()
      else if ("error" in line) complaints = line.error
      else outcome = line
    })
    child.once("error", reject)
    child.once("close", (code, signal) => {
      clearTimeout(timer)
      process.off("exit", kill)
      if (outcome !== undefined) resolve(outcome)
      else reject(new Error(`${client}: ${job.kind} ended with ${signal ?? code}: ${complaints.trim()}`))
    })
  })

const isInstalled = (): boolean => {
  const [command, script] = SCRIPTS.librdkafka
  return spawnSync(command, [script, '{"kind":"version"}'], { timeout: PROBE_WITHIN_MS }).status === 0
}

/** The one that was asked for, else the first that is there. */
export const driverOf = (wanted: ClientName | undefined): Driver => {
  const client = wanted ?? (isInstalled() ? "librdkafka" : "platformatic")
  return { client, run: (job, onBegin) => run(client, job, onBegin) }
}
