/**
 * Topics and their partitions: state, replay and queries. Invariant: both indexes hold the same topics; partition indexes are
 * 0 to n-1 without a gap; partition and leader epochs never fall.
 */
import type { PartitionChangeRecord, PartitionRecord, TopicRecord } from "@klamm/protocol/records/metadata/Topics"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

export interface Partition {
  readonly index: number
  readonly replicas: ReadonlyArray<number>
  /** The log directory of each replica, in the order of `replicas`. */
  readonly directories: ReadonlyArray<string>
  readonly isr: ReadonlyArray<number>
  readonly eligibleLeaderReplicas: ReadonlyArray<number>
  readonly lastKnownElr: ReadonlyArray<number>
  readonly addingReplicas: ReadonlyArray<number>
  readonly removingReplicas: ReadonlyArray<number>
  /** -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export interface Topic {
  readonly name: string
  readonly id: string
  readonly partitions: ReadonlyArray<Partition>
}

export interface Topics {
  readonly byName: HashMap.HashMap<string, Topic>
  readonly byId: HashMap.HashMap<string, Topic>
}

export const empty: Topics = { byName: HashMap.empty(), byId: HashMap.empty() }

/** The value of PartitionChangeRecord's leader that says "as it was". */
export const noLeaderChange = -2

export const byName = (topics: Topics, name: string): Topic | undefined =>
  Option.getOrUndefined(HashMap.get(topics.byName, name))

export const byId = (topics: Topics, id: string): Topic | undefined =>
  Option.getOrUndefined(HashMap.get(topics.byId, id))

/** Sorted by name. */
export const all = (topics: Topics): ReadonlyArray<Topic> =>
  [...HashMap.values(topics.byName)].sort((one, other) => (one.name < other.name ? -1 : 1))

const put = (topics: Topics, topic: Topic): Topics => ({
  byName: HashMap.set(topics.byName, topic.name, topic),
  byId: HashMap.set(topics.byId, topic.id, topic)
})

export const replayTopic = (topics: Topics, record: TopicRecord): Topics =>
  put(topics, { name: record.name, id: record.topicId, partitions: [] })

const expectTopic = (topics: Topics, id: string): Topic => {
  const topic = byId(topics, id)
  if (topic === undefined) throw new Error(`a record names topic ${id}, which is not there`)
  return topic
}

export const replayPartition = (topics: Topics, record: PartitionRecord): Topics => {
  const topic = expectTopic(topics, record.topicId)
  const partition: Partition = {
    index: record.partitionId,
    replicas: record.replicas,
    directories: record.directories,
    isr: record.isr,
    eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    addingReplicas: record.addingReplicas,
    removingReplicas: record.removingReplicas,
    leader: record.leader,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch
  }
  const partitions = [...topic.partitions]
  partitions[record.partitionId] = partition
  return put(topics, { ...topic, partitions })
}

/** Every change raises the partition epoch; a named leader raises the leader epoch too. */
export const replayPartitionChange = (topics: Topics, record: PartitionChangeRecord): Topics => {
  const topic = expectTopic(topics, record.topicId)
  const before = topic.partitions[record.partitionId]
  if (before === undefined)
    throw new Error(`a record names partition ${record.partitionId} of ${topic.name}, not there`)
  const changesLeader = record.leader !== noLeaderChange
  const after: Partition = {
    index: before.index,
    replicas: record.replicas ?? before.replicas,
    directories: record.directories ?? before.directories,
    isr: record.isr ?? before.isr,
    eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    leader: changesLeader ? record.leader : before.leader,
    leaderEpoch: before.leaderEpoch + (changesLeader ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1
  }
  return put(topics, { ...topic, partitions: topic.partitions.with(record.partitionId, after) })
}

export const replayRemoveTopic = (topics: Topics, topicId: string): Topics => {
  const topic = expectTopic(topics, topicId)
  return { byName: HashMap.remove(topics.byName, topic.name), byId: HashMap.remove(topics.byId, topicId) }
}
