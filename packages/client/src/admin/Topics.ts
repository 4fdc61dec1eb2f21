/** Topics and their partitions: made, removed, grown, described, listed; records removed, offsets looked up. */
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { DeleteRecordsRequest, DeleteRecordsResponse } from "@klamm/protocol/api/21-DeleteRecords"
import { CreatePartitionsRequest, CreatePartitionsResponse } from "@klamm/protocol/api/37-CreatePartitions"
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse
} from "@klamm/protocol/api/75-DescribeTopicPartitions"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import {
  type AclOperation,
  type Admin,
  anyBroker,
  ask,
  byTopic,
  controller,
  failuresOf,
  nameOf,
  operationsIn,
  outcome,
  printPartition,
  refuse,
  type TopicName,
  type TopicPartition
} from "./Call.ts"
import { askLeaders, toLeader } from "./Leaders.ts"

const timeoutMs = 30_000
/** The broker's own defaults (KIP-464). */
const brokerDefault = -1

export interface NewTopic {
  readonly topic: TopicName
  /** The broker's num.partitions unless said. */
  readonly partitions?: number
  /** The broker's default.replication.factor unless said. */
  readonly replicationFactor?: number
  /** Which brokers have each partition, the preferred leader first; instead of the two numbers. */
  readonly assignments?: ReadonlyArray<ReadonlyArray<number>>
  readonly configs?: Readonly<Record<string, string>>
}

export interface CreatedTopic {
  readonly name: string
  readonly id: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string | null>>
}

const creation = ({ topic, partitions, replicationFactor, assignments = [], configs = {} }: NewTopic) => ({
  name: nameOf(topic),
  numPartitions: assignments.length > 0 ? brokerDefault : (partitions ?? brokerDefault),
  replicationFactor: assignments.length > 0 ? brokerDefault : (replicationFactor ?? brokerDefault),
  assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
  configs: Object.entries(configs).map(([name, value]) => ({ name, value }))
})

export const createTopics = (
  topics: ReadonlyArray<NewTopic | TopicName>,
  options: { readonly validateOnly?: boolean } = {}
): Admin<ReadonlyArray<CreatedTopic>> =>
  ask({
    operation: "createTopics",
    target: controller,
    api: { request: CreateTopicsRequest, response: CreateTopicsResponse },
    body: {
      topics: topics.map((each) => creation(typeof each === "object" && "topic" in each ? each : { topic: each })),
      timeoutMs,
      validateOnly: options.validateOnly ?? false
    },
    read: ({ topics: made }) =>
      outcome(
        made.map(({ name, topicId, numPartitions, replicationFactor, configs }) => ({
          name,
          id: topicId,
          partitions: numPartitions,
          replicationFactor,
          configs: Object.fromEntries((configs ?? []).map((config) => [config.name, config.value]))
        })),
        failuresOf(made, ({ name }) => name),
        made.length
      )
  })

export const deleteTopics = (topics: ReadonlyArray<TopicName>): Admin<void> =>
  ask({
    operation: "deleteTopics",
    target: controller,
    api: { request: DeleteTopicsRequest, response: DeleteTopicsResponse },
    body: (version) =>
      version >= 6
        ? { topics: topics.map((topic) => ({ name: nameOf(topic), topicId: ZERO })), timeoutMs }
        : { topics: [], topicNames: topics.map(nameOf), timeoutMs },
    read: ({ responses }) =>
      outcome(
        undefined,
        failuresOf(responses, ({ name }) => name ?? ""),
        responses.length
      )
  })

/** Grows topics to so many partitions; `assignments` says which brokers have the new ones. */
export const createPartitions = (
  topics: ReadonlyArray<{
    readonly topic: TopicName
    readonly partitions: number
    readonly assignments?: ReadonlyArray<ReadonlyArray<number>>
  }>,
  options: { readonly validateOnly?: boolean } = {}
): Admin<void> =>
  ask({
    operation: "createPartitions",
    target: controller,
    api: { request: CreatePartitionsRequest, response: CreatePartitionsResponse },
    body: {
      topics: topics.map(({ topic, partitions, assignments }) => ({
        name: nameOf(topic),
        count: partitions,
        assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null
      })),
      timeoutMs,
      validateOnly: options.validateOnly ?? false
    },
    read: ({ results }) =>
      outcome(
        undefined,
        failuresOf(results, ({ name }) => name),
        results.length
      )
  })

export interface ListedTopic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
}

export const listTopics = (options: { readonly includeInternal?: boolean } = {}): Admin<ReadonlyArray<ListedTopic>> =>
  ask({
    operation: "listTopics",
    target: anyBroker,
    api: { request: MetadataRequest, response: MetadataResponse },
    minVersion: 10,
    body: {
      topics: null,
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
      includeClusterAuthorizedOperations: false
    },
    read: ({ topics }) =>
      outcome(
        topics
          .filter(({ isInternal }) => options.includeInternal === true || !isInternal)
          .map(({ name, topicId, isInternal }) => ({ name: name ?? "", id: topicId, isInternal }))
      )
  })

export interface PartitionDescription {
  readonly partition: number
  /** Undefined: nobody leads it. */
  readonly leader: number | undefined
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly inSync: ReadonlyArray<number>
  readonly offline: ReadonlyArray<number>
  /** KIP-966: who may lead although not in sync; undefined when the cluster does not say. */
  readonly eligibleLeaders: ReadonlyArray<number> | undefined
  readonly lastKnownLeaders: ReadonlyArray<number> | undefined
}

