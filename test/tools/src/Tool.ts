/**
 * Apache Kafka's own command-line tools as children, and what is asked of them. Invariant: a command that is expected to
 * work ends with 0, prints all that is expected of it, and complains of nothing. Neighbours: main.ts, the checks beside this.
 */
import { type ChildProcess, spawn } from "node:child_process"

const TOOL_WITHIN_MS = 60_000
const SHOWN_OF_A_FAILURE = 3_000

/** What a tool prints when something is wrong, whatever its exit code: some of them end with 0 after an error. */
const COMPLAINT = /^.*(?:\b(?:WARN|ERROR|FATAL)\b|\bException\b|^Error).*$/m

/** Where the checks of one tool run. */
export interface Kit {
  readonly script: string
  /** HOST:PORT of the broker. */
  readonly address: string
  /** `--bootstrap-server` and the address, as nearly every tool takes it. */
  readonly at: ReadonlyArray<string>
  /** A folder for the files that tools read. */
  readonly folder: string
}

/** Everything that is asked of one tool. */
export interface Check<K extends Kit = Kit> {
  readonly name: string
  /** Throws what is wrong. */
  readonly run: (kit: K) => Promise<void>
}

export interface RunOptions {
  readonly input?: string
  /** Lines that are no complaint. */
  readonly tolerates?: RegExp
}

interface Ended {
  readonly code: number | null
  readonly output: string
}

export interface RunningTool {
  readonly ended: Promise<Ended>
  readonly output: () => string
  /** Resolves once it has printed a match; rejects when it ends before. */
  readonly printed: (pattern: RegExp) => Promise<void>
  readonly stop: (signal: NodeJS.Signals) => void
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, KAFKA_JVM: process.env.KAFKA_JVM ?? "-Xmx256m" })

const waitFor = (child: ChildProcess, output: () => string, pattern: RegExp): Promise<void> =>
  new Promise((seen, reject) => {
    const look = (): void => {
      if (pattern.test(output())) seen()
    }
    child.stdout?.on("data", look)
    child.stderr?.on("data", look)
    child.once("close", () => reject(new Error(`it ended without printing ${pattern}:\n${output()}`)))
    look()
  })

/** Starts a tool; it is killed when it takes too long or this process ends. */
export const startTool = (
  kit: Kit,
  tool: string,
  args: ReadonlyArray<string>,
  options: RunOptions = {}
): RunningTool => {
  const child = spawn(kit.script, [tool, ...args], { stdio: ["pipe", "pipe", "pipe"], env: environment() })
  let printed = ""
  let complained = ""
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString()
  })
  child.stderr.on("data", (chunk: Buffer) => {
    complained += chunk.toString()
  })
  /** One after the other: mixed as they come, one would break the other's lines. */
  const output = (): string => `${printed}\n${complained}`
  child.stdin.end(options.input ?? "")
  const kill = (): void => {
    child.kill("SIGKILL")
  }
  process.once("exit", kill)
  const timer = setTimeout(() => {
    complained += `\n(killed after ${TOOL_WITHIN_MS} ms)`
    kill()
  }, TOOL_WITHIN_MS)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      process.off("exit", kill)
      resolve({ code, output: output() })
    })
  })
  return {
    ended,
    output,
    printed: (pattern) => waitFor(child, output, pattern),
    stop: (signal) => {
      child.kill(signal)
    }
  }
}

const failure = (what: string, tool: string, args: ReadonlyArray<string>, { code, output }: Ended): Error =>
  new Error(
    `${what}\n  ${tool} ${args.join(" ")}\n  ended with ${code} and printed:\n${output.slice(0, SHOWN_OF_A_FAILURE)}`
  )

const demand = (tool: string, args: ReadonlyArray<string>, ended: Ended, expected: ReadonlyArray<RegExp>): void => {
  for (const pattern of expected) {
    if (!pattern.test(ended.output)) throw failure(`nothing matches ${pattern}`, tool, args, ended)
  }
}

export const works = async (
  kit: Kit,
  tool: string,
  args: ReadonlyArray<string>,
  expected: ReadonlyArray<RegExp> = [],
  options: RunOptions = {}
): Promise<string> => {
  const ended = await startTool(kit, tool, args, options).ended
  const { tolerates } = options
  const lines = ended.output.split("\n").filter((line) => tolerates === undefined || !tolerates.test(line))
  const complaint = COMPLAINT.exec(lines.join("\n"))
  if (complaint !== null) throw failure(`it complains: ${complaint[0]}`, tool, args, ended)
  if (ended.code !== 0) throw failure("it does not end with 0", tool, args, ended)
  demand(tool, args, ended, expected)
  return ended.output
}

/** A command that must be turned down, with these words. */
export const refused = async (
  kit: Kit,
  tool: string,
  args: ReadonlyArray<string>,
  expected: ReadonlyArray<RegExp>
): Promise<void> => {
  demand(tool, args, await startTool(kit, tool, args).ended, expected)
}

/** Works, and prints exactly these lines besides empty ones. */
export const prints = async (
  kit: Kit,
  tool: string,
  args: ReadonlyArray<string>,
  expected: ReadonlyArray<string>
): Promise<void> => {
  const output = await works(kit, tool, args)
  const printed = output.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trimEnd()]))
  if (printed.join("\n") === expected.join("\n")) return
  throw failure(`it should have printed only\n${expected.join("\n")}`, tool, args, { code: 0, output })
}

/** Writes the lines into a topic with kafka-console-producer. */
export const produceLines = async (kit: Kit, topic: string, lines: ReadonlyArray<string>, ...more: Array<string>) => {
  const input = lines.map((line) => `${line}\n`).join("")
  await works(kit, "kafka-console-producer", [...kit.at, "--topic", topic, ...more], [], { input })
}

export const createTopic = async (kit: Kit, topic: string, ...more: Array<string>): Promise<void> => {
  await works(kit, "kafka-topics", [...kit.at, "--create", "--topic", topic, ...more], [/^Created topic /m])
}
