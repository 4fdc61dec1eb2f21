/**
 * What is known of the cluster, and how an answer of a broker changes it. Pure: values in, a new value out.
 *
 * Invariants: a partition's leader is never replaced by one of an older epoch (KIP-320), unless the topic has been made anew; brokers
 * that an answer does not name are gone. Neighbour: `ClusterLive.ts` asks and holds the latest value.
 */
import type {
  MetadataResponse,
  MetadataResponsePartition,
  MetadataResponseTopic
} from "@klamm/protocol/api/03-Metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import type { Broker, ClusterMetadata, LeaderNews, PartitionMetadata, TopicMetadata } from "../Cluster.ts"

export const nothingKnown: ClusterMetadata = {
  clusterId: null,
  controllerId: -1,
  brokers: new Map(),
  topics: new Map()
}

const partitionOf = (told: MetadataResponsePartition): PartitionMetadata => ({
  partition: told.partitionIndex,
  errorCode: told.errorCode,
  leaderId: told.leaderId,
  leaderEpoch: told.leaderEpoch,
  replicas: told.replicaNodes.slice(),
  inSync: told.isrNodes.slice(),
  offline: told.offlineReplicas.slice()
})

/** The newer of two; epochs that a broker did not tell are taken as new. */
const newer = (known: PartitionMetadata | undefined, told: PartitionMetadata): PartitionMetadata =>
  known !== undefined && told.leaderEpoch >= 0 && known.leaderEpoch > told.leaderEpoch ? known : told

const isSameTopic = (known: TopicMetadata | undefined, topicId: string): boolean =>
  known !== undefined && (known.topicId === topicId || known.topicId === ZERO || topicId === ZERO)

const topicOf = (known: TopicMetadata | undefined, told: MetadataResponseTopic, name: string): TopicMetadata => {
  const { topicId } = told
  const before = isSameTopic(known, topicId) ? known : undefined
  const partitions = told.partitions
    .map((each) => newer(before?.partitions[each.partitionIndex], partitionOf(each)))
    .toSorted((one, other) => one.partition - other.partition)
  return { name, topicId, isInternal: told.isInternal, errorCode: told.errorCode, partitions }
}

/** What is known after an answer. The topics that were asked for are as it says, all others stay as they were. */
export const learned = (known: ClusterMetadata, answer: MetadataResponse): ClusterMetadata => {
  const topics = new Map(known.topics)
  for (const told of answer.topics) {
    if (told.name !== null) topics.set(told.name, topicOf(topics.get(told.name), told, told.name))
  }
  const brokers = answer.brokers.map(({ nodeId: id, host, port, rack }): [number, Broker] => [
    id,
    { id, host, port, rack }
  ])
  return {
    clusterId: answer.clusterId,
    controllerId: answer.controllerId,
    brokers: brokers.length === 0 ? known.brokers : new Map(brokers),
    topics
  }
}

const withLeader = (topic: TopicMetadata, { partition, leader }: LeaderNews): TopicMetadata => {
  const partitions = topic.partitions.map((each) =>
    each.partition === partition && leader.epoch > each.leaderEpoch
      ? { ...each, errorCode: ErrorCode.NONE, leaderId: leader.id, leaderEpoch: leader.epoch }
      : each
  )
  return { ...topic, partitions }
}

/** What is known after a broker named newer leaders in another answer (KIP-951). */
export const heard = (
  known: ClusterMetadata,
  news: ReadonlyArray<LeaderNews>,
  endpoints: Iterable<Broker>
): ClusterMetadata => {
  const topics = new Map(known.topics)
  const brokers = new Map(known.brokers)
  for (const endpoint of endpoints) brokers.set(endpoint.id, endpoint)
  for (const each of news) {
    const topic = topics.get(each.topic)
    if (topic !== undefined && brokers.has(each.leader.id)) topics.set(each.topic, withLeader(topic, each))
  }
  return { ...known, brokers, topics }
}
