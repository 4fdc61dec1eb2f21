/**
 * Brokers in a world: each on a machine of its own, built by `Broker.layer`, and what can be done to them from outside.
 *
 * Invariants: a node has one process at a time; what its disk holds stays when the process goes, as far as a crash or a power cut
 * leaves it; a process that ends by itself is dead like one that was killed, and why is kept. Neighbours: `World.ts`, `SimDisk.ts`,
 * `SimNetwork.ts`; `Nodes.ts` makes the configurations.
 */
import { Broker, layer, type NodeParts } from "@klamm/broker/Broker"
import { BrokerArena } from "@klamm/broker/BrokerArena"
import type { BrokerFailure } from "@klamm/broker/Failure"
import { type ControlShown, type NodeShown, NodeWitness } from "@klamm/broker/Witness"
import type { StaticConfig } from "@klamm/config/BrokerConfig"
import { Disk } from "@klamm/platform/Disk"
import { type Address, Network } from "@klamm/platform/Network"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { type Lease, leaseArena } from "./ArenaPool.ts"
import { SimDisk, type Spared } from "./SimDisk.ts"
import type { SimNetwork } from "./SimNetwork.ts"
import { isBug } from "./Trace.ts"
import type { Machine, SimProcess, World } from "./World.ts"

/** The port of the clients' listener on every machine. */
export const clientPort = 9_092

export interface ClusterOptions {
  readonly world: World
  readonly network: SimNetwork
  readonly nodeIds: ReadonlyArray<number>
  readonly configOf: (nodeId: number) => StaticConfig
  readonly parts: NodeParts
  /** How far each machine's wall clock is off at first. */
  readonly skewMs?: (nodeId: number) => number
}

/** Why a process ended that nobody killed. */
export interface Ending {
  readonly nodeId: number
  readonly atMs: number
  readonly text: string
  readonly isDefect: boolean
}

/** `Off`: without power, or not started yet. `Dead`: the machine is up and its process is not. */
export type NodeState = "Off" | "Dead" | "Starting" | "Up" | "Paused"

interface Life {
  readonly process: SimProcess
  readonly lease: Lease
  isReady: boolean
  isStopping: boolean
  control: ControlShown | undefined
  node: NodeShown | undefined
}

export const hostOf = (nodeId: number): string => `b${nodeId}`

export class SimNode {
  readonly id: number
  readonly machine: Machine
  readonly disk: SimDisk
  lives = 0
  /** How often its disk was replaced by an empty one. */
  disksLost = 0
  private life: Life | undefined
  private hasPower = false
  private readonly cluster: SimCluster

  constructor(cluster: SimCluster, id: number, machine: Machine) {
    this.cluster = cluster
    this.id = id
    this.machine = machine
    this.disk = new SimDisk(cluster.options.world.chance.fork(`disk ${id}`))
  }

  get host(): string {
    return this.machine.name
  }

  get state(): NodeState {
    const { life } = this
    if (life === undefined) return this.hasPower ? "Dead" : "Off"
    if (life.process.isPaused) return "Paused"
    return life.isReady ? "Up" : "Starting"
  }

  /** What its process believes; undefined before it is there. */
  get control(): ControlShown | undefined {
    return this.life?.control
  }

  get broker(): NodeShown | undefined {
    return this.life?.node
  }

  /** Starts the machine if it is off, and the broker on it. */
  start(): void {
    if (this.life !== undefined) return
    const { world, network } = this.cluster.options
    if (!this.hasPower) network.powerUp(this.host)
    this.hasPower = true
    this.lives += 1
    const made = world.process(this.machine, `${this.host}.${this.lives}`)
    const life: Life = {
      process: made,
      lease: leaseArena(),
      isReady: false,
      isStopping: false,
      control: undefined,
      node: undefined
    }
    this.life = life
    world.tell(this.host, `start, life ${this.lives}`)
    made.run(this.program(life), (exit) => this.exited(life, exit))
  }

  /** SIGTERM: it leaves in good order, in its own time. */
  stop(): void {
    const { life } = this
    if (life === undefined || life.isStopping) return
    this.cluster.options.world.tell(this.host, "stop")
    life.isStopping = true
    life.process.terminate()
  }

  get isStopping(): boolean {
    return this.life?.isStopping === true
  }

