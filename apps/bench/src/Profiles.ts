/**
 * The budget of our broker: it is started with `--profile`, loaded, and ended, once for each load; `Budget.ts` reads what it has left.
 * Invariants: a load's profile holds a start, that load and a stop, and nothing else: what consumers read was written by a broker before;
 * the broker runs from its sources, whose files say which layer they are of.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Budget, budgetTable, type Profile, secondsByLayer } from "./Budget.ts"
import { createTopic } from "./Cluster.ts"
import type { Driver } from "./driver/Driver.ts"
import type { Job, Outcome } from "./driver/Job.ts"
import type { Options } from "./Options.ts"
import { startOurs } from "./Ours.ts"
import type { System } from "./System.ts"

const KIB = 1024
const PARTITIONS = 6
/** A gigabyte and a bit of values, and the same again where a topic is read thrice. */
const RECORDS = 1_000_000
const READS = 3
const WITHIN_SECONDS = 120
/** Ports from the first one on that the loads of a run do not take. */
const PORT_OFFSET = 100

interface Plan {
  readonly options: Options
  readonly driver: Driver
  readonly say: (text: string) => void
}

const common = (system: System, topic: string) => ({
  brokers: system.bootstrap,
  topic,
  partitions: PARTITIONS,
  size: KIB,
  records: RECORDS,
  warmSeconds: 0,
  seconds: WITHIN_SECONDS
})

const produceJob = (system: System, topic: string, batchBytes: number): Job => ({
  ...common(system, topic),
  kind: "produce",
  batchBytes,
  acks: "all",
  codec: "none"
})

const consumeJob = (system: System, topic: string): Job => ({
  ...common(system, topic),
  kind: "consume",
  from: "beginning",
  instances: 1,
  groups: false,
  run: 0
})

/** A budget's loads; each works in a folder of its own. */
class Loads {
  private readonly plan: Plan
  private readonly folder: string

  constructor(plan: Plan, folder: string) {
    this.plan = plan
    this.folder = folder
  }

  private async withBroker<A>(
    data: string,
    synced: boolean,
    profile: string | undefined,
    use: (system: System) => Promise<A>
  ) {
    const port = this.plan.options.port + PORT_OFFSET
    const folder = join(this.folder, data)
    const system = await startOurs({ nodes: 1, port, synced, folder, ...(profile === undefined ? {} : { profile }) })
    try {
      return await use(system)
    } finally {
      await system.close()
    }
  }

  private async run(job: Job): Promise<Outcome> {
    const outcome = await this.plan.driver.run(job, () => undefined)
    if (outcome.records < RECORDS)
      throw new Error(`only ${outcome.records} records went through in ${WITHIN_SECONDS} s`)
    return outcome
  }

  private budgetOf(title: string, outcomes: ReadonlyArray<Outcome>, path: string): Budget {
    const profile: Profile = JSON.parse(readFileSync(path, "utf8"))
    const seconds = secondsByLayer(profile)
    const gigabytes = outcomes.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9
    const rate = outcomes.reduce((sum, { bytes, seconds: each }) => sum + bytes / each / 1e6, 0) / outcomes.length
    this.plan.say(`${title}: ${Math.round(rate)} MB/s`)
    return { title, gigabytes, seconds }
  }

  async produce(title: string, batchBytes: number, synced: boolean): Promise<Budget> {
    const name = `produce-${batchBytes}-${synced}`
    const profile = join(this.folder, `${name}.cpuprofile`)
    const outcome = await this.withBroker(name, synced, profile, async (system) => {
      await createTopic(system.bootstrap, { name, partitions: PARTITIONS, replication: 1 })
      return this.run(produceJob(system, name, batchBytes))
    })
    rmSync(join(this.folder, name), { recursive: true })
    return this.budgetOf(title, [outcome], profile)
  }

  async consume(title: string): Promise<Budget> {
    const profile = join(this.folder, "consume.cpuprofile")
    await this.withBroker("consume", false, undefined, async (system) => {
      await createTopic(system.bootstrap, { name: "consume", partitions: PARTITIONS, replication: 1 })
      return this.run(produceJob(system, "consume", 64 * KIB))
    })
    const outcomes = await this.withBroker("consume", false, profile, async (system) => {
      const all: Array<Outcome> = []
      for (let round = 0; round < READS; round++) all.push(await this.run(consumeJob(system, "consume")))
      return all
    })
    return this.budgetOf(title, outcomes, profile)
  }
}

/** The table, and what is to be said below it. */
export const measureBudget = async (plan: Plan) => {
  const folder = mkdtempSync(join(tmpdir(), "klamm-budget-"))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once("exit", remove)
  try {
    const loads = new Loads(plan, folder)
    const budgets = [
      await loads.produce("produce, 16 KiB", 16 * KIB, false),
      await loads.produce("64 KiB", 64 * KIB, false),
      await loads.produce("1 MiB", KIB * KIB, false),
      await loads.produce("64 KiB, synced", 64 * KIB, true),
      await loads.consume("consume, after a restart")
    ]
    const notes =
      "The broker's main thread alone: syncs and slow writes run in threads of libuv, which no profile shows."
    return { ...budgetTable(budgets), notes }
  } finally {
    remove()
    process.off("exit", remove)
  }
}
