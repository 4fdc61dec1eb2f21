/**
 * `pnpm fuzz`: random and damaged input for a time, to the parsers in this process and, when asked, to a running broker.
 * Prints what was tried; the exit code is 0 when every promise held. A failure names the seed that brings it back.
 *
 *   --seconds N          how long in all (default 30)
 *   --seed N             default: from the clock, printed
 *   --live               also starts our broker and throws frames at it for half of the time
 *   --broker HOST:PORT   throws them at this broker instead (for all of the time)
 *
 * Neighbours: src/, packages/protocol/test/fuzz-tables.ts and fuzz-batches.ts.
 */
import { optionsOf } from "klamm-test-clients/CommandLine"
import { QUICK_GROUPS, startBroker } from "klamm-test-clients/Processes"
import { Chance } from "klamm-test-crash/Chance"
import { fuzzBatches } from "../../packages/protocol/test/fuzz-batches.ts"
import { fuzzTables } from "../../packages/protocol/test/fuzz-tables.ts"
import { fuzzLive } from "./src/Live.ts"
import { fuzzSplitter } from "./src/Splitter.ts"

const options = optionsOf(
  import.meta.filename,
  {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    live: { type: "boolean", default: false },
    broker: { type: "string" }
  },
  ["seconds", "seed"]
)

const seed = Number(options.seed)
const MS = 1_000

/** True once this many seconds have gone since the call. */
const after = (seconds: number): (() => boolean) => {
  const deadline = performance.now() + seconds * MS
  return () => performance.now() > deadline
}

const parsers = (seconds: number): void => {
  const tables = fuzzTables(seed, after(seconds * 0.6))
  console.log(`tables: ${tables} values written, read, damaged and read again`)
  const streams = fuzzSplitter(new Chance(seed), after(seconds * 0.15))
  console.log(`frames: ${streams} streams cut anywhere, and as many of noise`)
  const batches = fuzzBatches(seed, after(seconds * 0.25))
  console.log(`batches: ${batches} damaged and judged`)
}

const live = async (address: string, pid: number | undefined, seconds: number): Promise<boolean> => {
  const report = await fuzzLive(address, pid, seed, after(seconds))
  const memory = report.mostBytes === undefined ? "unknown" : `${Math.round(report.mostBytes / 1_000_000)} MB`
  console.log(
    `broker: ${report.frames} frames (${report.answered} answered, ${report.closed} closed, ${report.silent} silent), ` +
      `canary served ${report.canaryTurns} times, slowest ${report.canarySlowestMs} ms, at most ${memory} resident`
  )
  for (const fault of report.faults) console.log(`fault: ${fault}`)
  return report.faults.length === 0
}

const ownBroker = async (seconds: number): Promise<boolean> => {
  const broker = await startBroker({ settings: QUICK_GROUPS })
  let held = false
  try {
    held = await live(broker.bootstrap, broker.pid, seconds)
  } finally {
    const code = await broker.stop()
    if (code !== 0) {
      console.log(`fault: the broker ended with ${code}; it said:\n${broker.output()}`)
      held = false
    }
  }
  return held
}

const main = async (): Promise<boolean> => {
  const seconds = Number(options.seconds)
  console.log(`fuzzing for ${seconds} s, --seed ${seed}`)
  if (options.broker !== undefined) return live(options.broker, undefined, seconds)
  parsers(options.live ? seconds / 2 : seconds)
  return options.live ? ownBroker(seconds / 2) : true
}

process.exitCode = (await main()) ? 0 : 1
