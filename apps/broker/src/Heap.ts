/**
 * How V8 keeps the heap of a broker, in which nearly all is dead before it is looked at: 8 MiB of young generation from the start, for
 * that is what a request leaves its garbage in, all of it; and an old generation that is collected when it has grown by half, which holds
 * memory down and is seldom, as little gets there (decision 0011). Not before the broker serves: V8 takes compiled code only under the
 * flags under which it was compiled. Neighbour: `main.mjs`, which switches the cache of compiled code on.
 */
import { flushCompileCache } from "node:module"
import { setFlagsFromString } from "node:v8"

/** What Node is started with, as in the `start` script of package.json: a heap has its young generation before a program runs. */
export const heapFlags: ReadonlyArray<string> = ["--min-semi-space-size=8", "--max-semi-space-size=8"]

/** By how many hundredths the old generation grows until it is collected. */
const growthFlag = "--heap-growing-percent=50"

/**
 * Whatever is made begins young. V8 would make at once in the old generation what a place in the code makes, once most of it has lived
 * through a collection: as it does at a moment of load, and never again when a request takes a millisecond. Its dead then hold on to
 * all that they refer to.
 */
const youngFlag = "--no-allocation-site-pretenuring"

/**
 * The young generation is collected by the thread that waits for it, alone: what lives is so little that to wake helpers, and to wait
 * until the last of them is scheduled, takes longer than to copy it.
 */
const aloneFlag = "--no-parallel-scavenge"

/** What is set once a broker serves. */
export const servingFlags: ReadonlyArray<string> = [growthFlag, youngFlag, aloneFlag]

export const settleHeap = (): void => {
  flushCompileCache()
  for (const flag of servingFlags) setFlagsFromString(flag)
}