export interface TopicDescription extends ListedTopic {
  readonly partitions: ReadonlyArray<PartitionDescription>
  readonly authorizedOperations: ReadonlyArray<AclOperation> | undefined
}

interface Described {
  readonly found: ReadonlyArray<TopicDescription>
  readonly next: { readonly topicName: string; readonly partitionIndex: number } | null
}

const describePage = (topics: ReadonlyArray<string>, cursor: Described["next"]): Admin<Described> =>
  ask({
    operation: "describeTopics",
    target: anyBroker,
    api: { request: DescribeTopicPartitionsRequest, response: DescribeTopicPartitionsResponse },
    body: { topics: topics.map((name) => ({ name })), cursor },
    read: (answer) =>
      outcome(
        {
          next: answer.nextCursor,
          found: answer.topics.map((topic) => ({
            name: topic.name ?? "",
            id: topic.topicId,
            isInternal: topic.isInternal,
            authorizedOperations: operationsIn(topic.topicAuthorizedOperations),
            partitions: topic.partitions.map((each) => ({
              partition: each.partitionIndex,
              leader: each.leaderId < 0 ? undefined : each.leaderId,
              leaderEpoch: each.leaderEpoch,
              replicas: [...each.replicaNodes],
              inSync: [...each.isrNodes],
              offline: [...each.offlineReplicas],
              eligibleLeaders: each.eligibleLeaderReplicas?.slice(),
              lastKnownLeaders: each.lastKnownElr?.slice()
            }))
          }))
        },
        failuresOf(answer.topics, ({ name }) => name ?? ""),
        answer.topics.length
      )
  })

/** Page by page, since a topic may have many partitions (KIP-966). */
export const describeTopics = (topics: ReadonlyArray<TopicName>): Admin<ReadonlyArray<TopicDescription>> =>
  Effect.gen(function* () {
    const names = topics.map(nameOf)
    const described = new Map<string, TopicDescription>()
    let cursor: Described["next"] = null
    do {
      const { found, next }: Described = yield* describePage(names, cursor)
      for (const topic of found) {
        const known = described.get(topic.name)
        const partitions = [...(known?.partitions ?? []), ...topic.partitions]
        described.set(topic.name, { ...topic, partitions })
      }
      cursor = next
    } while (cursor !== null)
    return names.flatMap((name) => described.get(name) ?? [])
  })

export const describeTopic = (topic: TopicName): Admin<TopicDescription> =>
  Effect.flatMap(describeTopics([topic]), ([found]) =>
    found === undefined ? refuse("describeTopic", nameOf(topic), "UNKNOWN_TOPIC_OR_PARTITION") : Effect.succeed(found)
  )

/** Where a partition's log begins, ends, has a time; KIP-734, KIP-1005. */
export type OffsetSpec =
  | "earliest"
  | "latest"
  | "maxTimestamp"
  | "earliestLocal"
  | "latestTiered"
  | { readonly timestamp: number }

const namedOffsets = { latest: -1, earliest: -2, maxTimestamp: -3, earliestLocal: -4, latestTiered: -5 } as const

export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  /** -1: nothing is there, or no record is that late. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const isolationLevels = { readUncommitted: 0, readCommitted: 1 } as const

export const listOffsets = (
  partitions: ReadonlyArray<TopicPartition & { readonly at: OffsetSpec }>,
  options: { readonly isolation?: keyof typeof isolationLevels } = {}
): Admin<ReadonlyArray<ListedOffset>> =>
  askLeaders("listOffsets", partitions, (target, led) =>
    toLeader({
      operation: "listOffsets",
      target,
      api: { request: ListOffsetsRequest, response: ListOffsetsResponse },
      body: {
        replicaId: -1,
        isolationLevel: isolationLevels[options.isolation ?? "readUncommitted"],
        topics: byTopic(led).map(([name, parts]) => ({
          name,
          partitions: parts.map(({ partition, at }) => ({
            partitionIndex: partition,
            timestamp: typeof at === "string" ? namedOffsets[at] : at.timestamp
          }))
        })),
        timeoutMs
      },
      read: ({ topics }) => {
        const parts = topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
        const value = parts.map(({ topic, partitionIndex, offset, timestamp, leaderEpoch }) => ({
          topic,
          partition: partitionIndex,
          offset,
          timestamp,
          leaderEpoch
        }))
        return outcome(
          value,
          failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
          parts.length
        )
      }
    })
  )

/** Everything before the offset is removed; -1: everything. Answers where the logs begin now. */
export const deleteRecords = (
  partitions: ReadonlyArray<TopicPartition & { readonly beforeOffset: number }>
): Admin<ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly lowWatermark: number }>> =>
  askLeaders("deleteRecords", partitions, (target, led) =>
    toLeader({
      operation: "deleteRecords",
      target,
      api: { request: DeleteRecordsRequest, response: DeleteRecordsResponse },
      body: {
        topics: byTopic(led).map(([name, parts]) => ({
          name,
          partitions: parts.map(({ partition, beforeOffset }) => ({ partitionIndex: partition, offset: beforeOffset }))
        })),
        timeoutMs
      },
      read: ({ topics }) => {
        const parts = topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
        const value = parts.map(({ topic, partitionIndex, lowWatermark }) => ({
          topic,
          partition: partitionIndex,
          lowWatermark
        }))
        return outcome(
          value,
          failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
          parts.length
        )
      }
    })
  )
