/**
 * One run: a cluster, a workload and a storm, drawn from a seed; then all is healed, everything begun has to end, and what is there is
 * held against what clients were told. Invariant: the same options make the same run, to the last step.
 */

import { bus } from "@klamm/broker/Bus"
import { type Address, Network } from "@klamm/platform/Network"
import type { Codecs } from "@klamm/protocol/Compression"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Lease, leaseArena } from "./ArenaPool.ts"
import { Chance } from "./Chance.ts"
import { BallotWatch } from "./check/Ballots.ts"
import { overstayed } from "./check/Coordinators.ts"
import { checkAll, type Violation } from "./check/index.ts"
import { keyedLogsOn } from "./check/KeyedLogs.ts"
import { logsOn, matching, type StoredLog } from "./check/Logs.ts"
import { QuorumWatch } from "./check/Quorum.ts"
import { ReplicaWatch } from "./check/Replicas.ts"
import { SpreadWatch } from "./check/Spread.ts"
import { StandstillWatch } from "./check/Standstill.ts"
import { Director } from "./Director.ts"
import { drawSwarm, mustHold, type Promises, type Swarm, type SwarmOverrides } from "./Faults.ts"
import { History } from "./History.ts"
import { KeyedHistory } from "./KeyedHistory.ts"
import { configOf } from "./Nodes.ts"
import { SimCluster } from "./SimCluster.ts"
import { SimNetwork } from "./SimNetwork.ts"
import type { Trace } from "./Trace.ts"
import { World, WorldError } from "./World.ts"
import { createTopic } from "./workload/Admin.ts"
import { type Client, makeClient } from "./workload/Client.ts"
import { type Found, takeStock } from "./workload/Stock.ts"
import { runSurgeon } from "./workload/Surgeon.ts"
import { startWorkload } from "./workload/Workload.ts"

export interface SimulationOptions {
  readonly seed: number
  readonly codecs: Codecs
  readonly overrides?: SwarmOverrides
  readonly trace?: Trace
  /** What checkers take to be promised, instead of what is. */
  readonly promises?: Partial<Promises>
}

export interface Outcome {
  readonly swarm: Swarm
  readonly hash: string
  readonly steps: number
  /** The world's time in the end. */
  readonly worldMs: number
  readonly faults: ReadonlyMap<string, number>
  readonly sends: number
  readonly acknowledged: number
  readonly reads: number
  readonly violations: ReadonlyArray<Violation>
}

/** Of a cluster whose nodes are told which one they belong to. */
const clusterId = "c2ltdWxhdGVkLWNsdXN0ZQ"

export const mainTopic = "main"
/** How long the workload goes on after all is healed. */
const calmMs = 3_000
/** How long what was begun may take to end in a healed cluster, and reading all of it. */
const settleLimitMs = 180_000
const maxSteps = 20_000_000
const decompressedBytes = 16 * 1024 * 1024

/** All that a run is made of; clients join it. */
export class Simulation {
  readonly swarm: Swarm
  readonly world: World
  readonly network: SimNetwork
  readonly cluster: SimCluster
  readonly history = new History()
  readonly keyed = new KeyedHistory()
  readonly codecs: Codecs
  readonly violations: Array<Violation> = []
  isStopping = false
  private readonly leases: Array<Lease> = []
  private readonly running = new Set<string>()

  constructor(options: SimulationOptions) {
    const { seed, codecs, overrides, trace } = options
    this.codecs = codecs
    this.swarm = drawSwarm(seed, new Chance(seed, "/swarm"), overrides)
    const { disorder, opsPerTurn, brokers, settings } = this.swarm
    this.world = new World({ seed, disorder, opsPerTurn, maxSteps, ...(trace === undefined ? {} : { trace }) })
    const { world } = this
    const wire = world.process(world.machine("wire"), "wire")
    const events = {
      nowMs: () => world.nowMs,
      after: (delayMs: number, run: () => void) => world.after(wire, delayMs, run)
    }
    this.network = new SimNetwork(events, world.chance.fork("network"))
    this.network.condition.smallPieces = this.swarm.smallPieces
    this.network.condition.delayMs = [0.05, this.swarm.maxDelayMs]
    const nodeIds = Array.from({ length: brokers }, (_, index) => index + 1)
    const skew = world.chance.fork("skew")
    this.cluster = new SimCluster({
      world,
      network: this.network,
      nodeIds,
      configOf: configOf(nodeIds, settings),
      parts: { codecs, bus: Effect.succeed(bus), format: brokers > 1 ? { clusterId, initial: undefined } : undefined },
      skewMs: () => skew.between(-500, 500)
    })
  }

