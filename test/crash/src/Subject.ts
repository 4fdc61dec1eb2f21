/**
 * What is crashed: our broker, or, to prove the test itself, the real Apache Kafka. Invariant: after `start` it serves at
 * the same address as before, on the data that the last crash left. Neighbours: test/clients/harness/Processes.ts, Rounds.ts.
 */
import { execFile } from "node:child_process"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import {
  freePort,
  type LaunchedBroker,
  launchBroker,
  pause,
  QUICK_GROUPS,
  temporaryFolder
} from "klamm-test-clients/Processes"

const run = promisify(execFile)

export interface Subject {
  readonly name: string
  readonly address: string
  readonly logFolder: string
  readonly start: () => Promise<void>
  /** Starts it and kills it after this time, ready or not. */
  readonly startAndKill: (afterMs: number) => Promise<void>
  readonly kill: () => Promise<void>
  /** A clean end. */
  readonly stop: () => Promise<void>
  /** Removes all that is left of it. */
  readonly remove: () => Promise<void>
  readonly output: () => string
}

/** Small segments, so that a crash meets more than one. */
export const SETTINGS: Readonly<Record<string, string>> = {
  ...QUICK_GROUPS,
  "log.segment.bytes": "1048576",
  "offsets.topic.num.partitions": "4"
}

export const ours = async (): Promise<Subject> => {
  const directory = await temporaryFolder("crash")
  const port = await freePort()
  let broker: LaunchedBroker | undefined
  const launch = async (): Promise<LaunchedBroker> => {
    broker = await launchBroker({ directory, port, settings: SETTINGS })
    return broker
  }
  const present = (): LaunchedBroker => {
    if (broker === undefined) throw new Error("no broker runs")
    return broker
  }
  return {
    name: "ours",
    address: `127.0.0.1:${port}`,
    logFolder: directory,
    start: async () => {
      await (await launch()).ready
    },
    startAndKill: async (afterMs) => {
      const launched = await launch()
      const settled = launched.ready.then(
        () => "ready",
        () => "killed"
      )
      await pause(afterMs)
      await launched.kill()
      await settled
    },
    kill: () => present().kill(),
    stop: async () => {
      const code = await present().stop()
      if (code !== 0) throw new Error(`the broker ended with ${code} when asked to stop:\n${present().output()}`)
    },
    remove: async () => {
      await broker?.kill()
      await rm(directory, { recursive: true, force: true })
    },
    output: () => broker?.output() ?? ""
  }
}

const LISTENS_WITHIN_MS = 60_000

/** Asks the script for one node of the real Kafka. */
export const kafka = async (script: string): Promise<Subject> => {
  const home = await temporaryFolder("crash-kafka")
  const directory = join(home, "kafka")
  const [port, controllerPort] = [await freePort(), await freePort()]
  const tool = (...parts: ReadonlyArray<string>) => run(script, parts, { timeout: LISTENS_WITHIN_MS })
  const sets = Object.entries(SETTINGS).flatMap(([name, value]) => ["--set", `${name}=${value}`])
  let formatted = false
  const start = async (): Promise<void> => {
    if (formatted) await tool("restart", directory, "1")
    else await tool("start", directory, "--port", `${port}`, "--controller-port", `${controllerPort}`, ...sets)
    formatted = true
  }
  const kill = async (): Promise<void> => {
    await tool("kill", directory, "1")
    await pause(200)
  }
  return {
    name: "Apache Kafka",
    address: `127.0.0.1:${port}`,
    logFolder: join(directory, "data-1"),
    start,
    startAndKill: async (afterMs) => {
      await start()
      await pause(afterMs)
      await kill()
    },
    kill,
    stop: async () => {
      await tool("stop", directory)
    },
    remove: async () => {
      await tool("stop", directory)
      await rm(home, { recursive: true, force: true })
    },
    output: () => ""
  }
}