  /** The machine dies with its disk, and is replaced by one with an empty disk. */
  loseDisk(): void {
    this.losePower("nothing")
    this.disk.replace()
    this.disksLost += 1
    this.cluster.options.world.tell(this.host, "an empty disk")
  }

  /** kill -9. */
  crash(): void {
    if (this.life === undefined) return
    this.cluster.options.world.tell(this.host, "crash")
    this.end()
    this.disk.crash()
  }

  /** The machine goes dark; what was written and not synced survives by chance, or as said. */
  losePower(spared?: Spared): void {
    const { world, network } = this.cluster.options
    this.end()
    this.hasPower = false
    network.losePower(this.host)
    world.tell(this.host, `power lost, spared ${this.disk.losePower(spared)}`)
  }

  pause(): void {
    this.cluster.options.world.tell(this.host, "pause")
    this.life?.process.pause()
  }

  resume(): void {
    this.cluster.options.world.tell(this.host, "resume")
    this.life?.process.resume()
  }

  /** Kills it in the midst of its disk operations, `operations` from now. */
  dieAtOperation(operations: number, how: "crash" | "losePower"): void {
    this.disk.dieAt(operations, () => (how === "crash" ? this.crash() : this.losePower()))
  }

  dispose(): void {
    this.end()
  }

  private end(): void {
    const { life } = this
    if (life === undefined) return
    this.life = undefined
    life.process.kill()
    life.lease.giveBack()
    this.cluster.options.network.crash(life.process)
  }

  private exited(life: Life, exit: Exit.Exit<never, BrokerFailure>): void {
    if (this.life !== life || Exit.isSuccess(exit)) return
    const { world } = this.cluster.options
    const text = Cause.pretty(exit.cause)
    const wasAsked = life.isStopping && Cause.hasInterruptsOnly(exit.cause)
    if (!wasAsked) this.cluster.endings.push({ nodeId: this.id, atMs: world.nowMs, text, isDefect: isBug(exit.cause) })
    world.tell(this.host, `ended: ${text}`)
    this.end()
    this.disk.crash()
  }

  private program(life: Life): Effect.Effect<never, BrokerFailure> {
    const { network, configOf, parts } = this.cluster.options
    const disk = this.disk.mount(life.process)
    const seams = Layer.mergeAll(
      Layer.succeed(Disk, disk),
      Layer.succeed(Network, network.mount(this.host, life.process)),
      Layer.succeed(BrokerArena, life.lease.arena),
      Layer.succeed(NodeWitness, {
        control: (shown) => {
          life.control = shown
        },
        quorumFailed: () => {
          life.control = undefined
        },
        node: (shown) => {
          life.node = shown
        }
      })
    )
    const broker = layer(configOf(this.id), parts).pipe(Layer.provide(seams))
    return Effect.gen(function* () {
      const started = yield* Broker
      life.isReady = true
      return yield* started.failed
    }).pipe(Effect.provide(broker))
  }
}

export class SimCluster {
  readonly options: ClusterOptions
  readonly nodes: ReadonlyArray<SimNode>
  readonly endings: Array<Ending> = []

  constructor(options: ClusterOptions) {
    this.options = options
    const { world, nodeIds, skewMs } = options
    this.nodes = nodeIds.map((id) => new SimNode(this, id, world.machine(hostOf(id), skewMs?.(id) ?? 0)))
  }

  node(id: number): SimNode {
    const found = this.nodes.find((node) => node.id === id)
    if (found === undefined) throw new RangeError(`there is no node ${id}`)
    return found
  }

  /** Where clients begin. */
  get bootstrap(): ReadonlyArray<Address> {
    return this.nodes.map(({ host }) => ({ host, port: clientPort }))
  }

  startAll(): void {
    for (const node of this.nodes) node.start()
  }

  /** Nothing gets to the node or from it, its own machine aside. `others` also counts clients' machines. */
  isolate(id: number, others: ReadonlyArray<string>): void {
    const { network, world } = this.options
    const { host } = this.node(id)
    world.tell(host, "isolated")
    for (const other of others) {
      if (other === host) continue
      network.block(host, other)
      network.block(other, host)
    }
  }

  /** Ends all processes: the world is over. */
  dispose(): void {
    for (const node of this.nodes) node.dispose()
  }

  get isUp(): boolean {
    return this.nodes.every(({ state, isStopping }) => state === "Up" && !isStopping)
  }
}
