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
  /** Where it leaves a CPU profile when it ends, `FILE-N` for each of several; then it runs from its sources. */
  readonly profile?: string
}

/** A broker, or the launcher of three. */
const childOf = (args: ReadonlyArray<string>): Child =>
  new Child({ what: "the broker", args: [...heapFlags, MAIN, ...args], isReady: /^BROKERS=/m })

const argumentsOf = ({ nodes, port, synced, profile }: OursPlan, folder: string): ReadonlyArray<string> => [
  "--port",
  String(port),
  ...(nodes === 1 ? [] : ["--brokers", String(nodes)]),
  ...(profile === undefined || nodes > 1 ? [] : ["--profile", profile]),
  "--set",
  `log.dirs=${folder}`,
  "--set",
  `klamm.acks.all.sync=${synced}`,
  // As the other system's in such a comparison: a first group does not wait for more members.
  "--set",
  "group.initial.rebalance.delay.ms=0"
]

/** One of several, by itself, as the launcher has laid it out. */
const nodeOf = (node: number, { synced, profile }: OursPlan, folder: string): Child =>
  childOf([
    "-c",
    join(folder, `broker-${node}.properties`),
    "--set",
    `klamm.acks.all.sync=${synced}`,
    ...(profile === undefined ? [] : ["--profile", profileOf(profile, node)])
  ])

export const profileOf = (profile: string, node: number): string => `${profile}-${node}`

/** The launcher starts none with a profile, so it lays several out and each is then started by itself. */
const startProfiled = async (plan: OursPlan, folder: string): Promise<Array<Child>> => {
  const launcher = childOf(argumentsOf(plan, folder))
  await launcher.ready
  await launcher.end()
  const children = Array.from({ length: plan.nodes }, (_, index) => nodeOf(index + 1, plan, folder))
  await Promise.all(children.map(({ ready }) => ready))
  return children
}

const startChildren = async (plan: OursPlan, folder: string): Promise<Array<Child>> => {
  if (plan.nodes > 1 && plan.profile !== undefined) return startProfiled(plan, folder)
  const child = childOf(argumentsOf(plan, folder))
  await child.ready
  return [child]
}

export const startOurs = async (plan: OursPlan): Promise<System> => {
  const folder = plan.folder ?? mkdtempSync(join(tmpdir(), "klamm-bench-"))
  const removeFolder = (): void => {
    if (plan.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  process.once("exit", removeFolder)
  const children = await startChildren(plan, folder)
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
        children.push(plan.nodes === 1 ? childOf(argumentsOf(plan, folder)) : nodeOf(node, plan, folder))
      }
    },
    close: async () => {
      await Promise.all(children.map((child) => child.end()))
      removeFolder()
      process.off("exit", removeFolder)
    }
  }
}
