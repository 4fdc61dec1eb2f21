/**
 * The run: loads in order, each in rounds, the systems in turn within a round, so that what the machine does meanwhile meets all of them.
 * Invariant: systems of one size run together and are closed before those of the other size start; a measurement that fails is told and
 * does not end the run. Neighbours: Load.ts, Report.ts, Ours.ts, Against.ts.
 */
import { openAgainst } from "./Against.ts"
import { createTopic } from "./Cluster.ts"
import type { Driver } from "./driver/Driver.ts"
import type { Load, Measured, Scene } from "./Load.ts"
import { fill } from "./loads/Consume.ts"
import { latencyOnce, ROUND_TRIPS_PER_SECOND } from "./loads/Latency.ts"
import { produceOnce } from "./loads/Produce.ts"
import type { Options } from "./Options.ts"
import { startOurs } from "./Ours.ts"
import { startPlainLoop } from "./PlainLoop.ts"
import { rest } from "./Quiet.ts"
import { type Failure, format, type Result, resultOf } from "./Report.ts"
import type { Role, System } from "./System.ts"

/** What a measurement takes beside the time it measures: a topic, a process, warming up, what is left of it. */
const OVERHEAD_SECONDS = 3
const SECONDS_MIN = 1
const SECONDS_MAX = 10
const SECONDS_DEFAULT = 3
const WARM_SECONDS = 5
const QUICK_WARM_SECONDS = 1
/** So many, for most of what one record goes through to be compiled. */
const WARM_ROUND_TRIPS = 10_000
const QUICK_WARM_ROUND_TRIPS = 2_000
/** Those of three brokers, each with two, un-synced and synced. */
const PORTS_PER_SIZE = 20
/** Behind those of one broker and of three. */
const FLOOR_PORT = 4 * PORTS_PER_SIZE

export type Say = (text: string) => void

export interface Plan {
  readonly loads: ReadonlyArray<Load>
  readonly options: Options
  readonly driver: Driver
  readonly say: Say
}

const roundsOf = (load: Load, options: Options): number => Math.min(load.rounds ?? options.rounds, options.rounds)

/** How long each of so many measurements may last for all of them to fit in the time there is. */
export const secondsEach = (measurements: number, options: Options): number => {
  if (options.seconds === undefined) return SECONDS_DEFAULT
  const share = options.seconds / Math.max(1, measurements) - OVERHEAD_SECONDS
  return Math.min(SECONDS_MAX, Math.max(SECONDS_MIN, share))
}

const systemsOf = ({ nodes, hasFloor }: Load, { options }: Plan, others: ReadonlyArray<System>): number =>
  (options.synced ? 2 : 1) +
  (others.some(({ addresses }) => addresses.length === nodes) ? 1 : 0) +
  (options.floor && hasFloor === true ? 1 : 0)

const openAll = async (
  nodes: 1 | 3,
  { options, say }: Plan,
  others: ReadonlyArray<System>
): Promise<ReadonlyArray<System>> => {
  const systems: Array<System> = []
  for (const synced of options.synced ? [false, true] : [false]) {
    const port = options.port + nodes * PORTS_PER_SIZE + (synced ? PORTS_PER_SIZE / 2 : 0)
    systems.push(await startOurs({ nodes, port, synced }))
  }
  const other = others.find(({ addresses }) => addresses.length === nodes)
  if (other !== undefined) systems.push(other)
  if (options.floor) {
    const first = options.port + FLOOR_PORT
    const ports = Array.from({ length: nodes }, (_, index) => ({
      clients: first + 2 * index,
      replicas: first + 2 * index + 1
    }))
    systems.push(await startPlainLoop(ports))
  }
  for (const { name, bootstrap } of systems)
    say(`${name}: ${nodes === 1 ? "a broker" : `${nodes} brokers`} at ${bootstrap}`)
  return systems
}

/** What one system is measured with; remembers the topic that is made once. */
class Bench {
  private readonly plan: Plan
  private readonly seconds: number
  readonly system: System
  private filling: Promise<string> | undefined

  constructor(plan: Plan, seconds: number, system: System) {
    this.plan = plan
    this.seconds = seconds
    this.system = system
  }

  scene(what: string, round: number): Scene {
    const { system, seconds } = this
    const topic = `bench-${what}-${round}-${Date.now().toString(36)}`
    return { system, seconds, round, topic, driver: this.plan.driver, filled: () => this.filled() }
  }

