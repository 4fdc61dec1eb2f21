/**
 * Producing as fast as it goes: one thing varied at a time around 1 KiB records, 6 partitions, acks=all, 64 KiB batches, no codec.
 * Neighbours: Load.ts, driver/.
 */
import { createTopic, deleteTopic } from "../Cluster.ts"
import type { Codec, ProduceJob } from "../driver/Job.ts"
import { type Group, type Load, type Measured, type Scene, throughputFigures, throughputOf, watched } from "../Load.ts"
import { dropFromCache } from "../PageCache.ts"

export const KIB = 1024
export const MIB = 1024 * KIB
const WARM_SECONDS = 1

export interface ProducePlan {
  readonly size: number
  readonly batchBytes: number
  readonly partitions: number
  readonly replication: number
  readonly acks: "all" | "1"
  readonly codec: Codec
}

const BASE: ProducePlan = { size: KIB, batchBytes: 64 * KIB, partitions: 6, replication: 1, acks: "all", codec: "none" }

export const produceJob = ({ system, topic, seconds }: Scene, plan: ProducePlan): ProduceJob => ({
  kind: "produce",
  brokers: system.bootstrap,
  topic,
  partitions: plan.partitions,
  size: plan.size,
  batchBytes: plan.batchBytes,
  acks: plan.acks,
  codec: plan.codec,
  warmSeconds: WARM_SECONDS,
  seconds
})

/** On a topic of its own, which is gone afterwards. */
export const withTopic = async <A>(
  { system, topic }: Scene,
  { partitions, replication }: { readonly partitions: number; readonly replication: number },
  use: () => Promise<A>
): Promise<A> => {
  await createTopic(system.bootstrap, { name: topic, partitions, replication })
  try {
    return await use()
  } finally {
    await deleteTopic(system.bootstrap, topic)
  }
}

/** Twice, of which the second time is measured: it fills the pages that the first one had the machine find. */
export const produceOnce = (scene: Scene, change: Partial<ProducePlan> = {}): Promise<Measured> => {
  const plan = { ...BASE, ...change }
  const job = produceJob(scene, plan)
  return withTopic(scene, plan, async () => {
    await scene.driver.run(job, () => undefined)
    await dropFromCache(scene.system.bootstrap, scene.topic)
    const measured = throughputOf(await watched(scene, job))
    await dropFromCache(scene.system.bootstrap, scene.topic)
    return measured
  })
}

interface Variation {
  readonly id: string
  readonly title: string
  readonly change: Partial<ProducePlan>
  readonly goals?: { readonly throughput?: number; readonly cpu?: number }
  readonly isQuick?: boolean
}

const VARIATIONS: ReadonlyArray<Variation> = [
  {
    id: "produce-16k",
    title: "produce, 16 KiB batches",
    change: { batchBytes: 16 * KIB },
    goals: { throughput: 4, cpu: 0.3 },
    isQuick: true
  },
  {
    id: "produce-64k",
    title: "produce, 64 KiB batches",
    change: {},
    goals: { throughput: 2.5, cpu: 0.4 },
    isQuick: true
  },
  {
    id: "produce-1m",
    title: "produce, 1 MiB batches",
    change: { batchBytes: MIB },
    goals: { throughput: 1.4, cpu: 0.6 },
    isQuick: true
  },
  { id: "produce-100b", title: "produce, 100 B records", change: { size: 100 } },
  { id: "produce-acks1", title: "produce, acks=1", change: { acks: "1" } },
  ...[1, 10, 100].map((partitions) => ({
    id: `produce-${partitions}p`,
    title: `produce, ${partitions} partition${partitions === 1 ? "" : "s"}`,
    change: { partitions }
  })),
  ...(["gzip", "snappy", "lz4", "zstd"] as const).map((codec) => ({
    id: `produce-${codec}`,
    title: `produce, ${codec}`,
    change: { codec }
  }))
]

const REPLICATED: ReadonlyArray<Variation> = [
  {
    id: "replicated-16k",
    title: "3 brokers, RF 3, 16 KiB batches",
    change: { batchBytes: 16 * KIB, replication: 3 },
    goals: { throughput: 4 }
  },
  { id: "replicated-64k", title: "3 brokers, RF 3, 64 KiB batches", change: { replication: 3 } },
  {
    id: "replicated-1m",
    title: "3 brokers, RF 3, 1 MiB batches",
    change: { batchBytes: MIB, replication: 3 },
    goals: { throughput: 2 }
  },
  { id: "replicated-acks1", title: "3 brokers, RF 3, acks=1", change: { replication: 3, acks: "1" } },
  { id: "replicated-rf1", title: "3 brokers, RF 1", change: { replication: 1 } }
]

const loadOf = (group: Group, nodes: 1 | 3, { id, title, change, goals, isQuick }: Variation): Load => ({
  id,
  group,
  title,
  nodes,
  figures: throughputFigures(goals),
  isQuick: isQuick === true,
  // It has as many replicas as nodes, and answers when all of them have written.
  hasFloor: nodes === 1 || (change.replication === nodes && change.acks !== "1"),
  run: (scene) => produceOnce(scene, change)
})

export const produceLoads: ReadonlyArray<Load> = [
  ...VARIATIONS.map((variation) => loadOf("produce", 1, variation)),
  ...REPLICATED.map((variation) => loadOf("replicated", 3, variation))
]
