/**
 * Many partitions: how long it takes to create them, to restart one node, to go on without one, and what the nodes need in memory.
 * Invariant: a partition counts as led when its leader itself answers for it, and as whole when every broker says that all replicas
 * are in sync. Neighbours: Nodes.ts, Topology.ts, Rounds.ts.
 */
import { listAt, numberAt } from "klamm-test-differential/Value"
import { Client } from "./Client.ts"
import { Gone } from "./Link.ts"
import { type Nodes, processorSeconds, residentMb } from "./Nodes.ts"
import { createTopic, notWhole } from "./Rounds.ts"
import { type PartitionView, Topology } from "./Topology.ts"
import { now, until } from "./Waiting.ts"

const LIST_OFFSETS = 2
const TOPIC = "scale"
const LATEST = -1
const WITHIN_MS = 300_000
const ANSWER_WITHIN_MS = 20_000

/** How many of these partitions their leader does not answer for. */
const unanswered = async (client: Client, leader: number, led: ReadonlyArray<PartitionView>): Promise<number> => {
  const answer = await client.call(
    leader,
    LIST_OFFSETS,
    6,
    {
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        {
          name: TOPIC,
          partitions: led.map(({ partition, epoch }) => ({
            partitionIndex: partition,
            currentLeaderEpoch: epoch,
            timestamp: LATEST
          }))
        }
      ]
    },
    ANSWER_WITHIN_MS
  )
  const partitions = listAt(answer, "topics.0.partitions")
  return partitions.filter((partition) => numberAt(partition, "errorCode") !== 0).length
}

/** Why not all are led by others than `away`; undefined when all are. */
const notLed = async (
  topology: Topology,
  client: Client,
  count: number,
  away?: number
): Promise<string | undefined> => {
  const [asked] = topology.ids.filter((id) => id !== away)
  try {
    const view = await topology.ask(asked!, ANSWER_WITHIN_MS)
    const led = view.partitions.filter(({ leader }) => leader >= 0 && leader !== away)
    if (led.length !== count) return `${led.length} of ${count} have a leader`
    for (const [leader, partitions] of Map.groupBy(led, (one) => one.leader)) {
      const missing = await unanswered(client, leader, partitions)
      if (missing > 0) return `broker ${leader} does not answer for ${missing} of ${partitions.length}`
    }
    return undefined
  } catch (cause) {
    if (cause instanceof Gone) return `a broker does not answer: ${cause.message}`
    throw cause
  }
}

const waitFor = async (what: string, look: () => Promise<string | undefined>): Promise<number> => {
  let why: string | undefined
  return until(
    what,
    WITHIN_MS,
    async () => {
      why = await look()
      return why === undefined
    },
    () => why ?? ""
  )
}

/** What is told of a run. */
class Notes {
  readonly times: Record<string, number> = {}
  private readonly nodes: Nodes

  constructor(nodes: Nodes) {
    this.nodes = nodes
  }

  time(what: string, ms: number): void {
    this.times[what] = Math.round(ms)
    console.log(`${what}: ${Math.round(ms)} ms`)
  }

  async memory(when: string): Promise<void> {
    const { nodes } = this
    const all = await Promise.all(
      nodes.ids.map(async (id) => ({
        id,
        mb: await residentMb(nodes.pid(id)),
        seconds: await processorSeconds(nodes.pid(id))
      }))
    )
    const there = all.filter(({ mb }) => !Number.isNaN(mb))
    this.times[`resident MB ${when}`] = Math.max(...there.map(({ mb }) => mb))
    this.times[`processor s ${when}`] = Math.max(...there.map(({ seconds }) => seconds))
    const texts = there.map(({ id, mb, seconds }) => `broker ${id} ${mb} MB, ${seconds} s of processor`)
    console.log(`${when}: ${texts.join("; ")}`)
  }
}

interface Scene {
  readonly nodes: Nodes
  readonly topology: Topology
  readonly client: Client
  readonly partitions: number
  readonly notes: Notes
}

const whole = ({ topology, partitions }: Scene): Promise<number> =>
  waitFor("all in sync", () => notWhole(topology, partitions))

const create = async (scene: Scene): Promise<void> => {
  const { nodes, topology, client, partitions, notes } = scene
  await nodes.startAll()
  await createTopic(topology, "first", 1, nodes.ids.length)
  await notes.memory("before")
  topology.follow([TOPIC])
  const from = now()
  await createTopic(topology, TOPIC, partitions, nodes.ids.length)
  notes.time("create: answered", now() - from)
  await waitFor("all led", () => notLed(topology, client, partitions))
  notes.time("create: all led", now() - from)
  await whole(scene)
  notes.time("create: all in sync", now() - from)
  await notes.memory("with all partitions")
}

const restart = async (scene: Scene, id: number): Promise<void> => {
  const { nodes, topology, notes } = scene
  const stopping = now()
  await nodes.stop(id)
  notes.time("restart: stopped cleanly", now() - stopping)
  const starting = now()
  await nodes.start(id)
  notes.time("restart: ready", now() - starting)
  await whole(scene)
  notes.time("restart: all in sync", now() - starting)
  const view = await topology.ask(id, ANSWER_WITHIN_MS)
  const counts = nodes.ids.map((one) => `${one}: ${view.partitions.filter(({ leader }) => leader === one).length}`)
  console.log(`leaders after the restart of ${id}: ${counts.join(", ")}`)
}

const failover = async (scene: Scene, id: number): Promise<void> => {
  const { nodes, topology, client, partitions, notes } = scene
  const killing = now()
  await nodes.kill(id)
  if (nodes.ids.length > 1) {
    await waitFor("all led by others", () => notLed(topology, client, partitions, id))
    notes.time("failover: all led", now() - killing)
    await notes.memory("after the failover")
  }
  const returning = now()
  await nodes.start(id)
  notes.time("return: ready", now() - returning)
  await waitFor("all led", () => notLed(topology, client, partitions))
  await whole(scene)
  notes.time("return: all in sync", now() - returning)
  await notes.memory("at the end")
}

export const runScale = async (nodes: Nodes, partitions: number): Promise<boolean> => {
  const topology = new Topology(nodes.addresses)
  const client = new Client(nodes.addresses, "cluster-scale")
  const notes = new Notes(nodes)
  const scene: Scene = { nodes, topology, client, partitions, notes }
  try {
    await create(scene)
    await restart(scene, nodes.ids.at(-1)!)
    // The first took over what the other led before its restart.
    await failover(scene, nodes.ids[0]!)
    console.log(JSON.stringify({ subject: nodes.name, partitions, ...notes.times }))
    return true
  } finally {
    client.close()
    topology.close()
  }
}
