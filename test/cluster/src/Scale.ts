/**
 * Many partitions: how long it takes to create them, to restart one node, to go on without one, and what the nodes need in memory.
 * Invariant: a partition counts as led when its leader itself answers for it, and as whole when every broker says that all replicas
 * are in sync. Neighbours: Nodes.ts, Topology.ts, Rounds.ts.
 */
import { keyOf } from "klamm-test-crash/Ledger"
import { listAt, numberAt } from "klamm-test-differential/Value"
import { Client } from "./Client.ts"
import { Gone } from "./Link.ts"
import { type Nodes, residentMb } from "./Nodes.ts"
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

export const runScale = async (nodes: Nodes, partitions: number): Promise<boolean> => {
  const times: Record<string, number> = {}
  const topology = new Topology(nodes.addresses)
  const client = new Client(nodes.addresses, "cluster-scale")
  const note = (what: string, ms: number): void => {
    times[what] = Math.round(ms)
    console.log(`${what}: ${Math.round(ms)} ms`)
  }
  const memory = async (when: string): Promise<void> => {
    const all = await Promise.all(nodes.ids.map(async (id) => `${id}: ${await residentMb(nodes.pid(id))} MB`))
    console.log(`resident ${when}: ${all.join(", ")}`)
  }
  const whole = () => notWhole(topology, partitions)
  try {
    await nodes.startAll()
    await createTopic(topology, "first", 1, nodes.ids.length)
    await memory("before")
    topology.follow([TOPIC])
    const from = now()
    await createTopic(topology, TOPIC, partitions, nodes.ids.length)
    note("create: answered", now() - from)
    await waitFor("all led", () => notLed(topology, client, partitions))
    note("create: all led", now() - from)
    await waitFor("all in sync", whole)
    note("create: all in sync", now() - from)
    await memory("with all partitions")
    const [victim] = [...nodes.ids].reverse()
    const stopping = now()
    await nodes.stop(victim!)
    note("restart: stopped cleanly", now() - stopping)
    const starting = now()
    await nodes.start(victim!)
    note("restart: ready", now() - starting)
    await waitFor("all in sync", whole)
    note("restart: all in sync", now() - starting)
    const views = await topology.askAll()
    const led = [...views.values()][0]!.partitions.filter(({ leader }) => leader === victim).map(keyOf)
    console.log(`broker ${victim} leads ${led.length} after its restart`)
    // So that the killed node is one that leads: the first, which took over what the other led.
    const [killed] = nodes.ids
    const killing = now()
    await nodes.kill(killed!)
    await waitFor("all led by others", () => notLed(topology, client, partitions, killed))
    note("failover: all led", now() - killing)
    await memory("after the failover")
    const returning = now()
    await nodes.start(killed!)
    note("failover: ready again", now() - returning)
    await waitFor("all in sync", whole)
    note("failover: all in sync again", now() - returning)
    await memory("at the end")
    console.log(JSON.stringify({ subject: nodes.name, partitions, times }))
    return true
  } finally {
    client.close()
    topology.close()
  }
}
