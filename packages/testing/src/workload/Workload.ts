/** The clients of a run: producers, consumers with and without a group, an administrator, and who makes topics and deletes them. */
import { keyedTopic } from "../KeyedHistory.ts"
import type { Simulation } from "../Simulation.ts"
import { runAdmin } from "./Admin.ts"
import { runChurn } from "./Churn.ts"
import { runConsumer } from "./Consumer.ts"
import { maxPartitions, runKeyed } from "./Keyed.ts"
import { runKeyedReader } from "./KeyedReader.ts"
import { runOperator } from "./Operator.ts"
import { runProducer } from "./Producer.ts"

const adminPaceMs = 2_000
const maxTopics = 8
const maxChurned = 20
const operatorPaceMs = 300

/** Who writes the compacted topic that stays, who reads it, and who moves its replicas. */
const startKeyed = (run: Simulation, replicationFactor: number): ReadonlyArray<string> => {
  const { swarm, history, keyed, nowMs, codecs, decompression, bootstrap: brokers, stopping: isStopping } = run
  if (!swarm.isKeyed) return []
  const { minInSync } = swarm
  const place = { topic: keyedTopic, partitions: maxPartitions, minReplicas: Math.min(replicationFactor, minInSync) }
  const writer = run.join("keyed", (client) =>
    runKeyed({ client, history, keyed, nowMs, codecs, replicationFactor, minInSync, isStopping })
  )
  const reader = run.join("keyedReader", (client) => {
    const paceMs = client.chance.skewed(30, 500)
    const maxBytes = client.chance.pick([1_000, 50_000, 1_000_000])
    return runKeyedReader({ client, history, keyed, nowMs, decompression, maxBytes, paceMs, isStopping })
  })
  const operators = (swarm.isOperated ? ["keyedOperator"] : []).map((name) =>
    run.join(name, (client) =>
      runOperator({ client, history, nowMs, brokers, ...place, paceMs: operatorPaceMs, isStopping })
    )
  )
  return [writer, reader, ...operators]
}

/** Starts all of them; answers their machines' names. */
export const startWorkload = (run: Simulation, topic: string, replicationFactor: number): ReadonlyArray<string> => {
  const { swarm, history, nowMs, codecs, decompression, bootstrap: brokers } = run
  const partitions = Array.from({ length: swarm.partitions }, (_, index) => index)
  const isStopping = run.stopping
  const isFull = () => isStopping() || history.sends.length >= swarm.maxSends
  const producers = swarm.producers.map((plan, index) =>
    run.join(`p${index + 1}`, (client) =>
      runProducer({ ...plan, client, history, nowMs, codecs, topic, partitions, isStopping: isFull })
    )
  )
  const consumers = Array.from({ length: swarm.consumers }, (_, index) =>
    run.join(`r${index + 1}`, (client) =>
      runConsumer({
        client,
        history,
        nowMs,
        decompression,
        topic,
        partitions: swarm.partitions,
        group: index === 0 ? "readers" : undefined,
        maxWaitMs: client.chance.pick([5, 100, 500]),
        maxBytes: client.chance.pick([1_000, 50_000, 1_000_000]),
        sessions: client.chance.happens(0.5),
        paceMs: client.chance.pick([1, 20, 200]),
        commits: 0.3,
        restarts: 0.02,
        isStopping
      })
    )
  )
  const admin = run.join("admin", (client) =>
    runAdmin({ client, history, nowMs, replicationFactor, paceMs: adminPaceMs, maxTopics, isStopping })
  )
  const churners = Array.from({ length: swarm.churners }, (_, index) =>
    run.join(`churn${index + 1}`, (client) =>
      runChurn({
        client,
        history,
        nowMs,
        brokers,
        isOperated: swarm.isOperated,
        replicationFactor,
        maxTopics: maxChurned,
        isStopping
      })
    )
  )
  // What rots is looked for on all disks, so that nobody takes a replica away from one.
  const isOperated = swarm.isOperated && !swarm.kinds.includes("rot")
  const minReplicas = Math.min(replicationFactor, swarm.minInSync)
  const operators = (isOperated ? ["operator"] : []).map((name) =>
    run.join(name, (client) =>
      runOperator({
        client,
        history,
        nowMs,
        brokers,
        topic,
        partitions: swarm.partitions,
        minReplicas,
        paceMs: operatorPaceMs,
        isStopping
      })
    )
  )
  return [...producers, ...consumers, admin, ...churners, ...operators, ...startKeyed(run, replicationFactor)]
}
