/**
 * What happens to nodes: a start on data that is there, to the first acknowledged record; memory after it and under load; the pause of
 * the partitions when a leader is killed. Nodes that are not ours to end are not measured. Neighbours: Probe.ts, System.ts.
 */
import { connect, createTopic, deleteTopic, nodesOf, now, partitionsOf, sleep, untilWhole } from "../Cluster.ts"
import { type Figure, GENERATOR_CORES, type Load, type Measured, type Scene, watched } from "../Load.ts"
import { longestPause, PartitionProbe, untilFirstAcknowledged } from "../Probe.ts"
import * as Processes from "../Processes.ts"
import { pidsOf } from "../System.ts"
import { KIB, produceJob, withTopic } from "./Produce.ts"

const FIRST_WITHIN_MS = 60_000
/** After its start a broker has this long to come to rest. */
const SETTLE_MS = 3_000
const WARM_MS = 2_000
const BACK_WITHIN_MS = 60_000
const PROBE_EVERY_MS = 5
const PARTITIONS = 6
/** How long a failover may take before it is told to have failed. */
const FAILOVER_WITHIN_MS = 60_000

const residentOf = ({ system }: Scene): number | undefined =>
  Processes.sum((pidsOf(system) ?? []).map(Processes.residentMb))

const start = async (scene: Scene): Promise<Measured> => {
  const { control, addresses } = scene.system
  const address = addresses[0]!
  if (control === undefined) return {}
  await control.end(address, "SIGTERM")
  const from = now()
  control.start(address)
  await untilFirstAcknowledged(address, scene.topic, FIRST_WITHIN_MS)
  const seconds = (now() - from) / 1000
  await sleep(SETTLE_MS)
  const memory = residentOf(scene)
  await deleteTopic(scene.system.bootstrap, scene.topic)
  return { "first acknowledged": seconds, "memory after start": memory }
}

const PLAN = {
  size: KIB,
  batchBytes: 1024 * KIB,
  partitions: PARTITIONS,
  replication: 1,
  acks: "all",
  codec: "none"
} as const

const memory = (scene: Scene): Promise<Measured> =>
  withTopic(scene, PLAN, async () => {
    const { brokerMb, generatorCores } = await watched(scene, produceJob(scene, PLAN))
    return {
      "under load": brokerMb,
      peak: Processes.sum((pidsOf(scene.system) ?? []).map(Processes.peakMb)),
      [GENERATOR_CORES]: generatorCores
    }
  })

/** Waits until every partition was acknowledged after the moment `from`. */
const untilAllWrite = async (probes: ReadonlyArray<PartitionProbe>, from: number): Promise<void> => {
  const giveUp = now() + FAILOVER_WITHIN_MS
  while (!probes.every(({ times }) => (times.at(-1) ?? 0) > from)) {
    if (now() > giveUp) throw new Error(`not every partition takes writes again within ${FAILOVER_WITHIN_MS} ms`)
    await sleep(PROBE_EVERY_MS)
  }
}

/** Kills the leader of partition 0 and waits until all are written to again; answers which node that was. */
const killLeader = async ({ system, topic }: Scene, probes: ReadonlyArray<PartitionProbe>): Promise<string> => {
  const link = await connect(system.bootstrap)
  const [first] = await partitionsOf(link, topic)
  link.close()
  const address = (await nodesOf(system.bootstrap)).get(first?.leader ?? -1)
  if (address === undefined || system.control === undefined) throw new Error("partition 0 has no leader to kill")
  await sleep(WARM_MS)
  await system.control.end(address, "SIGKILL")
  const from = now()
  await untilAllWrite(probes, from)
  // A partition may have been written to once more before its leader's end was noticed.
  await sleep(WARM_MS)
  await untilAllWrite(probes, now() - WARM_MS / 2)
  return address
}

const failover = async (scene: Scene): Promise<Measured> => {
  const { system, topic } = scene
  if (system.control === undefined) return {}
  const plan = { name: topic, partitions: PARTITIONS, replication: 3 }
  await createTopic(system.bootstrap, plan)
  const addresses = await nodesOf(system.bootstrap)
  const probes = Array.from({ length: PARTITIONS }, (_, partition) => new PartitionProbe(addresses, topic, partition))
  const running = Promise.all(probes.map((probe) => probe.run(PROBE_EVERY_MS)))
  try {
    const killed = await killLeader(scene, probes)
    system.control.start(killed)
  } finally {
    for (const probe of probes) probe.stop()
    await running
  }
  const pauses = probes.map(({ times }) => longestPause(times))
  await back(scene, plan)
  return { "longest pause": Math.max(...pauses) / 1000 }
}

/** The next round wants all three. */
const back = async (
  { system }: Scene,
  plan: { name: string; partitions: number; replication: number }
): Promise<void> => {
  const giveUp = now() + BACK_WITHIN_MS
  while (pidsOf(system) === undefined) {
    if (now() > giveUp) throw new Error("the node that was killed does not come back")
    await sleep(SETTLE_MS / 10)
  }
  await untilWhole(system.bootstrap, plan)
  await deleteTopic(system.bootstrap, plan.name)
}

const MEMORY_FIGURES: ReadonlyArray<Figure> = [
  { name: "under load", unit: "MB", better: "less", goal: 0.15 },
  { name: "peak", unit: "MB", better: "less" }
]

export const lifeLoads: ReadonlyArray<Load> = [
  { id: "memory", group: "memory", title: "memory", nodes: 1, figures: MEMORY_FIGURES, isQuick: true, run: memory },
  {
    id: "start",
    group: "start",
    title: "start",
    nodes: 1,
    figures: [
      { name: "first acknowledged", unit: "s", better: "less", goal: 0.12 },
      { name: "memory after start", unit: "MB", better: "less", goal: 0.25 }
    ],
    isQuick: false,
    run: start
  },
  {
    id: "failover",
    group: "failover",
    title: "3 brokers, a leader is killed",
    nodes: 3,
    figures: [{ name: "longest pause", unit: "s", better: "less", goal: 0.1 }],
    isQuick: false,
    run: failover
  }
]