  readonly nowMs = (): number => this.world.nowMs
  readonly stopping = (): boolean => this.isStopping

  get bootstrap(): ReadonlyArray<Address> {
    return this.cluster.bootstrap
  }

  get decompression() {
    return { codecs: this.codecs, maxBytes: decompressedBytes }
  }

  /** Starts a client on a machine of its own; answers its machine's name. */
  join<E>(name: string, use: (client: Client) => Effect.Effect<void, E>): string {
    const { world, network, bootstrap } = this
    const life = world.process(world.machine(name), name)
    const lease = leaseArena()
    this.leases.push(lease)
    const options = { arena: lease.arena, clientId: name, bootstrap, chance: world.chance.fork(`client ${name}`) }
    const program = Effect.scoped(Effect.flatMap(makeClient(options), use))
    this.running.add(name)
    life.run(Effect.provideService(program, Network, network.mount(name, life)), (exit) => {
      this.running.delete(name)
      if (Exit.isFailure(exit))
        this.violations.push({ check: "client", detail: `${name}: ${Cause.pretty(exit.cause)}` })
    })
    return name
  }

  /** Until every client has ended; or too much time has passed, which is a violation. */
  awaitClients(what: string): Effect.Effect<void> {
    const deadline = this.world.nowMs + settleLimitMs
    const look: Effect.Effect<void> = Effect.suspend(() => {
      if (this.running.size === 0) return Effect.void
      if (this.world.nowMs < deadline) return Effect.andThen(Effect.sleep(20), look)
      const waiting = [...this.running].join(", ")
      const detail = `${what}: ${waiting} not ended ${settleLimitMs / 1_000} s after all was healed`
      this.violations.push({ check: "liveness", detail })
      return Effect.void
    })
    return look
  }

  dispose(): void {
    for (const lease of this.leases) lease.giveBack()
    this.cluster.dispose()
  }
}

const replicationOf = ({ brokers }: Swarm): number => Math.min(3, brokers)

/** How often the disks are looked over while the world goes on, in milliseconds. */
const lookMs = 2_000
const spreadLookMs = 200
/** How often what nodes believe is judged. */
const beliefLookMs = 10

const logsOf = ({ cluster, decompression }: Simulation): ReadonlyArray<StoredLog> =>
  cluster.nodes.flatMap((node) => logsOn(node, mainTopic, decompression))

/** What must hold of the disks at any time. */
const lookOver = (run: Simulation): Effect.Effect<never> => {
  const quorum = new QuorumWatch(run.cluster)
  return Effect.forever(
    Effect.andThen(
      Effect.sleep(lookMs),
      Effect.sync(() => run.violations.push(...matching(logsOf(run)), ...quorum.look()))
    )
  )
}

/** More often: what is promised is on enough disks. */
const lookAtSpread = (run: Simulation, promises: () => Promises): Effect.Effect<never> => {
  const { cluster, history } = run
  const { partitions, minInSync } = run.swarm
  const spread = new SpreadWatch({ cluster, history, topic: mainTopic, partitions, minInSync, promises })
  return Effect.forever(
    Effect.andThen(
      Effect.sleep(spreadLookMs),
      Effect.sync(() => run.violations.push(...spread.look()))
    )
  )
}

/** Whether what may go on goes on. */
const lookForStandstill = (run: Simulation, director: Director, promises: () => Promises): Effect.Effect<never> => {
  const { cluster, history, nowMs } = run
  const { partitions } = run.swarm
  const disturbedMs = () => director.lastDisturbedMs
  const watch = new StandstillWatch({ cluster, history, topic: mainTopic, partitions, nowMs, promises, disturbedMs })
  return Effect.forever(
    Effect.andThen(
      Effect.sleep(spreadLookMs),
      Effect.sync(() => run.violations.push(...watch.look()))
    )
  )
}

/** Most often: what nodes believe is so. Ends with the first thing that is wrong, and the run with it. */
const lookAtBeliefs = (run: Simulation, promises: () => Promises): Effect.Effect<void> => {
  const { cluster, history } = run
  const { partitions } = run.swarm
  const ballots = new BallotWatch(cluster)
  const replicas = new ReplicaWatch({ cluster, history, topic: mainTopic, partitions, promises })
  const look: Effect.Effect<void> = Effect.suspend(() => {
    const wrong = [
      ...(promises().keepsAcksAll ? ballots.look() : []),
      ...replicas.look(),
      ...cluster.nodes.flatMap(overstayed)
    ]
    run.violations.push(...wrong)
    return wrong.length > 0 ? Effect.void : Effect.andThen(Effect.sleep(beliefLookMs), look)
  })
  return look
}

