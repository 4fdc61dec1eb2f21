/**
 * The nodes of a cluster as processes that can be killed, stopped and started one by one: ours here, the real Kafka's in Reference.ts.
 * Invariant: a node keeps its addresses and its data from one life to the next; no process and no folder outlives this one, however it
 * ends: children end when their channel to it closes. Neighbours: test/clients/harness/Processes.ts, Rounds.ts, Scale.ts.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { errorsIn, freePort, REPOSITORY, temporaryFolder } from "klamm-test-clients/Processes"
import { now, sleep } from "./Waiting.ts"

export interface Nodes {
  readonly name: string
  readonly ids: ReadonlyArray<number>
  /** HOST:PORT by node. */
  readonly addresses: ReadonlyMap<number, string>
  readonly logFolder: (id: number) => string
  readonly startAll: () => Promise<void>
  /** Resolves when it says that it is ready. */
  readonly start: (id: number) => Promise<void>
  /** SIGKILL. */
  readonly kill: (id: number) => Promise<void>
  /** A clean end; rejects when it is none, or when the node tells of an error on its way. */
  readonly stop: (id: number) => Promise<void>
  /** SIGSTOP and SIGCONT. */
  readonly pause: (id: number) => void
  readonly resume: (id: number) => void
  readonly pid: (id: number) => number | undefined
  readonly output: (id: number) => string
  /** Which nodes ended though nobody asked them to, and how. */
  readonly deaths: () => ReadonlyArray<string>
  /** Ends all that is left and removes all folders. */
  readonly remove: () => Promise<void>
}

const MAIN = join(REPOSITORY, "apps/broker/src/main.mjs")
const READY_WITHIN_MS = 60_000
const ENDED_WITHIN_MS = 60_000
const OUTPUT_KEPT = 40_000
export const CLUSTER_ID = "Y2x1c3Rlci11bmRlci1rbw"

/** What a user would write for a node of three, or for one alone. */
const propertiesOf = (
  id: number,
  ports: ReadonlyMap<number, readonly [client: number, controller: number]>,
  folder: string,
  settings: Readonly<Record<string, string>>
): string => {
  const [client, controller] = ports.get(id)!
  const voters = [...ports].map(([voter, [, port]]) => `${voter}@127.0.0.1:${port}`)
  const replicas = String(Math.min(3, ports.size))
  const minimum = String(Math.max(1, Math.min(3, ports.size) - 1))
  const all: Readonly<Record<string, string>> = {
    "node.id": String(id),
    "process.roles": "broker,controller",
    listeners: `PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}`,
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.voters": voters.join(","),
    "default.replication.factor": replicas,
    "min.insync.replicas": minimum,
    "offsets.topic.replication.factor": replicas,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": minimum,
    "log.dirs": folder,
    ...settings
  }
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("")
}

/** The broker takes KAFKA_… variables as its configuration; those of the tests are not meant for it. */
const brokerEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))

/** How the output says that a process was sent a signal. */
const asked = (signal: NodeJS.Signals): string => `${signal} to`

/** One node: at most one process at a time. */
export class NodeProcess {
  private readonly propertiesFile: string
  private readonly more: ReadonlyArray<string>
  private child: ChildProcess | undefined
  private text = ""
  /** How it ended by itself. */
  readonly deaths: Array<string> = []
  private ending = false

