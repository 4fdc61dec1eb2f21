/**
 * What a load is: on how many nodes, what it tells, how it is run once on one system. Neighbours: loads/ (each kind), Run.ts (runs them
 * in turns), Report.ts.
 */
import type { Driver } from "./driver/Driver.ts"
import type { Job, Outcome } from "./driver/Job.ts"
import * as Processes from "./Processes.ts"
import { pidsOf, type System } from "./System.ts"

export const GROUPS = [
  "produce",
  "consume",
  "latency",
  "memory",
  "connections",
  "partitions",
  "start",
  "replicated",
  "failover"
] as const
export type Group = (typeof GROUPS)[number]

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly better: "more" | "less"
  /** What the ratio to the other system should be: at least so for "more", at most so for "less". */
  readonly goal?: number
}

/** Figures by name; one that could not be measured is left out. */
export type Measured = Readonly<Record<string, number | undefined>>

export interface Scene {
  readonly system: System
  readonly driver: Driver
  /** How long a measurement should last. */
  readonly seconds: number
  readonly round: number
  /** A topic's name that no other measurement has. */
  readonly topic: string
  /** A topic that lies ready to be read; made once for each system. */
  readonly filled: () => Promise<string>
}

export interface Load {
  readonly id: string
  readonly group: Group
  readonly title: string
  readonly nodes: 1 | 3
  readonly figures: ReadonlyArray<Figure>
  /** Part of `--quick`. */
  readonly isQuick: boolean
  /** The plain loop can serve it. */
  readonly hasFloor?: boolean
  /** How often, where once says as much as thrice or takes too long. */
  readonly rounds?: number
  readonly run: (scene: Scene) => Promise<Measured>
}

/** What a job did, and what it cost the system, the generator and the machine. */
export interface Cost {
  readonly outcome: Outcome
  readonly brokerCpuSeconds: number | undefined
  /** The most that was seen while it ran. */
  readonly brokerMb: number | undefined
  /** Cores that the generator kept busy. */
  readonly generatorCores: number
  /** Cores that were busy with neither the brokers nor the generator. */
  readonly otherCores: number | undefined
}

/** Names under which every load tells how far its figures can be trusted. */
export const GENERATOR_CORES = "generator cores"
export const OTHER_CORES = "other cores"

const SAMPLE_EVERY_MS = 200

/** Runs a job and watches what it costs. */
export const watched = async ({ system, driver }: Scene, job: Job): Promise<Cost> => {
  const pids = pidsOf(system) ?? []
  const brokers = (): number | undefined => Processes.sum(pids.map(Processes.processorSeconds))
  const resident = (): number | undefined => Processes.sum(pids.map(Processes.residentMb))
  let brokersAtBegin: number | undefined
  let machineAtBegin: number | undefined
  let brokerMb = resident()
  const timer = setInterval(() => {
    const mb = resident()
    if (mb !== undefined) brokerMb = Math.max(mb, brokerMb ?? 0)
  }, SAMPLE_EVERY_MS)
  try {
    const outcome = await driver.run(job, () => {
      brokersAtBegin = brokers()
      machineAtBegin = Processes.machineSeconds()
    })
    const spent = (from: number | undefined, to: number | undefined): number | undefined =>
      from === undefined || to === undefined ? undefined : to - from
    const brokerCpuSeconds = spent(brokersAtBegin, brokers())
    const machine = spent(machineAtBegin, Processes.machineSeconds())
    const others = spent(brokerCpuSeconds === undefined ? undefined : brokerCpuSeconds + outcome.cpuSeconds, machine)
    return {
      outcome,
      brokerCpuSeconds,
      brokerMb,
      generatorCores: outcome.cpuSeconds / outcome.seconds,
      otherCores: others === undefined ? undefined : Math.max(0, others / outcome.seconds)
    }
  } finally {
    clearInterval(timer)
  }
}

/** Throughput and what it cost, under the names that all loads of this kind share. */
export const throughputOf = ({ outcome, brokerCpuSeconds, brokerMb, generatorCores, otherCores }: Cost): Measured => ({
  throughput: outcome.bytes / outcome.seconds / 1e6,
  "broker CPU": brokerCpuSeconds === undefined ? undefined : brokerCpuSeconds / (outcome.bytes / 1e9),
  "broker memory": brokerMb,
  [GENERATOR_CORES]: generatorCores,
  [OTHER_CORES]: otherCores
})

export const throughputFigures = (goals: { readonly throughput?: number; readonly cpu?: number } = {}) =>
  [
    {
      name: "throughput",
      unit: "MB/s",
      better: "more",
      ...(goals.throughput === undefined ? {} : { goal: goals.throughput })
    },
    { name: "broker CPU", unit: "s/GB", better: "less", ...(goals.cpu === undefined ? {} : { goal: goals.cpu }) }
  ] as const satisfies ReadonlyArray<Figure>
