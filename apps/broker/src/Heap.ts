/**
 * How large the heap of a broker may become. V8 is told to prefer a small one once the broker serves: it then grows it in small steps and
 * gives back what is free. Not on the command line, where `--optimize-for-size` also fixes the young generation at 1 MiB, whatever is said
 * of that; with the 4 of the `start` script a third of the collections take half of the time, for what a request leaves behind is dead
 * before it is looked at. And not before the broker serves: V8 takes compiled code only under the flags under which it was compiled.
 * Neighbour: `main.mjs`, which switches the cache of compiled code on.
 */
import { flushCompileCache } from "node:module"
import { setFlagsFromString } from "node:v8"

export const keepSmall = (): void => {
  flushCompileCache()
  setFlagsFromString("--optimize-for-size")
}
