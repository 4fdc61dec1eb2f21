/**
 * Our own brokers, started as `pnpm start` starts them, from this tree and on data in a temporary folder. Invariant: no process and no
 * folder outlives this one, however it ends. Neighbours: System.ts, apps/broker.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { heapFlags } from "klamm-broker/Heap"
import { Child } from "./Child.ts"
import { addressesOf, endListener, portOf, type System } from "./System.ts"

const MAIN = join(import.meta.dirname, "../../broker/src/main.mjs")
/** The launcher gives each node a port for clients and one for controllers. */
const PORTS_PER_NODE = 2

export interface OursPlan {
  readonly nodes: 1 | 3
  readonly port: number
  /** Acknowledged means synced: the default. */
  readonly synced: boolean
  /** Where its data lies, which then stays; a temporary folder otherwise. */
  readonly folder?: string
  /** Where it leaves a CPU profile when it ends; then it runs from its sources. */
  readonly profile?: string
}

/** A broker, or the launcher of three. */
const childOf = (args: ReadonlyArray<string>): Child =>
  new Child({ what: "the broker", args: [...heapFlags, MAIN, ...args], isReady: /^BROKERS=/m })

const argumentsOf = ({ nodes, port, synced, profile }: OursPlan, folder: string): ReadonlyArray<string> => [
  "--port",
  String(port),
  ...(nodes === 1 ? [] : ["--brokers", String(nodes)]),
  ...(profile === undefined ? [] : ["--profile", profile]),
  "--set",
  `log.dirs=${folder}`,
  "--set",
  `klamm.acks.all.sync=${synced}`,
  // As the other system's in such a comparison: a first group does not wait for more members.
  "--set",
  "group.initial.rebalance.delay.ms=0"
]

export const startOurs = async (plan: OursPlan): Promise<System> => {
  const folder = plan.folder ?? mkdtempSync(join(tmpdir(), "klamm-bench-"))
  const removeFolder = (): void => {
    if (plan.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  process.once("exit", removeFolder)
  const children = [childOf(argumentsOf(plan, folder))]
  await children[0]!.ready
  const bootstrap = Array.from({ length: plan.nodes }, (_, node) => `localhost:${plan.port + node * PORTS_PER_NODE}`)
  return {
    role: plan.synced ? "synced" : "ours",
    name: plan.synced ? "klamm, synced" : "klamm",
    bootstrap: bootstrap.join(","),
    addresses: await addressesOf(bootstrap[0]!),
    control: {
      end: endListener,
      start: (address) => {
        const node = (portOf(address) - plan.port) / PORTS_PER_NODE + 1
        const file = ["-c", join(folder, `broker-${node}.properties`), "--set", `klamm.acks.all.sync=${plan.synced}`]
        children.push(childOf(plan.nodes === 1 ? argumentsOf(plan, folder) : file))
      }
    },
    close: async () => {
      await Promise.all(children.map((child) => child.end()))
      removeFolder()
      process.off("exit", removeFolder)
    }
  }
}