/** Loses disks when the storm wants to and nothing is lost by it. */
const startSurgeon = (run: Simulation, director: Director): void => {
  if (!run.swarm.kinds.includes("lostDisk")) return
  run.join("surgeon", (client) =>
    runSurgeon({
      client,
      brokers: run.bootstrap,
      isWanted: () => director.awaitsSync,
      inSync: director.inSync,
      isStopping: run.stopping
    })
  )
}

/** What is known of the compacted topic in the end, where there is one. */
const keyedEvidence = ({ cluster, decompression, keyed }: Simulation, { passes: final }: Found) => {
  const logs = cluster.nodes.flatMap((node) => keyedLogsOn(node, keyed.partitions, decompression))
  return keyed.partitions === 0 ? undefined : { history: keyed, final, logs }
}

const script = (run: Simulation, director: Director, found: (stock: Found) => void): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { swarm, history, nowMs } = run
    run.cluster.startAll()
    yield* Effect.forkChild(director.supervise)
    const plan = {
      name: mainTopic,
      partitions: swarm.partitions,
      replicationFactor: replicationOf(swarm),
      configs: { "min.insync.replicas": String(swarm.minInSync) }
    }
    run.join("setup", (client) => createTopic(client, history, nowMs, plan))
    yield* run.awaitClients("creating the first topic")
    director.clientHosts.push(...startWorkload(run, mainTopic, replicationOf(swarm)))
    startSurgeon(run, director)
    yield* Effect.forkChild(lookOver(run))
    const promises = () => mustHold(swarm, director.counts)
    yield* Effect.forkChild(lookAtSpread(run, promises))
    yield* Effect.forkChild(lookForStandstill(run, director, promises))
    yield* Effect.raceFirst(ending(run, director, found), lookAtBeliefs(run, promises))
  })

/** The storm, and what has to come to an end behind it. */
const ending = (run: Simulation, director: Director, found: (stock: Found) => void): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* director.storm
    yield* Effect.sleep(calmMs)
    run.isStopping = true
    yield* run.awaitClients("the workload")
    if (run.violations.length > 0) return
    run.join("stock", (client) => Effect.map(takeStock(client, run, mainTopic), found))
    yield* run.awaitClients("reading everything")
  })

/** What must not be in a log, and processes that ended although nothing was done to them. */
const mishaps = ({ world, cluster }: Simulation, { brokersLast }: Promises): ReadonlyArray<Violation> => [
  ...world.errors
    .filter(({ isDefect }) => isDefect)
    .map((line) => ({ check: "defect", detail: `${line.process}: ${line.text}` })),
  ...cluster.nodes.flatMap(({ host, disk }) =>
    disk.closedUses.map((use) => ({ check: "closed file", detail: `${host}: ${use}` }))
  ),
  ...cluster.endings
    .filter(({ isDefect }) => isDefect || brokersLast)
    .map(({ nodeId, atMs, text }) => ({ check: "ended", detail: `b${nodeId} at ${atMs.toFixed(1)} ms: ${text}` }))
]

const asViolation = (error: unknown): Violation => {
  if (!(error instanceof WorldError)) throw error
  return { check: error.failure.toLowerCase(), detail: `${error.message}\n${error.stack ?? ""}` }
}

export const simulate = (options: SimulationOptions): Outcome => {
  const run = new Simulation(options)
  const { world, swarm, history, violations, network, cluster } = run
  const chance = world.chance.fork("faults")
  const director = new Director({ world, cluster, network, swarm, chance, topic: mainTopic })
  let stock: Found | undefined
  try {
    const exit = world.run(
      script(run, director, (found) => {
        stock = found
      })
    )
    if (Exit.isFailure(exit)) violations.push({ check: "script", detail: Cause.pretty(exit.cause) })
  } catch (error) {
    violations.push(asViolation(error))
  }
  const logs = logsOf(run)
  const promises = { ...mustHold(swarm, director.counts), ...options.promises }
  violations.push(...mishaps(run, promises))
  if (stock !== undefined) {
    const keyed = keyedEvidence(run, stock)
    violations.push(...checkAll({ swarm, promises, history, topic: mainTopic, logs, ...stock, keyed }))
  }
  for (const { check, detail } of violations) world.tell("world", `violation: ${check}: ${detail}`)
  world.tell("world", `sends ${history.sends.length}, reads ${history.reads.length}`)
  run.dispose()
  return {
    swarm,
    hash: world.hash,
    steps: world.steps,
    worldMs: world.nowMs,
    faults: director.counts,
    sends: history.sends.length,
    acknowledged: history.acknowledged,
    reads: history.reads.length,
    violations
  }
}
