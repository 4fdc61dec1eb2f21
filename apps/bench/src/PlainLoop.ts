/**
 * The plain loop as a system under measurement, beside ours and another: what the least that a broker of Node can be gives with the same
 * generator in the same minutes. Neighbours: loop/ (what it is), System.ts, Child.ts.
 */
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { Child } from "./Child.ts"
import { PLAIN_LOOP, type System } from "./System.ts"

const MAIN = join(import.meta.dirname, "loop/main.ts")

export const startPlainLoop = async (port: number): Promise<System> => {
  const args = [...heapFlags, MAIN, String(port)]
  const child = new Child({ what: "the plain loop", args, isReady: /listens at/ })
  await child.ready
  const address = `127.0.0.1:${port}`
  return {
    role: "floor",
    name: PLAIN_LOOP,
    bootstrap: address,
    addresses: [address],
    control: undefined,
    close: () => child.end()
  }
}
