/**
 * Topics and their partitions: state, replay and queries. Invariant: the indexes hold the same topics; partition indexes are
 * 0 to n-1 without a gap; partition and leader epochs never fall. Records of one topic that follow one another are replayed
 * together: its partitions are copied once, so that a topic of n partitions is not n copies of n.
 */
import type { PartitionChangeRecord, PartitionRecord, TopicRecord } from "@klamm/protocol/records/metadata/Topics"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as PartitionIndex from "./PartitionIndex.ts"

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
  /** Whether the leader was elected uncleanly and has not yet recovered: one of `recovery`. */
  readonly leaderRecoveryState: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** Values of the leader recovery state (KIP-704). */
export const recovery = { recovered: 0, recovering: 1 } as const

export interface Topic {
  readonly name: string
  readonly id: string
  readonly partitions: ReadonlyArray<Partition>
}

export interface Topics {
  readonly byName: HashMap.HashMap<string, Topic>
  readonly byId: HashMap.HashMap<string, Topic>
  readonly partitionIndex: PartitionIndex.PartitionIndex
}

export const empty: Topics = {
  byName: HashMap.empty(),
  byId: HashMap.empty(),
  partitionIndex: PartitionIndex.empty
}

/** The value of PartitionChangeRecord's leader that says "as it was". */
export const noLeaderChange = -2

/** The log directory that the metadata has for a broker's replica (KIP-858); undefined for a broker that has none. */
export const directoryOf = (
  { replicas, directories }: Pick<Partition, "replicas" | "directories">,
  brokerId: number
): string | undefined => directories[replicas.indexOf(brokerId)]

export const byName = (topics: Topics, name: string): Topic | undefined =>
  Option.getOrUndefined(HashMap.get(topics.byName, name))

export const byId = (topics: Topics, id: string): Topic | undefined =>
  Option.getOrUndefined(HashMap.get(topics.byId, id))

/** Sorted by name. */
export const all = (topics: Topics): ReadonlyArray<Topic> =>
  [...HashMap.values(topics.byName)].sort((one, other) => (one.name < other.name ? -1 : 1))

/** The partitions of a kind, with their topics, by topic name and partition index. */
export const partitionsOf = (
  topics: Topics,
  kind: PartitionIndex.Kind
): ReadonlyArray<{ readonly topic: Topic; readonly partition: Partition }> =>
  PartitionIndex.topicIds(topics.partitionIndex, kind)
    .map((id) => expectTopic(topics, id))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((topic) => topic.partitions.filter(kind.holds).map((partition) => ({ topic, partition })))

/** Whether there is any partition of a kind. */
export const hasPartitionsOf = (topics: Topics, kind: PartitionIndex.Kind): boolean =>
  PartitionIndex.has(topics.partitionIndex, kind)

const expectTopic = (topics: Topics, id: string): Topic => {
  const topic = byId(topics, id)
  if (topic === undefined) throw new Error(`a record names topic ${id}, which is not there`)
  return topic
}

export const replayTopic = (topics: Topics, record: TopicRecord): Topics => {
  const topic: Topic = { name: record.name, id: record.topicId, partitions: [] }
  return {
    ...topics,
    byName: HashMap.set(topics.byName, topic.name, topic),
    byId: HashMap.set(topics.byId, topic.id, topic)
  }
}

const created = (record: PartitionRecord): Partition => ({
  index: record.partitionId,
  replicas: record.replicas,
  directories: record.directories,
  isr: record.isr,
  eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? [],
  lastKnownElr: record.lastKnownElr ?? [],
  addingReplicas: record.addingReplicas,
  removingReplicas: record.removingReplicas,
  leader: record.leader,
  leaderRecoveryState: record.leaderRecoveryState,
  leaderEpoch: record.leaderEpoch,
  partitionEpoch: record.partitionEpoch
})

/** The value of PartitionChangeRecord's recovery state that says "as it was". */
const noRecoveryChange = -1

/** A partition after a change: every one raises the partition epoch; a named leader raises the leader epoch too. */
export const altered = (before: Partition, record: PartitionChangeRecord): Partition => {
  const changesLeader = record.leader !== noLeaderChange
  const keepsRecovery = record.leaderRecoveryState === noRecoveryChange
  return {
    index: before.index,
    replicas: record.replicas ?? before.replicas,
    directories: record.directories ?? before.directories,
    isr: record.isr ?? before.isr,
    eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? before.eligibleLeaderReplicas,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    leader: changesLeader ? record.leader : before.leader,
    leaderRecoveryState: keepsRecovery ? before.leaderRecoveryState : record.leaderRecoveryState,
    leaderEpoch: before.leaderEpoch + (changesLeader ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1
  }
}

/** What a record of a partition is, with the tag of `Record.ts`. */
export type PartitionReplay =
  | ({ readonly _tag: "Partition" } & PartitionRecord)
  | ({ readonly _tag: "PartitionChange" } & PartitionChangeRecord)

const replayed = (topic: Topic, before: Partition | undefined, record: PartitionReplay): Partition => {
  if (record._tag === "Partition") return created(record)
  if (before === undefined) {
    throw new Error(`a record names partition ${record.partitionId} of ${topic.name}, not there`)
  }
  return altered(before, record)
}

/** Records of one topic's partitions, in order. */
export const replayPartitions = (topics: Topics, topicId: string, records: ReadonlyArray<PartitionReplay>): Topics => {
  const topic = expectTopic(topics, topicId)
  const partitions = [...topic.partitions]
  const touched = new Set<number>()
  for (const record of records) {
    const before = partitions[record.partitionId]
    partitions[record.partitionId] = replayed(topic, before, record)
    touched.add(record.partitionId)
  }
  const indexes = [...touched]
  const next: Topic = { ...topic, partitions }
  return {
    byName: HashMap.set(topics.byName, topic.name, next),
    byId: HashMap.set(topics.byId, topic.id, next),
    partitionIndex: PartitionIndex.changed(
      topics.partitionIndex,
      topicId,
      indexes.flatMap((index) => topic.partitions[index] ?? []),
      indexes.flatMap((index) => partitions[index] ?? [])
    )
  }
}

export const replayRemoveTopic = (topics: Topics, topicId: string): Topics => {
  const topic = expectTopic(topics, topicId)
  return {
    byName: HashMap.remove(topics.byName, topic.name),
    byId: HashMap.remove(topics.byId, topicId),
    partitionIndex: PartitionIndex.changed(topics.partitionIndex, topicId, topic.partitions, [])
  }
}
