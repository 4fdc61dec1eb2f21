/**
 * How long one record takes: to its acknowledgement and to a consumer that waits for it. In a closed loop (the next when the last has
 * arrived), and at a fixed rate, where a slow one does not hold the next one back. Neighbours: Load.ts, driver/.
 */
import type { LatencyJob } from "../driver/Job.ts"
import { type Figure, GENERATOR_CORES, type Load, type Measured, OTHER_CORES, type Scene, watched } from "../Load.ts"
import { percentile } from "../Statistics.ts"
import { withTopic } from "./Produce.ts"

const RECORD_BYTES = 100
const PARTITIONS = 6
const FIXED_RATE = 500
/** One-record round trips, about as many as fill a second: of one broker, of three. */
export const ROUND_TRIPS_PER_SECOND = { 1: 2_000, 3: 800 } as const

const SHARES = [
  ["p50", 0.5],
  ["p99", 0.99],
  ["p99.9", 0.999]
] as const

type Goals = Readonly<Record<string, number>>

const figuresOf = (goals: Goals): ReadonlyArray<Figure> =>
  ["acknowledged", "end to end"].flatMap((what) =>
    SHARES.map(([share]): Figure => {
      const goal = goals[`${what} ${share}`]
      return { name: `${what} ${share}`, unit: "ms", better: "less", ...(goal === undefined ? {} : { goal }) }
    })
  )

const percentilesOf = (what: string, us: ReadonlyArray<number>): Measured =>
  Object.fromEntries(
    SHARES.map(([name, share]) => {
      const found = percentile(us, share)
      return [`${what} ${name}`, found === undefined ? undefined : found / 1000]
    })
  )

const jobOf = ({ system, topic, seconds }: Scene, replication: 1 | 3, rate: number): LatencyJob => ({
  kind: "latency",
  brokers: system.bootstrap,
  topic,
  partitions: PARTITIONS,
  size: RECORD_BYTES,
  acks: "all",
  rate,
  count: Math.round(Math.max(1, seconds) * (rate === 0 ? ROUND_TRIPS_PER_SECOND[replication] : rate))
})

export const latencyOnce = (scene: Scene, replication: 1 | 3, rate: number): Promise<Measured> =>
  withTopic(scene, { partitions: PARTITIONS, replication }, async () => {
    const { outcome, generatorCores, otherCores } = await watched(scene, jobOf(scene, replication, rate))
    const { acknowledgedUs = [], endToEndUs = [] } = outcome
    if (acknowledgedUs.length < outcome.records || endToEndUs.length < outcome.records) {
      throw new Error(
        `of ${outcome.records} records ${acknowledgedUs.length} were acknowledged and ${endToEndUs.length} arrived`
      )
    }
    return {
      ...percentilesOf("acknowledged", acknowledgedUs),
      ...percentilesOf("end to end", endToEndUs),
      [GENERATOR_CORES]: generatorCores,
      [OTHER_CORES]: otherCores
    }
  })

const loadOf = (nodes: 1 | 3, id: string, title: string, rate: number, goals: Goals, isQuick: boolean): Load => ({
  id,
  group: nodes === 1 ? "latency" : "replicated",
  title,
  nodes,
  figures: figuresOf(goals),
  isQuick,
  hasFloor: true,
  run: (scene) => latencyOnce(scene, nodes, rate)
})

const ONE: Goals = {
  "acknowledged p50": 0.9,
  "acknowledged p99": 0.5,
  "end to end p50": 0.9,
  "end to end p99": 0.5
}

export const latencyLoads: ReadonlyArray<Load> = [
  loadOf(1, "latency-one", "one record at a time", 0, ONE, true),
  loadOf(1, "latency-rate", `${FIXED_RATE} records/s`, FIXED_RATE, {}, false),
  loadOf(
    3,
    "latency-one-rf3",
    "3 brokers, RF 3, one record",
    0,
    { "acknowledged p50": 1, "acknowledged p99": 0.5 },
    false
  ),
  loadOf(3, "latency-rate-rf3", `3 brokers, RF 3, ${FIXED_RATE} records/s`, FIXED_RATE, {}, false)
]
