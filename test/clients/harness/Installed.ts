/**
 * Clients that are programs of this machine, not packages of this tree. Invariant: what is not installed is said to be so,
 * with a word on how to get it. Neighbours: scenarios/kcat, scenarios/confluent, clients.test.ts.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const run = promisify(execFile)
const PROBE_WITHIN_MS = 10_000

/** The Python that has confluent-kafka. */
export const PYTHON = process.env.CONFLUENT_PYTHON ?? "python3"

const answers = async (command: string, parts: ReadonlyArray<string>): Promise<boolean> => {
  try {
    await run(command, parts, { timeout: PROBE_WITHIN_MS })
    return true
  } catch (cause) {
    // Not there, or there and not what is needed: both mean that it cannot be used, and the caller says so.
    if (cause instanceof Error) return false
    throw cause
  }
}

export const hasKcat = (): Promise<boolean> => answers("kcat", ["-V"])
export const hasConfluent = (): Promise<boolean> => answers(PYTHON, ["-c", "import confluent_kafka"])

/** Runs a program to its end; its failure carries what it wrote. */
export const output = async (
  command: string,
  parts: ReadonlyArray<string>,
  input = "",
  withinMs = 15_000
): Promise<string> => {
  const child = run(command, parts, { timeout: withinMs, maxBuffer: 64 * 1024 * 1024 })
  child.child.stdin?.end(input)
  try {
    return (await child).stdout
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : ""
    throw new Error(`${command} ${parts.join(" ")} failed: ${said}`, { cause })
  }
}
