/**
 * Does to a cluster what its swarm says, and undoes it: every fault ends by itself after a while, and `heal` ends all. Invariant: all
 * draws come from one stream of their own.
 */
import * as Effect from "effect/Effect"
import { aboutToMove, controllerOf, hasEverything, isBehind, joining, newController, overlap } from "./Ambush.ts"
import type { Chance } from "./Chance.ts"
import { Decay } from "./Decay.ts"
import { disturb, spoil, type Undo } from "./Disturbances.ts"
import { type Ambush, type FaultKind, isAmbush, losesNothing, type Swarm } from "./Faults.ts"
import { dataDirectories, dataDirectory } from "./Nodes.ts"
import { Patience } from "./Patience.ts"
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
  /** Whose partitions are ambushed. */
  readonly topic: string
}

/** How soon a broker that ended by itself is started again, as a supervisor does it, in milliseconds. */
const superviseMs = 200

/** How long nothing may have gone wrong before a disk is lost, how long that is waited for, and between two looks; milliseconds. */
const calmMs = 2_000
const awaitLossMs = 5_000
const lookMs = 50

/** How long an ambush waits for its moment, and how often it looks; milliseconds. */
const ambushMs = 6_000
const ambushLookMs = 1

/** How long a node is cut off at most before another one's disk is lost, in milliseconds. */
const awaitBehindMs = 15_000

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
  private readonly decay: Decay
  private readonly patience: Patience
  private isOver = false

  constructor(options: DirectorOptions) {
    this.options = options
    this.decay = new Decay(options)
    const { chance, cluster, swarm, world } = options
    this.patience = new Patience({ cluster, chance, nowMs: () => world.nowMs, isPatient: swarm.isPatient })
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
        Effect.suspend(() =>
          this.patience.isWaiting ? next : Effect.andThen(this.inject(chance.pick(this.kinds)), next)
        )
      )
    })
    const leisure: Effect.Effect<void> = Effect.suspend(() =>
      this.patience.isWaiting ? Effect.andThen(Effect.sleep(lookMs), leisure) : Effect.void
    )
    return Effect.andThen(Effect.andThen(next, leisure), this.heal)
  }

  /** What may go wrong now: after a disk nothing else is to be lost before its data is back. */
  private get kinds(): ReadonlyArray<FaultKind> {
    const { kinds } = this.options.swarm
    if (!this.isHealing && !this.decay.isThere) return kinds
    const harmless = kinds.filter((kind) => losesNothing.has(kind))
    return harmless.length > 0 ? harmless : ["reset"]
  }

  /** Starts again what ended by itself, for ever; and a broker that goes on without one of its directories. */
  get supervise(): Effect.Effect<never> {
    const look = Effect.sync(() => {
      this.decay.tend()
      for (const node of this.options.cluster.nodes) {
        if (node.state === "Dead" && !this.down.has(node.id)) node.start()
      }
      this.patience.tend(this.isOver)
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
      this.disturbedMs = world.nowMs
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
      this.down.clear()
    })
  }

  /** When something began or ended to go wrong last; undefined while anything is. */
  get lastDisturbedMs(): number | undefined {
    return this.open === 0 || this.isOver ? this.disturbedMs : undefined
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
      const { chance, cluster } = this.options
      if (!this.awaitsSync) return Effect.void
      this.isHealing = this.isDiskWanted
      if (!this.isDiskWanted) return Effect.void
      this.isDiskWanted = false
      return this.loseDisk(chance.pick(cluster.nodes))
    })
  }

  private loseDisk(node: SimNode): Effect.Effect<void> {
    this.began("lostDisk", node)
    for (const { disk } of this.options.cluster.nodes) disk.dieAt(Number.POSITIVE_INFINITY, () => undefined)
    this.down.add(node.id)
    node.loseDisk()
    return this.later({ forMs: this.options.chance.skewed(1, 5_000), end: () => this.raise(node) })
  }

  private began(kind: FaultKind, node: SimNode): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.disturbedMs = this.options.world.nowMs
    this.options.world.tell("world", `fault: ${kind} ${node.host}`)
  }

  /** A bit flips once all is well, and at times the broker is killed later, so that its log is scanned. */
  private get rot(): Effect.Effect<void> {
    const { chance, world } = this.options
    const endMs = world.nowMs + awaitLossMs
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (this.isOver || this.decay.isThere || world.nowMs > endMs) return Effect.void
      const node = this.open > 0 || this.isHealing || this.isDiskWanted ? undefined : this.decay.strike()
      if (node === undefined) return Effect.andThen(Effect.sleep(lookMs), look)
      this.began("rot", node)
      return chance.happens(0.3)
        ? this.later({ forMs: chance.skewed(1_000, 10_000), end: () => node.crash() })
        : Effect.void
    })
    return look
  }

  /** One node is cut off until it is behind; then another loses its disk, and the third alone has everything. */
  private get loseLastBut(): Effect.Effect<void> {
    const { chance, cluster, world, topic } = this.options
    const [behind, lost, keeper] = cluster.nodes
      .map((node) => ({ node, at: chance.double() }))
      .sort((a, b) => a.at - b.at)
    if (behind === undefined || lost === undefined || keeper === undefined || !cluster.isUp || this.open > 0)
      return Effect.void
    const others = [...cluster.nodes.map(({ host }) => host), ...this.clientHosts]
    const endMs = world.nowMs + awaitBehindMs
    cluster.isolate(behind.node.id, others)
    const isCut = () => !this.options.network.isOpen(behind.node.host, keeper.node.host)
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (this.isOver || this.isHealing || !isCut() || world.nowMs > endMs) return Effect.void
      const isDue = isBehind(keeper.node, behind.node, topic) && hasEverything(cluster, keeper.node)
      if (!isDue || !cluster.isUp) return Effect.andThen(Effect.sleep(lookMs), look)
      this.isHealing = true
      return this.loseDisk(lost.node)
    })
    const end = () => this.options.network.heal()
    return Effect.andThen(look, this.later({ forMs: chance.skewed(10, 10_000), end }))
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
      if (kind === "lostDisk") return chance.happens(0.5) ? this.awaitLoss : this.loseLastBut
      if (kind === "rot") return this.rot
      if (isAmbush(kind)) return this.lieInWait(kind)
      const node = chance.pick(cluster.nodes)
      this.began(kind, node)
      if (kind === "blackout") return Effect.forEach(cluster.nodes, (each) => this.later(this.kill(each, "powerLoss")))
      const undo = this.begin(kind, node)
      return undo === undefined ? Effect.void : this.later(undo)
    })
  }

  private begin(kind: Exclude<FaultKind, "lostDisk" | "blackout" | "rot" | Ambush>, node: SimNode): Undo | undefined {
    const { chance, swarm } = this.options
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
        return disturb({ ...this.options, clientHosts: this.clientHosts }, kind, node)
      default:
        return spoil(chance, kind, node, swarm.isOperated ? dataDirectories : [dataDirectory])
    }
  }

  /** Strikes at the first moment that fits; nothing else goes wrong before. */
  private lieInWait(kind: Ambush): Effect.Effect<void> {
    const { chance, cluster, world } = this.options
    const endMs = world.nowMs + ambushMs
    let isSet = false
    // Whoever was away for a moment joins again, and takes its leaderships back.
    if (kind !== "strikeController" && this.kinds.includes(kind)) {
      const away = chance.pick(cluster.nodes)
      away.crash()
      away.start()
    }
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (this.isOver || world.nowMs > endMs) {
        if (isSet) this.options.network.heal()
        return Effect.void
      }
      if (kind === "twoLeaders" && !isSet) isSet = this.setTrap()
      const undos = this.kinds.includes(kind) ? this.strike(kind) : []
      if (undos.length === 0) return Effect.andThen(Effect.sleep(ambushLookMs), look)
      const undone = Effect.forEach(undos, (undo) => this.later(undo), { discard: true })
      // Two histories take a while to part, and to meet again.
      const lastsMs = kind === "twoLeaders" ? Math.max(...undos.map(({ forMs }) => forMs)) : 0
      return Effect.andThen(undone, Effect.sleep(lastsMs))
    })
    return look
  }

  /** A leader whose place another is about to take does not hear of it for now. */
  private setTrap(): boolean {
    const { cluster, network, topic } = this.options
    const found = aboutToMove(cluster, topic)
    if (found === undefined) return false
    network.block(found.controller.host, found.leader.host)
    return true
  }

  private strike(kind: Ambush): ReadonlyArray<Undo> {
    const { chance, cluster, network, topic } = this.options
    const heal = () => network.heal()
    if (kind === "strikeController") {
      const controller = newController(cluster)
      if (controller === undefined) return []
      this.began(kind, controller)
      this.cut(controller)
      return [{ forMs: chance.skewed(100, 10_000), end: heal }]
    }
    if (kind === "twoLeaders") {
      const found = overlap(cluster, topic)
      if (found === undefined) return []
      this.began(kind, found.newer)
      this.cut(found.older)
      this.cut(found.newer)
      // Producers have to give up waiting for the one before they try the other.
      const forMs = chance.skewed(1_000, 8_000)
      return [
        { forMs, end: () => this.join(found.older, found.newer) },
        { forMs: forMs + chance.skewed(5_000, 20_000), end: heal }
      ]
    }
    const found = joining(cluster, topic)
    if (found === undefined) return []
    const { leader, joiner } = found
    const controller = controllerOf(cluster, leader)
    this.began(kind, joiner)
    if (controller !== undefined) network.block(leader.host, controller.host)
    if (joiner !== controller) network.block(joiner.host, leader.host)
    joiner.crash()
    joiner.start()
    return [{ forMs: chance.skewed(300, 5_000), end: heal }]
  }

  /** Brokers do not reach it, clients do. */
  private cut(node: SimNode): void {
    const { cluster } = this.options
    cluster.isolate(
      node.id,
      cluster.nodes.map(({ host }) => host)
    )
  }

  /** It reaches all brokers again but the other one. */
  private join(node: SimNode, other: SimNode): void {
    const { cluster, network } = this.options
    for (const { host } of cluster.nodes) {
      if (host === node.host || host === other.host) continue
      network.open(node.host, host)
      network.open(host, node.host)
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
}
