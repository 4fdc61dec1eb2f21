/**
 * Does to a cluster what its swarm says, and undoes it: every fault ends by itself after a while, and `heal` ends all. Invariant: all
 * draws come from one stream of their own.
 */
import * as Effect from "effect/Effect"
import type { Chance } from "./Chance.ts"
import { type FaultKind, losesNothing, type Swarm } from "./Faults.ts"
import type { SimCluster, SimNode } from "./SimCluster.ts"
import { healthy } from "./SimDisk.ts"
import type { SimNetwork } from "./SimNetwork.ts"
import type { World } from "./World.ts"

export interface DirectorOptions {
  readonly world: World
  readonly cluster: SimCluster
  readonly network: SimNetwork
  readonly swarm: Swarm
  readonly chance: Chance
}

/** How soon a broker that ended by itself is started again, as a supervisor does it, in milliseconds. */
const superviseMs = 200

/** How long nothing may have gone wrong before a disk is lost, how long that is waited for, and between two looks; milliseconds. */
const calmMs = 2_000
const awaitLossMs = 5_000
const lookMs = 50

export class Director {
  readonly counts = new Map<FaultKind, number>()
  private isDiskWanted = false
  /** A disk was lost, and what was on it is not back in all places yet. */
  private isHealing = false
  /** Faults that are not undone yet, and when one began or ended last. */
  private open = 0
  private disturbedMs = 0
  /** Machines with clients. */
  readonly clientHosts: Array<string> = []
  private readonly options: DirectorOptions
  private isOver = false

  constructor(options: DirectorOptions) {
    this.options = options
  }

  /** Faults until the storm is over, then everything is healed. Runs beside the workload. */
  get storm(): Effect.Effect<void> {
    const { chance, swarm, world } = this.options
    const endsAt = world.nowMs + swarm.stormMs
    const next: Effect.Effect<void> = Effect.suspend(() => {
      const pauseMs = chance.skewed(swarm.faultEveryMs / 5, swarm.faultEveryMs * 3)
      if (world.nowMs + pauseMs >= endsAt) return Effect.sleep(Math.max(1, endsAt - world.nowMs))
      return Effect.andThen(
        Effect.sleep(pauseMs),
        Effect.suspend(() => Effect.andThen(this.inject(chance.pick(this.kinds)), next))
      )
    })
    return Effect.andThen(next, this.heal)
  }

  /** What may go wrong now: after a disk nothing else is to be lost before its data is back. */
  private get kinds(): ReadonlyArray<FaultKind> {
    const { kinds } = this.options.swarm
    if (!this.isHealing) return kinds
    const harmless = kinds.filter((kind) => losesNothing.has(kind))
    return harmless.length > 0 ? harmless : ["reset"]
  }

  /** Starts again what ended by itself, for ever. */
  get supervise(): Effect.Effect<never> {
    const look = Effect.sync(() => {
      for (const node of this.options.cluster.nodes) {
        if (node.state === "Dead" && !this.down.has(node.id)) node.start()
      }
    })
    return Effect.forever(Effect.andThen(Effect.sleep(superviseMs), look))
  }

  /** Nodes that are to stay down for now. */
  private readonly down = new Set<number>()

  /** Everything is whole, and runs. */
  private get heal(): Effect.Effect<void> {
    return Effect.sync(() => {
      const { cluster, network, world } = this.options
      world.tell("world", "heal")
      this.isOver = true
      this.down.clear()
      network.heal()
      for (const node of cluster.nodes) {
        Object.assign(node.disk.condition, healthy())
        node.disk.dieAt(Number.POSITIVE_INFINITY, () => undefined)
        // A clock that was set wrong stays wrong: what is promised holds with it.
        node.machine.time.drift(1)
        if (node.state === "Paused") node.resume()
        if (node.isStopping) node.crash()
        node.start()
      }
    })
  }

  /** Whether it matters that everything is everywhere, and nothing else is wrong. */
  get awaitsSync(): boolean {
    const isCalm = this.open === 0 && this.options.world.nowMs - this.disturbedMs >= calmMs
    return (this.isDiskWanted || this.isHealing) && isCalm && !this.isOver && this.options.cluster.isUp
  }

