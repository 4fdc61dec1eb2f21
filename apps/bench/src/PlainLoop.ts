/**
 * The plain loop as a system under measurement, beside ours and another: what the least that a broker of Node can be gives with the same
 * generator in the same minutes, alone or as three. Neighbours: loop/ (what it is), System.ts, Child.ts.
 */
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { Child } from "./Child.ts"
import { formatPorts, HOST, type Ports } from "./loop/Members.ts"
import { PLAIN_LOOP, type System } from "./System.ts"

const MAIN = join(import.meta.dirname, "loop/main.ts")

/** One process for each. */
export const startPlainLoop = async (ports: ReadonlyArray<Ports>): Promise<System> => {
  const children = ports.map((_, index) => {
    const args = [...heapFlags, MAIN, formatPorts(ports), String(index + 1)]
    return new Child({ what: "the plain loop", args, isReady: /listens at/ })
  })
  await Promise.all(children.map(({ ready }) => ready))
  const addresses = ports.map(({ clients }) => `${HOST}:${clients}`)
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.end()))
  }
  return { role: "floor", name: PLAIN_LOOP, bootstrap: addresses.join(","), addresses, control: undefined, close }
}