  private filled(): Promise<string> {
    this.filling ??= (async () => {
      const scene = this.scene("filled", 0)
      await createTopic(this.system.bootstrap, { name: scene.topic, partitions: 6, replication: 1 })
      await fill(scene)
      return scene.topic
    })()
    return this.filling
  }

  /** A system that has not worked yet is slower than it will be, a virtual machine's above all. */
  async warm(nodes: 1 | 3): Promise<void> {
    const { isQuick } = this.plan.options
    const producing = { ...this.scene("warm", 0), seconds: isQuick ? QUICK_WARM_SECONDS : WARM_SECONDS }
    await produceOnce(producing, { batchBytes: 16 * 1024, replication: nodes })
    const roundTrips = isQuick ? QUICK_WARM_ROUND_TRIPS : WARM_ROUND_TRIPS
    const one = { ...this.scene("warm-one", 0), seconds: roundTrips / ROUND_TRIPS_PER_SECOND[nodes] }
    await latencyOnce(one, nodes, 0)
  }
}

const brief = (load: Load, measured: Measured): string => {
  const [figure] = load.figures
  const value = figure === undefined ? undefined : measured[figure.name]
  return value === undefined ? "not measured" : `${format(value)} ${figure?.unit}`
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

class Counter {
  private done = 0
  private readonly all: number
  constructor(all: number) {
    this.all = all
  }
  next(): string {
    this.done += 1
    return `${String(this.done).padStart(String(this.all).length)}/${this.all}`
  }
}

const runLoad = async (load: Load, benches: ReadonlyArray<Bench>, plan: Plan, counter: Counter): Promise<Result> => {
  const rounds: Partial<Record<Role, Array<Measured>>> = {}
  const failures: Array<Failure> = []
  const count = roundsOf(load, plan.options)
  const able = benches.filter(({ system }) => system.role !== "floor" || load.hasFloor === true)
  for (let round = 0; round < count; round++) {
    for (const bench of able) {
      const { role, name } = bench.system
      const label = `${counter.next()}  ${load.title}, round ${round + 1} of ${count}, ${name}`
      const list = rounds[role] ?? []
      rounds[role] = list
      try {
        await rest()
        const measured = await load.run(bench.scene(load.id, round))
        list.push(measured)
        plan.say(`${label}: ${brief(load, measured)}`)
      } catch (cause) {
        list.push({})
        failures.push({ role, round, why: reason(cause) })
        plan.say(`${label}: failed: ${reason(cause)}`)
      }
    }
  }
  return { ...resultOf(load), rounds, failures }
}

/** What is the same for all loads of a run. */
interface Course {
  readonly plan: Plan
  readonly seconds: number
  readonly counter: Counter
  readonly others: ReadonlyArray<System>
}

/** All loads for one size of system. */
const runSize = async (nodes: 1 | 3, { plan, seconds, counter, others }: Course): Promise<ReadonlyArray<Result>> => {
  const loads = plan.loads.filter((load) => load.nodes === nodes)
  if (loads.length === 0) return []
  const systems = await openAll(nodes, plan, others)
  try {
    const benches = systems.map((system) => new Bench(plan, seconds, system))
    for (const bench of benches) {
      plan.say(`${bench.system.name}: warming up`)
      await bench.warm(nodes)
    }
    const results: Array<Result> = []
    for (const load of loads) results.push(await runLoad(load, benches, plan, counter))
    return results
  } finally {
    for (const system of systems) await system.close()
  }
}

export interface Ran {
  readonly results: ReadonlyArray<Result>
  readonly seconds: number
  /** The load generators with their versions. */
  readonly clients: ReadonlyArray<string>
}

export const runAll = async (given: Plan): Promise<Ran> => {
  const clients = new Set<string>()
  const run: Driver["run"] = async (job, onBegin) => {
    const outcome = await given.driver.run(job, onBegin)
    clients.add(outcome.client)
    return outcome
  }
  const plan = { ...given, driver: { ...given.driver, run } }
  const { options, loads } = plan
  const others = await Promise.all(options.against.map((against) => openAgainst({ name: options.name, ...against })))
  const measurements = loads.reduce((count, load) => count + systemsOf(load, plan, others) * roundsOf(load, options), 0)
  const course = { plan, seconds: secondsEach(measurements, options), counter: new Counter(measurements), others }
  plan.say(`${measurements} measurements, ${course.seconds.toFixed(1)} s each, and what each takes beside`)
  const results: Array<Result> = []
  for (const nodes of [1, 3] as const) results.push(...(await runSize(nodes, course)))
  return { results, seconds: course.seconds, clients: [...clients] }
}