  /** Nothing new goes wrong until a disk is lost, or waited for long enough. */
  private get awaitLoss(): Effect.Effect<void> {
    const { world } = this.options
    const endMs = world.nowMs + awaitLossMs
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (!this.isDiskWanted) return Effect.void
      if (world.nowMs < endMs && !this.isOver) return Effect.andThen(Effect.sleep(lookMs), look)
      this.isDiskWanted = false
      return Effect.void
    })
    this.isDiskWanted = true
    return look
  }

  /** Everything is on all nodes, as was seen just now: what was lost is back, and one of them may lose its disk. */
  get inSync(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { chance, cluster, world } = this.options
      if (!this.awaitsSync) return Effect.void
      this.isHealing = this.isDiskWanted
      if (!this.isDiskWanted) return Effect.void
      this.isDiskWanted = false
      const node = chance.pick(cluster.nodes)
      world.tell("world", `fault: lostDisk ${node.host}`)
      this.counts.set("lostDisk", (this.counts.get("lostDisk") ?? 0) + 1)
      this.down.add(node.id)
      node.loseDisk()
      return this.later({ forMs: chance.skewed(1, 5_000), end: () => this.raise(node) })
    })
  }

  /** Undoes a fault after its time, unless the storm is over by then. */
  private later({ forMs, end }: Undo): Effect.Effect<void> {
    this.open += 1
    const undo = Effect.sync(() => {
      this.open -= 1
      this.disturbedMs = this.options.world.nowMs
      if (!this.isOver) end()
    })
    return Effect.asVoid(Effect.forkDetach(Effect.andThen(Effect.sleep(forMs), undo)))
  }

  private inject(kind: FaultKind): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { chance, cluster, world } = this.options
      this.disturbedMs = world.nowMs
      if (kind === "lostDisk") return this.awaitLoss
      const node = chance.pick(cluster.nodes)
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
      world.tell("world", `fault: ${kind} ${node.host}`)
      const undo = this.begin(kind, node)
      return undo === undefined ? Effect.void : this.later(undo)
    })
  }

  private begin(kind: Exclude<FaultKind, "lostDisk">, node: SimNode): Undo | undefined {
    const { chance } = this.options
    switch (kind) {
      case "stop":
        this.down.add(node.id)
        node.stop()
        return { forMs: chance.skewed(10, 10_000), end: () => this.raise(node) }
      case "crash":
      case "powerLoss":
        return this.kill(node, kind)
      case "crashInOperation":
      case "powerLossInOperation":
        return this.killSoon(node, kind === "crashInOperation" ? "crash" : "powerLoss")
      case "pause":
        if (node.state !== "Up") return undefined
        node.pause()
        return { forMs: chance.skewed(10, 30_000), end: () => node.resume() }
      case "clockJump":
        node.machine.time.jump(chance.pick([-1, 1]) * chance.skewed(10, 7_200_000))
        return undefined
      case "clockDrift":
        node.machine.time.drift(chance.pick([0.5, 0.9, 0.999, 1.001, 1.1, 2]))
        return undefined
      case "isolate":
      case "oneWay":
      case "slowLink":
      case "reset":
        return this.disturb(kind, node)
      default:
        return this.spoil(kind, node)
    }
  }

  private kill(node: SimNode, how: "crash" | "powerLoss"): Undo {
    const { chance } = this.options
    this.down.add(node.id)
    if (how === "crash") node.crash()
    else node.losePower()
    return { forMs: chance.skewed(1, 5_000), end: () => this.raise(node) }
  }

  private raise(node: SimNode): void {
    this.down.delete(node.id)
    if (node.isStopping) node.crash()
    node.start()
  }

  /** In the midst of one of its next disk operations. */
  private killSoon(node: SimNode, how: "crash" | "powerLoss"): Undo {
    const { chance } = this.options
    const operations = Math.ceil(chance.skewed(1, 500))
    node.disk.dieAt(operations, () => {
      this.down.add(node.id)
      if (how === "crash") node.crash()
      else node.losePower()
    })
    return { forMs: chance.skewed(10, 5_000), end: () => this.raise(node) }
  }

  private disturb(kind: "isolate" | "oneWay" | "slowLink" | "reset", node: SimNode): Undo | undefined {
    const { chance, cluster, network } = this.options
    const hosts = [...cluster.nodes.map(({ host }) => host), ...this.clientHosts].filter((host) => host !== node.host)
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

  private spoil(kind: "slowDisk" | "syncError" | "writeError" | "fullDisk", node: SimNode): Undo {
    const { chance } = this.options
    const { condition, files } = node.disk
    if (kind === "slowDisk") Object.assign(condition, { syncMs: [50, 3_000], coldReadMs: [5, 1_000] })
    else if (kind === "syncError") condition.syncFails = chance.skewed(0.01, 1)
    else if (kind === "writeError") condition.writeFails = chance.skewed(0.01, 1)
    else condition.totalBytes = files.usedBytes + chance.below(20_000)
    return { forMs: chance.skewed(10, 10_000), end: () => Object.assign(condition, healthy()) }
  }
}

interface Undo {
  readonly forMs: number
  readonly end: () => void
}
