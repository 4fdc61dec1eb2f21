/**
 * What goes wrong around a process that goes on: with its paths to others, and with its disk. Invariant: each says how it is undone.
 * Neighbour: `Director.ts`, which does and undoes it.
 */
import type { Chance } from "./Chance.ts"
import type { SimCluster, SimNode } from "./SimCluster.ts"
import { healthy } from "./SimDisk.ts"
import type { SimNetwork } from "./SimNetwork.ts"

export interface Undo {
  readonly forMs: number
  readonly end: () => void
}

interface Surroundings {
  readonly chance: Chance
  readonly cluster: SimCluster
  readonly network: SimNetwork
  readonly clientHosts: ReadonlyArray<string>
}

export const disturb = (
  { chance, cluster, network, clientHosts }: Surroundings,
  kind: "isolate" | "oneWay" | "slowLink" | "reset",
  node: SimNode
): Undo | undefined => {
  const hosts = [...cluster.nodes.map(({ host }) => host), ...clientHosts].filter((host) => host !== node.host)
  const forMs = chance.skewed(10, 40_000)
  const end = () => network.heal()
  const other = chance.pick(hosts)
  if (kind === "isolate") cluster.isolate(node.id, hosts)
  else if (kind === "oneWay") {
    if (chance.happens(0.5)) network.block(node.host, other)
    else network.block(other, node.host)
  } else if (kind === "slowLink") {
    for (const host of hosts) {
      network.slow(node.host, host, chance.skewed(1, 2_000), chance.skewed(1, 1_000))
      network.slow(host, node.host, chance.skewed(1, 2_000), chance.skewed(1, 1_000))
    }
  } else {
    network.reset(node.host, other)
    return undefined
  }
  return { forMs, end }
}

/** Where a broker has several directories, at times one of them alone is to fail. */
export const spoil = (
  chance: Chance,
  kind: "slowDisk" | "syncError" | "writeError" | "fullDisk",
  { disk: { condition, files } }: SimNode,
  directories: ReadonlyArray<string>
): Undo => {
  if (kind === "slowDisk") Object.assign(condition, { syncMs: [50, 3_000], coldReadMs: [5, 1_000], writeMs: [1, 500] })
  else if (kind === "syncError") condition.syncFails = chance.skewed(0.01, 1)
  else if (kind === "writeError") condition.writeFails = chance.skewed(0.01, 1)
  else condition.totalBytes = files.usedBytes + chance.below(20_000)
  if (directories.length > 1) condition.failsUnder = chance.pick(["", ...directories.map((each) => `${each}/`)])
  return { forMs: chance.skewed(10, 10_000), end: () => Object.assign(condition, healthy()) }
}
