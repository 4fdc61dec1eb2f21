/**
 * A process of Node that this one starts and ends: what it said, and whether it has said that it is ready. Invariant: it does not outlive
 * this process, however that ends. Neighbours: Ours.ts (brokers), PlainLoop.ts (the plain loop).
 */
import { type ChildProcess, spawn } from "node:child_process"

const READY_WITHIN_MS = 60_000
const ENDED_WITHIN_MS = 30_000
const OUTPUT_KEPT = 8_000

/** The broker takes KAFKA_… variables for its configuration. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))

export interface ChildPlan {
  /** What it is, for errors: "the broker". */
  readonly what: string
  /** For node. */
  readonly args: ReadonlyArray<string>
  /** In what it says when it is ready. */
  readonly isReady: RegExp
}

/** All that run: one listener ends them, for this process warns of as many as there may be children. */
const running = new Set<Child>()
process.once("exit", () => {
  for (const child of running) child.kill()
})

export class Child {
  readonly ready: Promise<void>
  private readonly process: ChildProcess
  private readonly what: string
  private output = ""

  constructor({ what, args, isReady }: ChildPlan) {
    this.what = what
    this.process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env: environment() })
    running.add(this)
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.told("was not ready in time")), READY_WITHIN_MS)
      const look = (chunk: Buffer): void => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT)
        if (isReady.test(this.output)) {
          clearTimeout(timer)
          resolve()
        }
      }
      this.process.stdout?.on("data", look)
      this.process.stderr?.on("data", look)
      this.process.once("exit", () => {
        clearTimeout(timer)
        running.delete(this)
        reject(this.told("has ended"))
      })
    })
    this.ready.catch(() => undefined)
  }

  kill(): void {
    this.process.kill("SIGKILL")
  }

  private told(how: string): Error {
    return new Error(`${this.what} ${how}; it said:\n${this.output}`)
  }

  end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill(), ENDED_WITHIN_MS)
      this.process.once("exit", () => {
        clearTimeout(timer)
        resolve()
      })
      this.process.kill("SIGTERM")
    })
  }
}
