/**
 * Many partitions: how long a topic of so many takes to be made, what writing to all of them gives, what the brokers need in memory.
 * Neighbours: Load.ts, Cluster.ts.
 */
import { createTopic, deleteTopic, now } from "../Cluster.ts"
import { type Figure, type Load, type Measured, type Scene, throughputOf, watched } from "../Load.ts"
import { KIB, produceJob } from "./Produce.ts"

const COUNTS = [10, 1_000, 10_000] as const
const REPLICATED = 2_000

const create = async (scene: Scene, partitions: number, replication: number): Promise<Measured> => {
  const from = now()
  const answered = await createTopic(scene.system.bootstrap, { name: scene.topic, partitions, replication })
  return { "create, answered": answered, "create, all in sync": (now() - from) / 1000 }
}

const measure = async (scene: Scene, partitions: number): Promise<Measured> => {
  const created = await create(scene, partitions, 1)
  try {
    const plan = { size: KIB, batchBytes: 64 * KIB, partitions, replication: 1, acks: "all", codec: "none" } as const
    return { ...created, ...throughputOf(await watched(scene, produceJob(scene, plan))) }
  } finally {
    await deleteTopic(scene.system.bootstrap, scene.topic)
  }
}

const createFigures = (goal?: number): ReadonlyArray<Figure> => [
  { name: "create, answered", unit: "s", better: "less", ...(goal === undefined ? {} : { goal }) },
  { name: "create, all in sync", unit: "s", better: "less" }
]

const LOAD_FIGURES: ReadonlyArray<Figure> = [
  { name: "throughput", unit: "MB/s", better: "more" },
  { name: "broker memory", unit: "MB", better: "less" }
]

export const partitionLoads: ReadonlyArray<Load> = [
  ...COUNTS.map(
    (count): Load => ({
      id: `partitions-${count}`,
      group: "partitions",
      title: `${count.toLocaleString("en")} partitions`,
      nodes: 1,
      figures: [...createFigures(), ...LOAD_FIGURES],
      isQuick: false,
      rounds: 1,
      run: (scene) => measure(scene, count)
    })
  ),
  {
    id: `partitions-${REPLICATED}-rf3`,
    group: "replicated",
    title: `3 brokers, topic of ${REPLICATED.toLocaleString("en")} partitions, RF 3`,
    nodes: 3,
    figures: createFigures(1),
    isQuick: false,
    run: async (scene) => {
      const created = await create(scene, REPLICATED, 3)
      await deleteTopic(scene.system.bootstrap, scene.topic)
      return created
    }
  }
]
