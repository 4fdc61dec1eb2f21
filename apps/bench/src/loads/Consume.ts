/**
 * Consuming: what lies in the page cache, what has to come from the disk, ten groups at once, and the tail of what is being written.
 * Neighbours: Load.ts, driver/.
 */
import type { ConsumeJob } from "../driver/Job.ts"
import {
  type Figure,
  GENERATOR_CORES,
  type Load,
  type Measured,
  type Scene,
  throughputFigures,
  throughputOf,
  watched
} from "../Load.ts"
import { dropFromCache } from "../PageCache.ts"
import { KIB, produceJob, withTopic } from "./Produce.ts"

const PARTITIONS = 6
const GROUP_COUNT = 10
const RECORDS = 1_000_000
/** Ten groups read this much each. */
const RECORDS_PER_GROUP = 200_000
/** A reader that is slower than this gives what it has. */
const READ_WITHIN_SECONDS = 30
const FILL_WITHIN_SECONDS = 120
/** The writer is at its speed, and the reader behind it. */
const TAIL_WARM_SECONDS = 2

const PLAN = {
  size: KIB,
  batchBytes: 64 * KIB,
  partitions: PARTITIONS,
  replication: 1,
  acks: "all",
  codec: "none"
} as const

/** Writes what the readers read; the run keeps the topic from one measurement to the next. */
export const fill = async (scene: Scene): Promise<void> => {
  const job = { ...produceJob(scene, PLAN), warmSeconds: 0, seconds: FILL_WITHIN_SECONDS, records: RECORDS }
  const { records } = await scene.driver.run(job, () => undefined)
  if (records < RECORDS) throw new Error(`only ${records} records could be written within ${FILL_WITHIN_SECONDS} s`)
}

const consumeJob = ({ system, round }: Scene, topic: string): ConsumeJob => ({
  kind: "consume",
  brokers: system.bootstrap,
  topic,
  partitions: PARTITIONS,
  size: KIB,
  from: "beginning",
  instances: 1,
  groups: false,
  records: RECORDS,
  warmSeconds: 0,
  seconds: READ_WITHIN_SECONDS,
  run: round
})

const cold = async (scene: Scene): Promise<Measured> => {
  const topic = await scene.filled()
  // Where this cannot be done the figure is left out.
  if (!(await dropFromCache(scene.system.bootstrap, topic))) return {}
  return throughputOf(await watched(scene, consumeJob(scene, topic)))
}

const tail = (scene: Scene): Promise<Measured> =>
  withTopic(scene, PLAN, async () => {
    const { topic, driver, seconds } = scene
    const reading = watched(scene, {
      ...consumeJob(scene, topic),
      from: "end",
      warmSeconds: TAIL_WARM_SECONDS,
      seconds,
      records: Number.MAX_SAFE_INTEGER
    })
    const writing = { ...produceJob(scene, PLAN), warmSeconds: seconds + 2 * TAIL_WARM_SECONDS, seconds: 1 }
    const [cost, written] = await Promise.all([reading, driver.run(writing, () => undefined)])
    const measured = throughputOf(cost)
    // The writer's whole life is not the reader's window: its share is taken at the rate of its own measured second.
    const writerCores = written.cpuSeconds / written.seconds
    return { throughput: measured.throughput, [GENERATOR_CORES]: cost.generatorCores + writerCores }
  })

const TAIL_FIGURES: ReadonlyArray<Figure> = [{ name: "throughput", unit: "MB/s", better: "more" }]

export const consumeLoads: ReadonlyArray<Load> = [
  {
    id: "consume",
    group: "consume",
    title: "consume",
    nodes: 1,
    figures: [
      { name: "throughput", unit: "MB/s", better: "more", goal: 1.1 },
      { name: "broker CPU", unit: "s/GB", better: "less", goal: 1 }
    ],
    isQuick: true,
    run: async (scene) => throughputOf(await watched(scene, consumeJob(scene, await scene.filled())))
  },
  {
    id: "consume-cold",
    group: "consume",
    title: "consume, from disk",
    nodes: 1,
    figures: throughputFigures(),
    isQuick: false,
    run: cold
  },
  {
    id: "consume-groups",
    group: "consume",
    title: `consume, ${GROUP_COUNT} groups`,
    nodes: 1,
    figures: throughputFigures(),
    isQuick: false,
    run: async (scene) => {
      const job = consumeJob(scene, await scene.filled())
      return throughputOf(
        await watched(scene, { ...job, instances: GROUP_COUNT, groups: true, records: RECORDS_PER_GROUP })
      )
    }
  },
  {
    id: "consume-tail",
    group: "consume",
    title: "consume the tail of a produce",
    nodes: 1,
    figures: TAIL_FIGURES,
    isQuick: false,
    run: tail
  }
]
