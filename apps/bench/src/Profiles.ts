/**
 * The budget of our brokers: one or three are started with `--profile`, loaded, and ended, for each load; `Budget.ts` reads what they left.
 * Invariants: a load's profile holds a start, that load and a stop, and nothing else: what consumers read was written by brokers before;
 * brokers run from their sources, whose files say which layer they are of.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Budget, budgetTable, type Profile, secondsByLayer } from "./Budget.ts"
import { createTopic } from "./Cluster.ts"
import type { Driver } from "./driver/Driver.ts"
import type { Job, Outcome } from "./driver/Job.ts"
import type { Options } from "./Options.ts"
import { profileOf, startOurs } from "./Ours.ts"
import { dropFromCache } from "./PageCache.ts"
import type { System } from "./System.ts"

const KIB = 1024
const PARTITIONS = 6
/** A gigabyte and a bit of values, and the same again where a topic is read thrice. */
const RECORDS = 1_000_000
const READS = 3
const WITHIN_SECONDS = 120
/** Ports from the first one on that the loads of a run do not take. */
const PORT_OFFSET = 100

/** How many brokers, and whether they sync before they acknowledge. */
interface Kind {
  readonly nodes: 1 | 3
  readonly synced: boolean
}

const UNSYNCED: Kind = { nodes: 1, synced: false }
const REPLICATED: Kind = { nodes: 3, synced: false }

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

  private async withBrokers<A>(
    data: string,
    kind: Kind,
    profile: string | undefined,
    use: (system: System) => Promise<A>
  ) {
    const port = this.plan.options.port + PORT_OFFSET
    const folder = join(this.folder, data)
    const system = await startOurs({ ...kind, port, folder, ...(profile === undefined ? {} : { profile }) })
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

  private budgetOf(title: string, outcomes: ReadonlyArray<Outcome>, paths: ReadonlyArray<string>): Budget {
    const profiles = paths.map((path): Profile => JSON.parse(readFileSync(path, "utf8")))
    const seconds = secondsByLayer(profiles)
    const gigabytes = outcomes.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9
    const rate = outcomes.reduce((sum, { bytes, seconds: each }) => sum + bytes / each / 1e6, 0) / outcomes.length
    this.plan.say(`${title}: ${Math.round(rate)} MB/s`)
    return { title, gigabytes, seconds }
  }

  /** First by brokers without a profile: what they wrote is dropped, and its pages are at hand for those that have one. */
  async produce(title: string, batchBytes: number, kind: Kind): Promise<Budget> {
    const { nodes, synced } = kind
    const name = `produce-${batchBytes}-${nodes}-${synced}`
    const profile = join(this.folder, `${name}.cpuprofile`)
    const fill = (topic: string) => async (system: System) => {
      await createTopic(system.bootstrap, { name: topic, partitions: PARTITIONS, replication: nodes })
      const outcome = await this.run(produceJob(system, topic, batchBytes))
      await dropFromCache(system.bootstrap, topic)
      return outcome
    }
    await this.withBrokers(name, kind, undefined, fill("first"))
    const outcome = await this.withBrokers(name, kind, profile, fill("second"))
    rmSync(join(this.folder, name), { recursive: true })
    return this.budgetOf(title, [outcome], nodes === 1 ? [profile] : [1, 2, 3].map((node) => profileOf(profile, node)))
  }

  async consume(title: string): Promise<Budget> {
    const profile = join(this.folder, "consume.cpuprofile")
    await this.withBrokers("consume", UNSYNCED, undefined, async (system) => {
      await createTopic(system.bootstrap, { name: "consume", partitions: PARTITIONS, replication: 1 })
      return this.run(produceJob(system, "consume", 64 * KIB))
    })
    const outcomes = await this.withBrokers("consume", UNSYNCED, profile, async (system) => {
      const all: Array<Outcome> = []
      for (let round = 0; round < READS; round++) all.push(await this.run(consumeJob(system, "consume")))
      return all
    })
    return this.budgetOf(title, outcomes, [profile])
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
      await loads.produce("produce, 16 KiB", 16 * KIB, UNSYNCED),
      await loads.produce("64 KiB", 64 * KIB, UNSYNCED),
      await loads.produce("1 MiB", KIB * KIB, UNSYNCED),
      await loads.produce("64 KiB, synced", 64 * KIB, { nodes: 1, synced: true }),
      await loads.consume("consume, after a restart"),
      await loads.produce("RF 3, 16 KiB", 16 * KIB, REPLICATED),
      await loads.produce("RF 3, 1 MiB", KIB * KIB, REPLICATED)
    ]
    const notes =
      "The main threads alone, with RF 3 of all three brokers together: syncs and slow writes run in threads of libuv, which no profile shows. " +
      "Who waits for a processor counts as busy, so that three brokers and a generator on two cores seem to take more than they use."
    return { ...budgetTable(budgets), notes }
  } finally {
    remove()
    process.off("exit", remove)
  }
}
