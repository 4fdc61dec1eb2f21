/**
 * Which topics have partitions of a kind: those in whose ISR a broker is, those it leads, those without a leader. So what one broker
 * has to do with is found without going through every partition of the cluster.
 *
 * Invariant: for every kind and topic the count is that of the topic's partitions; a topic without any is not there. It is derived
 * by `Topics.ts` as records are replayed, and no record carries it.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Partition } from "./Topics.ts"

export interface Kind {
  readonly key: string
  readonly holds: (partition: Partition) => boolean
}

const isrKey = (brokerId: number): string => `isr/${brokerId}`
const elrKey = (brokerId: number): string => `elr/${brokerId}`
const leaderKey = (brokerId: number): string => `leader/${brokerId}`

export const inSyncOn = (brokerId: number): Kind => ({
  key: isrKey(brokerId),
  holds: ({ isr }) => isr.includes(brokerId)
})

/** In the ELR (KIP-966). */
export const eligibleOn = (brokerId: number): Kind => ({
  key: elrKey(brokerId),
  holds: ({ eligibleLeaderReplicas }) => eligibleLeaderReplicas.includes(brokerId)
})

export const ledBy = (brokerId: number): Kind => ({
  key: leaderKey(brokerId),
  holds: ({ leader }) => leader === brokerId
})

const leaderlessKey = "leaderless"
export const leaderless: Kind = { key: leaderlessKey, holds: ({ leader }) => leader === -1 }

/** Led by another than the first replica, or by nobody. */
const imbalancedKey = "imbalanced"
export const imbalanced: Kind = { key: imbalancedKey, holds: ({ leader, replicas }) => leader !== replicas[0] }

/** With an ELR. */
const eligibleKey = "eligible"
export const eligible: Kind = {
  key: eligibleKey,
  holds: ({ eligibleLeaderReplicas }) => eligibleLeaderReplicas.length > 0
}

/** Partitions by kind and topic id. */
export type PartitionIndex = HashMap.HashMap<string, HashMap.HashMap<string, number>>

export const empty: PartitionIndex = HashMap.empty()

const count = (counts: Map<string, number>, partition: Partition, by: number): void => {
  const add = (key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + by)
  }
  for (const id of partition.isr) add(isrKey(id))
  for (const id of partition.eligibleLeaderReplicas) add(elrKey(id))
  add(partition.leader === -1 ? leaderlessKey : leaderKey(partition.leader))
  if (imbalanced.holds(partition)) add(imbalancedKey)
  if (eligible.holds(partition)) add(eligibleKey)
}

const countOf = (index: PartitionIndex, key: string): HashMap.HashMap<string, number> =>
  Option.getOrElse(HashMap.get(index, key), () => HashMap.empty<string, number>())

/** The index after partitions of a topic have become others. */
export const changed = (
  index: PartitionIndex,
  topicId: string,
  before: ReadonlyArray<Partition>,
  after: ReadonlyArray<Partition>
): PartitionIndex => {
  const counts = new Map<string, number>()
  for (const partition of before) count(counts, partition, -1)
  for (const partition of after) count(counts, partition, 1)
  let next = index
  for (const [key, by] of counts) {
    if (by === 0) continue
    const topics = countOf(next, key)
    const total = Option.getOrElse(HashMap.get(topics, topicId), () => 0) + by
    const changedTopics = total === 0 ? HashMap.remove(topics, topicId) : HashMap.set(topics, topicId, total)
    next = HashMap.isEmpty(changedTopics) ? HashMap.remove(next, key) : HashMap.set(next, key, changedTopics)
  }
  return next
}

/** Ids of the topics that have partitions of the kind. */
export const topicIds = (index: PartitionIndex, kind: Kind): ReadonlyArray<string> => [
  ...HashMap.keys(countOf(index, kind.key))
]

export const has = (index: PartitionIndex, kind: Kind): boolean => HashMap.has(index, kind.key)
