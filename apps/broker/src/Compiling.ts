/**
 * When V8 optimizes what a broker runs: after 1,000 calls of a function in place of its own 3,000. A request passes most functions once,
 * so that a broker is at its best after a third of the requests; what it is then does not change (decision 0012). Not before the broker
 * serves, for the reason that `Heap.ts` gives. And that V8 keeps what it has optimized. Neighbour: Daemon.ts.
 */
import { realpathSync } from "node:fs"
import { setFlagsFromString } from "node:v8"

/** After how many calls of a function V8's optimizing compiler takes it. */
export const optimizingFlag = "--invocation-count-for-turbofan=1000"

export const optimizeSooner = (): void => setFlagsFromString(optimizingFlag)

/**
 * V8 optimizes code that reads the length of a typed array on the promise that none has ever had its prototype set, and drops all such code
 * when one has. Node sets that of every Buffer that it makes in C++, as of a digest or of the names in a directory that is removed: a minute
 * after its first topic was deleted, a broker had to compile most of what it runs anew. Here the promise is broken before anything rests on
 * it.
 */
export const keepOptimized = (): void => {
  realpathSync.native("/", { encoding: "buffer" })
}
