/**
 * The machine at rest before each measurement. What a system is still busy with when its own is over (deleting, compiling, catching up)
 * would slow down the one whose turn is next. Invariant: a machine that does not come to rest is measured all the same, after a while;
 * what others used of it is told with the figures. Neighbours: Run.ts, Processes.ts.
 */
import { now, sleep } from "./Cluster.ts"
import { machineSeconds } from "./Processes.ts"

/** Brokers of two systems that have nothing to do use about half of this. */
const BUSY_CORES_MAX = 0.25
const LOOK_EVERY_MS = 500
/** Three nodes of Apache Kafka were busy for 31 s with a topic of 2,000 partitions that had been removed. */
const WITHIN_MS = 60_000

/** Resolves when hardly anything has run for half a second; at once where the machine does not tell. */
export const rest = async (
  secondsUsed: () => number | undefined = machineSeconds,
  pause: (ms: number) => Promise<void> = sleep,
  time: () => number = now
): Promise<void> => {
  const giveUp = time() + WITHIN_MS
  while (time() < giveUp) {
    const [from, before] = [time(), secondsUsed()]
    if (before === undefined) return
    await pause(LOOK_EVERY_MS)
    const after = secondsUsed()
    if (after === undefined || ((after - before) * 1000) / (time() - from) <= BUSY_CORES_MAX) return
  }
}
