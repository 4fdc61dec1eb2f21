/**
 * Throws frames at a running broker from several connections for a while, with a canary beside them. Invariant: the broker
 * answers, closes the connection or waits for more, never anything else; the canary is served all the time; memory stays
 * under its limit. Neighbours: Frames.ts, Canary.ts, Memory.ts.
 */
import { Chance } from "klamm-test-crash/Chance"
import { Wire } from "klamm-test-differential/Wire"
import { Canary } from "./Canary.ts"
import { FrameMaker } from "./Frames.ts"
import { MemoryWatch } from "./Memory.ts"

export interface LiveReport {
  readonly frames: number
  readonly answered: number
  readonly closed: number
  readonly silent: number
  readonly canaryTurns: number
  readonly canarySlowestMs: number
  /** The most the process held, when its id is known. */
  readonly mostBytes: number | undefined
  readonly faults: ReadonlyArray<string>
}

const CONNECTIONS = 4
/** A frame without answer by then waits for more bytes, or is one that is never answered. */
const ANSWER_WITHIN_MS = 40
export const MEMORY_MAX_BYTES = 1024 * 1024 * 1024

interface Counts {
  frames: number
  answered: number
  closed: number
  silent: number
}

const throwFrames = async (
  address: string,
  maker: FrameMaker,
  counts: Counts,
  isOver: () => boolean
): Promise<void> => {
  let wire = await Wire.open(address)
  while (!isOver()) {
    wire.send(maker.next())
    counts.frames += 1
    const got = await wire.next(ANSWER_WITHIN_MS)
    if (got.kind === "frame") counts.answered += 1
    else {
      if (got.kind === "closed") counts.closed += 1
      else counts.silent += 1
      wire.close()
      wire = await Wire.open(address)
    }
  }
  wire.close()
}

/** `pid` when the broker runs on this machine. */
export const fuzzLive = async (address: string, pid: number | undefined, seed: number, isOver: () => boolean) => {
  const counts: Counts = { frames: 0, answered: 0, closed: 0, silent: 0 }
  const faults: Array<string> = []
  const canary = await Canary.start(address, `fuzz-canary-${seed}`)
  const watch = pid === undefined ? undefined : new MemoryWatch(pid)
  const workers = Array.from({ length: CONNECTIONS }, (_, index) =>
    throwFrames(address, new FrameMaker(new Chance(seed + index)), counts, isOver)
  )
  try {
    await Promise.all(workers)
  } catch (cause) {
    faults.push(`the broker cannot be reached any more: ${String(cause)}`)
  }
  const sung = await canary.stop()
  faults.push(...sung.faults.map((fault) => `canary: ${fault}`))
  const mostBytes = watch?.stop()
  if (mostBytes !== undefined && mostBytes > MEMORY_MAX_BYTES) faults.push(`the broker held ${mostBytes} bytes`)
  const report: LiveReport = { ...counts, canaryTurns: sung.turns, canarySlowestMs: sung.slowestMs, mostBytes, faults }
  return report
}
