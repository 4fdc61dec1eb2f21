/**
 * Our own brokers, started as `pnpm start` starts them, from this tree and on data in a temporary folder. Invariant: no process and no
 * folder outlives this one, however it ends. Neighbours: System.ts, apps/broker.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { addressesOf, endListener, portOf, type System } from "./System.ts"

const MAIN = join(import.meta.dirname, "../../broker/src/main.mjs")
const READY_WITHIN_MS = 60_000
const ENDED_WITHIN_MS = 30_000
const OUTPUT_KEPT = 8_000
/** The launcher gives each node a port for clients and one for controllers. */
const PORTS_PER_NODE = 2

/** The broker takes KAFKA_… variables for its configuration. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))

export interface OursPlan {
  readonly nodes: 1 | 3
  readonly port: number
  /** Acknowledged means synced: the default. */
  readonly synced: boolean
  /** Where its data lies, which then stays; a temporary folder otherwise. */
  readonly folder?: string
  /** Where it leaves a CPU profile when it ends; then it runs from its sources. */
  readonly profile?: string
}

/** A spawned broker or launcher, what it said, and whether it has said that it is ready. */
class Child {
  readonly ready: Promise<void>
  private readonly process: ChildProcess
  private output = ""

  constructor(args: ReadonlyArray<string>) {
    this.process = spawn(process.execPath, [...heapFlags, MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: environment()
    })
    process.once("exit", this.kill)
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.told("was not ready in time")), READY_WITHIN_MS)
      const look = (chunk: Buffer): void => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT)
        if (/^BROKERS=/m.test(this.output)) {
          clearTimeout(timer)
          resolve()
        }
      }
      this.process.stdout?.on("data", look)
      this.process.stderr?.on("data", look)
      this.process.once("exit", () => {
        clearTimeout(timer)
        process.off("exit", this.kill)
        reject(this.told("has ended"))
      })
    })
    this.ready.catch(() => undefined)
  }

  private readonly kill = (): void => {
    this.process.kill("SIGKILL")
  }

  private told(what: string): Error {
    return new Error(`the broker ${what}; it said:\n${this.output}`)
  }

  end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(this.kill, ENDED_WITHIN_MS)
      this.process.once("exit", () => {
        clearTimeout(timer)
        resolve()
      })
      this.process.kill("SIGTERM")
    })
  }
}

const argumentsOf = ({ nodes, port, synced, profile }: OursPlan, folder: string): ReadonlyArray<string> => [
  "--port",
  String(port),
  ...(nodes === 1 ? [] : ["--brokers", String(nodes)]),
  ...(profile === undefined ? [] : ["--profile", profile]),
  "--set",
  `log.dirs=${folder}`,
  "--set",
  `klamm.acks.all.sync=${synced}`,
  // As the other system's in such a comparison: a first group does not wait for more members.
  "--set",
  "group.initial.rebalance.delay.ms=0"
]

export const startOurs = async (plan: OursPlan): Promise<System> => {
  const folder = plan.folder ?? mkdtempSync(join(tmpdir(), "klamm-bench-"))
  const removeFolder = (): void => {
    if (plan.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  process.once("exit", removeFolder)
  const children = [new Child(argumentsOf(plan, folder))]
  await children[0]!.ready
  const bootstrap = Array.from({ length: plan.nodes }, (_, node) => `localhost:${plan.port + node * PORTS_PER_NODE}`)
  return {
    role: plan.synced ? "synced" : "ours",
    name: plan.synced ? "klamm, synced" : "klamm",
    bootstrap: bootstrap.join(","),
    addresses: await addressesOf(bootstrap[0]!),
    control: {
      end: endListener,
      start: (address) => {
        const node = (portOf(address) - plan.port) / PORTS_PER_NODE + 1
        const file = ["-c", join(folder, `broker-${node}.properties`), "--set", `klamm.acks.all.sync=${plan.synced}`]
        children.push(new Child(plan.nodes === 1 ? argumentsOf(plan, folder) : file))
      }
    },
    close: async () => {
      await Promise.all(children.map((child) => child.end()))
      removeFolder()
      process.off("exit", removeFolder)
    }
  }
}
