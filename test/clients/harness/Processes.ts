/**
 * Children that the process tests start: our broker, and the real Apache Kafka when KAFKA_REFERENCE names its script.
 * Invariant: a child has its own loopback port and its own temporary folder, both of which are gone after `stop`, and no
 * child outlives this process. Neighbours: BrokerUnderTest.ts (clients), test/crash, test/fuzz and test/differential.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

export const REPOSITORY = resolve(import.meta.dirname, "../../..")
const MAIN = join(REPOSITORY, "apps/broker/src/main.mjs")

/** How long a broker may take from spawn to its BROKERS line, and from SIGTERM to its end. */
const READY_WITHIN_MS = 20_000
const STOPPED_WITHIN_MS = 15_000
const REFERENCE_WITHIN_MS = 90_000
const OUTPUT_KEPT = 20_000

/** What both kinds of broker are started with, so that a first group does not wait 3 s for more members. */
export const QUICK_GROUPS = { "group.initial.rebalance.delay.ms": "0" } as const

/**
 * Ports are picked among these: below those from which Linux takes one for each connection that is made, as a broker that starts beside
 * makes many, and one that was free a moment ago would not be.
 */
const PORTS = { first: 20_000, count: 12_000 } as const
const PORT_TRIES = 100
const handedOut = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((tell) => {
    const server = createServer()
    server.once("error", () => tell(false))
    server.listen(port, "127.0.0.1", () => server.close(() => tell(true)))
  })

/** A port of the loopback address that is free, and is handed out to nobody else in this process. */
export const freePort = async (): Promise<number> => {
  for (let tried = 0; tried < PORT_TRIES; tried++) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count)
    if (handedOut.has(port)) continue
    handedOut.add(port)
    if (await isFree(port)) return port
  }
  throw new Error(`none of ${PORT_TRIES} ports is free`)
}

export const temporaryFolder = (purpose: string): Promise<string> => mkdtemp(join(tmpdir(), `klamm-${purpose}-`))

export const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms))

export interface StartOptions {
  /** Keeps the log directories here and leaves them; without it a temporary folder is used and removed. */
  readonly directory?: string
  readonly port?: number
  readonly memory?: boolean
  readonly settings?: Readonly<Record<string, string>>
}

/** A broker that was spawned and may or may not be ready yet. */
export interface LaunchedBroker {
  /** Resolves to the address when it listens; rejects when it ends before or takes too long. */
  readonly ready: Promise<string>
  readonly directory: string
  readonly pid: number
  /** What it printed last, for the message of a failed test. */
  readonly output: () => string
  /**
   * Asks it to end (SIGTERM), waits, and removes its temporary folder. Resolves to the exit code; rejects when it told of an error while
   * it ended.
   */
  readonly stop: () => Promise<number | null>
  /** SIGKILL; the data stays for a restart. */
  readonly kill: () => Promise<void>
}

export interface RunningBroker extends LaunchedBroker {
  readonly bootstrap: string
}

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((done) => child.once("exit", (code) => done(code)))

const within = async <A>(ms: number, what: () => string, promise: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} (waited ${ms} ms)`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const readyLine = (child: ChildProcess, keep: (text: string) => string): Promise<string> =>
  new Promise((ready, reject) => {
    const look = (chunk: Buffer): void => {
      const found = /^BROKERS=(\S+)/m.exec(keep(chunk.toString()))
      if (found !== null) ready(found[1]!)
    }
    child.stdout?.on("data", look)
    child.stderr?.on("data", (chunk: Buffer) => keep(chunk.toString()))
    child.once("error", reject)
    child.once("exit", (code, signal) => reject(new Error(`the broker ended before it was ready: ${code ?? signal}`)))
  })

const argumentsOf = (options: StartOptions, port: number, directory: string): ReadonlyArray<string> => {
  const settings: Record<string, string> = {
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    ...(options.memory === true ? {} : { "log.dirs": directory }),
    ...options.settings
  }
  const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`])
  return [MAIN, ...(options.memory === true ? ["--memory"] : []), ...sets]
}

/** The broker takes KAFKA_… variables as its configuration; those of these suites are not meant for it. */
const brokerEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KAFKA_")))

/** The lines of a broker's output that tell of errors: one that ends in good order has none to tell of. */
export const errorsIn = (output: string): ReadonlyArray<string> =>
  output.split("\n").filter((line) => /\] (ERROR|FATAL) \(/.test(line))

/** Spawns our broker and answers at once. */
export const launchBroker = async (options: StartOptions = {}): Promise<LaunchedBroker> => {
  const directory = options.directory ?? (await temporaryFolder("broker"))
  const port = options.port ?? (await freePort())
  let output = ""
  const keep = (text: string): string => {
    output = (output + text).slice(-OUTPUT_KEPT)
    return output
  }
  const child = spawn(process.execPath, argumentsOf(options, port, directory), {
    stdio: ["ignore", "pipe", "pipe"],
    env: brokerEnvironment()
  })
  const killAtExit = (): void => {
    child.kill("SIGKILL")
  }
  process.once("exit", killAtExit)
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    return within(STOPPED_WITHIN_MS, () => `the broker did not end after ${signal}`, ended(child))
  }
  const line = readyLine(child, keep)
  const ready = within(READY_WITHIN_MS, () => `the broker was not ready; it said:\n${output}`, line)
  return {
    ready: ready.then((bootstrap) => bootstrap.split(",")[0]!),
    directory,
    pid: child.pid!,
    output: () => output,
    stop: async () => {
      try {
        output = ""
        const code = await end("SIGTERM")
        const errors = errorsIn(output)
        if (errors.length > 0) throw new Error(`the broker told of errors when it was asked to end:\n${output}`)
        return code
      } finally {
        child.kill("SIGKILL")
        process.off("exit", killAtExit)
        if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
      }
    },
    kill: async () => {
      await end("SIGKILL")
      process.off("exit", killAtExit)
    }
  }
}

/** Starts our broker as a child and resolves when it listens. */
export const startBroker = async (options: StartOptions = {}): Promise<RunningBroker> => {
  const launched = await launchBroker(options)
  try {
    return { ...launched, bootstrap: await launched.ready }
  } catch (cause) {
    await launched.stop()
    throw new Error(`could not start the broker; it said:\n${launched.output()}`, { cause })
  }
}

/** The script that runs the real Apache Kafka, or undefined: the environment variable KAFKA_REFERENCE. */
export const referenceScript = (): string | undefined => process.env.KAFKA_REFERENCE

/** Starts one node of the real Apache Kafka in a folder of its own. */
export const startReference = async (
  script: string,
  settings: Readonly<Record<string, string>>
): Promise<{ readonly bootstrap: string; readonly directory: string; readonly stop: () => Promise<void> }> => {
  const home = await temporaryFolder("reference")
  const directory = join(home, "kafka")
  const [port, controllerPort] = [await freePort(), await freePort()]
  const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`])
  const parts = ["start", directory, "--port", String(port), "--controller-port", String(controllerPort), ...sets]
  const stop = async (): Promise<void> => {
    await run(script, ["stop", directory], { timeout: REFERENCE_WITHIN_MS })
    await rm(home, { recursive: true, force: true })
  }
  try {
    const started = await run(script, parts, { timeout: REFERENCE_WITHIN_MS })
    return { bootstrap: started.stdout.trim(), directory, stop }
  } catch (cause) {
    await stop()
    throw new Error("could not start the reference Kafka", { cause })
  }
}
