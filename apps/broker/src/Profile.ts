/**
 * A profile of the processor's time, for `--profile FILE`: begins with the process, and is written when it ends. A `.cpuprofile` opens in
 * Chrome's and VS Code's profilers. Invariant: without the option the inspector is not even loaded.
 */
import { writeFileSync } from "node:fs"
import { quit, wrongUsage } from "./Exit.ts"

/** Between two samples, in microseconds. */
const intervalMicros = 500

/** Told before the broker starts, and not when it has stopped and the profile is lost. */
const assertWritable = (path: string): void => {
  try {
    writeFileSync(path, "")
  } catch (error) {
    quit(`✗ --profile can't be written: ${error instanceof Error ? error.message : String(error)}`, wrongUsage)
  }
}

/** Begins; answers what writes the profile to `path`, to be called once. */
export const begin = async (path: string): Promise<() => void> => {
  assertWritable(path)
  const { Session } = await import("node:inspector")
  const session = new Session()
  session.connect()
  session.post("Profiler.enable")
  session.post("Profiler.setSamplingInterval", { interval: intervalMicros })
  session.post("Profiler.start")
  return () => {
    // A session of the process's own thread calls back before `post` returns.
    session.post("Profiler.stop", (error, result) => {
      if (error !== null) process.stderr.write(`✗ there is no profile: ${error.message}\n`)
      else {
        writeFileSync(path, JSON.stringify(result.profile))
        process.stdout.write(`profile written to ${path}\n`)
      }
    })
  }
}