  /** `more` are arguments beside the file and the cluster's id. */
  constructor(propertiesFile: string, more: ReadonlyArray<string> = []) {
    this.propertiesFile = propertiesFile
    this.more = more
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  get output(): string {
    return this.text
  }

  private keep(chunk: Buffer): void {
    this.text = (this.text + chunk.toString()).slice(-OUTPUT_KEPT)
  }

  private note(what: string): void {
    this.text += `--- ${new Date().toISOString().slice(11, 23)} ${what}\n`
  }

  start(): Promise<void> {
    const args = [...heapFlags, MAIN, "-c", this.propertiesFile, "--cluster-id", CLUSTER_ID, ...this.more]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"], env: brokerEnvironment() })
    this.child = child
    this.ending = false
    this.note(`started as ${child.pid}`)
    child.stdout?.on("data", (chunk: Buffer) => this.keep(chunk))
    child.stderr?.on("data", (chunk: Buffer) => this.keep(chunk))
    child.once("exit", (code, signal) => {
      this.note(`${child.pid} ended with ${signal ?? code}`)
      if (!this.ending) this.deaths.push(`${this.propertiesFile} ended by itself with ${signal ?? code}`)
      if (this.child === child) this.child = undefined
    })
    return new Promise((ready, reject) => {
      const timer = setTimeout(() => fail(`not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => fail(`ended with ${signal ?? code}`)
      const fail = (why: string): void => {
        clearTimeout(timer)
        reject(new Error(`${this.propertiesFile}: ${why}; it said:\n${this.text}`))
      }
      child.once("error", (cause) => fail(String(cause)))
      child.once("exit", ended)
      // The one thing that it tells is how it became ready.
      child.once("message", () => {
        clearTimeout(timer)
        child.off("exit", ended)
        ready()
      })
    })
  }

  /** Resolves to the exit code; null after a signal or when no process was there. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this
    if (child === undefined) return null
    this.ending = true
    this.note(`${asked(signal)} ${child.pid}`)
    const ended = new Promise<number | null>((done) => child.once("exit", (code) => done(code)))
    child.kill(signal)
    const timer = setTimeout(() => {
      this.note(`${child.pid} did not end within ${ENDED_WITHIN_MS} ms after ${signal}`)
      child.kill("SIGKILL")
    }, ENDED_WITHIN_MS)
    const code = await ended
    clearTimeout(timer)
    return code
  }

  signal(signal: NodeJS.Signals): void {
    this.note(`${asked(signal)} ${this.child?.pid}`)
    this.child?.kill(signal)
  }
}

/** Our brokers, not started yet. */
export const ours = async (count: number, settings: Readonly<Record<string, string>>): Promise<Nodes> => {
  const home = await temporaryFolder("cluster")
  const ids = Array.from({ length: count }, (_, index) => index + 1)
  const ports = new Map<number, readonly [number, number]>()
  for (const id of ids) ports.set(id, [await freePort(), await freePort()])
  const logFolder = (id: number): string => join(home, `broker-${id}`)
  const nodes = new Map<number, NodeProcess>()
  for (const id of ids) {
    const file = join(home, `broker-${id}.properties`)
    await writeFile(file, propertiesOf(id, ports, logFolder(id), settings))
    nodes.set(id, new NodeProcess(file))
  }
  const clean = (): void => {
    for (const node of nodes.values()) node.signal("SIGKILL")
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once("exit", clean)
  const node = (id: number): NodeProcess => nodes.get(id)!
  return {
    name: `${count} of our brokers`,
    ids,
    addresses: new Map([...ports].map(([id, [port]]) => [id, `127.0.0.1:${port}`])),
    logFolder,
    startAll: async () => {
      await Promise.all(ids.map((id) => node(id).start()))
    },
    start: (id) => node(id).start(),
    kill: async (id) => {
      await node(id).end("SIGKILL")
    },
    stop: async (id) => {
      const from = now()
      const code = await node(id).end("SIGTERM")
      const { output } = node(id)
      const errors = errorsIn(output.slice(output.lastIndexOf(asked("SIGTERM"))))
      if (code === 0 && errors.length === 0) return
      const after = Math.round(now() - from)
      const what = `broker ${id} ended with ${code} and ${errors.length} errors after ${after} ms when asked to stop`
      throw new Error(`${what}:\n${output}`)
    },
    pause: (id) => node(id).signal("SIGSTOP"),
    resume: (id) => node(id).signal("SIGCONT"),
    pid: (id) => node(id).pid,
    output: (id) => node(id).output,
    deaths: () => [...nodes.values()].flatMap(({ deaths }) => deaths),
    remove: async () => {
      await Promise.all(ids.map((id) => node(id).end("SIGKILL")))
      process.off("exit", clean)
      await sleep(0)
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

const TICKS_PER_SECOND = 100
const USER_TICKS_FIELD = 11

/** Processor time that a process has used so far, in seconds, where the system tells it: what a busy machine does not change. */
export const processorSeconds = async (pid: number | undefined): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
  // What the process is called comes before, in parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const ticks = Number(fields[USER_TICKS_FIELD]) + Number(fields[USER_TICKS_FIELD + 1])
  return ticks / TICKS_PER_SECOND
}

/** Resident memory of a process in MB, where the system tells it. */
export const residentMb = async (pid: number | undefined): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? Number.NaN : Math.round(Number(kilobytes) / 1_000)
}
