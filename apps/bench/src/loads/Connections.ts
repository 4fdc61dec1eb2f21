/**
 * Many connections: what a thousand idle ones cost and whether one record notices them, and a thousand that each write one record after
 * the other. By raw connections: no client would open so many in one process. Neighbours: Probe.ts, Load.ts.
 */
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { now, sleep } from "../Cluster.ts"
import { Link } from "../Link.ts"
import { type Figure, GENERATOR_CORES, type Load, type Measured, type Scene } from "../Load.ts"
import { isAcknowledged, oneRecord } from "../Probe.ts"
import * as Processes from "../Processes.ts"
import { percentile } from "../Statistics.ts"
import { pidsOf } from "../System.ts"
import { latencyOnce } from "./Latency.ts"
import { withTopic } from "./Produce.ts"

const COUNT = 1_000
/** Opened at the same time, so that no backlog overflows. */
const AT_ONCE = 50
const CONNECT_WITHIN_MS = 10_000
const METADATA = 12
const SETTLE_MS = 500
const PARTITIONS = 6
const RECORD_BYTES = 100

/** Connections that have each had an answer, as a client's have. */
const openAll = async (address: string): Promise<ReadonlyArray<Link>> => {
  const links: Array<Link> = []
  while (links.length < COUNT) {
    const opening = Array.from({ length: Math.min(AT_ONCE, COUNT - links.length) }, async () => {
      const link = await Link.open(address, CONNECT_WITHIN_MS)
      await link.call(MetadataRequest, MetadataResponse, METADATA, { topics: [], allowAutoTopicCreation: false })
      return link
    })
    links.push(...(await Promise.all(opening)))
  }
  return links
}

const closeAll = (links: ReadonlyArray<Link>): void => {
  for (const link of links) link.close()
}

const residentOf = ({ system }: Scene): number | undefined =>
  Processes.sum((pidsOf(system) ?? []).map(Processes.residentMb))

const idle = async (scene: Scene): Promise<Measured> => {
  const before = residentOf(scene)
  const links = await openAll(scene.system.addresses[0]!)
  try {
    await sleep(SETTLE_MS)
    const after = residentOf(scene)
    const kb = before === undefined || after === undefined ? undefined : Math.max(0, ((after - before) * 1000) / COUNT)
    return { ...(await latencyOnce(scene, 1, 0)), "memory each": kb }
  } finally {
    closeAll(links)
  }
}

/** Writes one record after the other until time is up; notes how long each took. */
const write = async (link: Link, frame: Uint8Array, until: number, took: Array<number>): Promise<void> => {
  while (now() < until) {
    const from = now()
    if (!isAcknowledged(await link.exchange(frame))) throw new Error("a record was not acknowledged")
    took.push(now() - from)
  }
}

const active = (scene: Scene): Promise<Measured> =>
  withTopic(scene, { partitions: PARTITIONS, replication: 1 }, async () => {
    const links = await openAll(scene.system.addresses[0]!)
    const frames = Array.from({ length: PARTITIONS }, (_, partition) => oneRecord(scene.topic, partition, RECORD_BYTES))
    const all = async (seconds: number, took: Array<number>): Promise<void> => {
      const until = now() + seconds * 1000
      await Promise.all(links.map((link, index) => write(link, frames[index % PARTITIONS]!, until, took)))
    }
    try {
      await all(1, [])
      const took: Array<number> = []
      const broker = (): number | undefined =>
        Processes.sum((pidsOf(scene.system) ?? []).map(Processes.processorSeconds))
      const [from, cpu, brokerFrom] = [now(), process.cpuUsage(), broker()]
      await all(scene.seconds, took)
      const seconds = (now() - from) / 1000
      const { user, system } = process.cpuUsage(cpu)
      const brokerTo = broker()
      return {
        acknowledged: took.length / seconds,
        p50: percentile(took, 0.5),
        p99: percentile(took, 0.99),
        "broker CPU each":
          brokerFrom === undefined || brokerTo === undefined
            ? undefined
            : ((brokerTo - brokerFrom) * 1e6) / took.length,
        [GENERATOR_CORES]: (user + system) / 1e6 / seconds
      }
    } finally {
      closeAll(links)
    }
  })

const IDLE_FIGURES: ReadonlyArray<Figure> = [
  { name: "memory each", unit: "kB", better: "less" },
  { name: "acknowledged p50", unit: "ms", better: "less" },
  { name: "acknowledged p99", unit: "ms", better: "less" }
]

const ACTIVE_FIGURES: ReadonlyArray<Figure> = [
  { name: "acknowledged", unit: "1/s", better: "more" },
  { name: "p50", unit: "ms", better: "less" },
  { name: "p99", unit: "ms", better: "less" },
  { name: "broker CPU each", unit: "µs", better: "less" }
]

export const connectionLoads: ReadonlyArray<Load> = [
  {
    id: "connections-idle",
    group: "connections",
    title: "1,000 idle connections",
    nodes: 1,
    figures: IDLE_FIGURES,
    isQuick: false,
    run: idle
  },
  {
    id: "connections-active",
    group: "connections",
    title: "1,000 active connections",
    nodes: 1,
    figures: ACTIVE_FIGURES,
    isQuick: false,
    run: active
  }
]
