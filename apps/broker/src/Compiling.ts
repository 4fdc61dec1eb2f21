/**
 * When V8 optimizes what a broker runs: after 1,000 calls of a function in place of its own 3,000. A request passes most functions once,
 * so that a broker is at its best after a third of the requests; what it is then does not change (decision 0012). Not before the broker
 * serves, for the reason that `Heap.ts` gives. Neighbour: Daemon.ts.
 */
import { setFlagsFromString } from "node:v8"

/** After how many calls of a function V8's optimizing compiler takes it. */
export const optimizingFlag = "--invocation-count-for-turbofan=1000"

export const optimizeSooner = (): void => setFlagsFromString(optimizingFlag)
