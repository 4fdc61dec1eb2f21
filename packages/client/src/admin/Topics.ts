/** Topics and their partitions: made, removed, grown, described, listed; records removed, offsets looked up. */
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { CreatePartitionsRequest, CreatePartitionsResponse } from "@klamm/protocol/api/37-CreatePartitions"
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse
} from "@klamm/protocol/api/75-DescribeTopicPartitions"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import type { Creation } from "../Topic.ts"
import {
  type AclOperation,
  type Admin,
  anyBroker,
  ask,
  broker,
  byTopic,
  controller,
  type Failure,
  failureOf,
  failuresOf,
  groupBy,
  nameOf,
  operationsIn,
  outcome,
  printPartition,
  refuse,
  type Target,
  type TopicName,
  type TopicPartition
} from "./Call.ts"

const timeoutMs = 30_000
/** The broker's own defaults (KIP-464). */
const brokerDefault = -1

/** A topic by its name, or its value, which says by itself how it is made. */
export type MadeTopic = string | { readonly name: string; readonly creation?: Creation }

/** A topic to be made. What it says here goes before what the topic's value says. */
export interface NewTopic {
  readonly topic: MadeTopic
  /** The topic's own number, or the broker's num.partitions, unless said. */
  readonly partitions?: number
  /** The topic's own, or the broker's default.replication.factor, unless said. */
  readonly replicationFactor?: number
  /** Which brokers have each partition, the preferred leader first; instead of the two numbers. */
  readonly assignments?: ReadonlyArray<ReadonlyArray<number>>
  readonly configs?: Readonly<Record<string, string>>
}

/** A topic that was made, with what the broker filled in; sensitive settings are null. */
export interface CreatedTopic {
  readonly name: string
  readonly id: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string | null>>
}

const creation = ({ topic, partitions, replicationFactor, assignments = [], configs = {} }: NewTopic) => {
  const own = typeof topic === "string" ? {} : (topic.creation ?? {})
  const isAssigned = assignments.length > 0
  return {
    name: nameOf(topic),
    numPartitions: isAssigned ? brokerDefault : (partitions ?? own.partitions ?? brokerDefault),
    replicationFactor: isAssigned ? brokerDefault : (replicationFactor ?? own.replicationFactor ?? brokerDefault),
    assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    configs: Object.entries({ ...own.configs, ...configs }).map(([name, value]) => ({ name, value }))
  }
}

/**
 * Makes topics; those that a topic's value says nothing of are made by the broker's defaults. Fails with AdminError,
 * which names the topics that were refused, TOPIC_ALREADY_EXISTS among them; the others are made. With `validateOnly`
 * none is.
 */
export const createTopics = (
  topics: ReadonlyArray<NewTopic | MadeTopic>,
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

/**
 * Deletes topics with all their records. Fails with AdminError, which names those that were refused; the others are
 * deleted.
 */
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

/** A topic by its name and its id. */
export interface ListedTopic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
}

/** All topics that one may see; internal ones are left out unless said. Fails with AdminError. */
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

/** A partition: who leads it, who has it, who of these is in sync. */
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

/** A topic with its partitions, in the order of their numbers. */
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

/** The same of one topic; UNKNOWN_TOPIC_OR_PARTITION when it is not there. */
export const describeTopic = (topic: TopicName): Admin<TopicDescription> =>
  Effect.flatMap(describeTopics([topic]), ([found]) =>
    found === undefined ? refuse("describeTopic", nameOf(topic), "UNKNOWN_TOPIC_OR_PARTITION") : Effect.succeed(found)
  )

/** The leaders of partitions as the brokers know them now. */
export const leadersOf = (
  operation: string,
  partitions: ReadonlyArray<TopicPartition>
): Admin<ReadonlyMap<string, number>> =>
  ask({
    operation,
    target: anyBroker,
    api: { request: MetadataRequest, response: MetadataResponse },
    minVersion: 10,
    body: {
      topics: byTopic(partitions).map(([name]) => ({ name, topicId: ZERO })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: false,
      includeClusterAuthorizedOperations: false
    },
    read: ({ topics }) => {
      const leaders = new Map<string, number>()
      for (const { name, partitions: found } of topics) {
        for (const { partitionIndex, leaderId, errorCode } of found) {
          if (errorCode === ErrorCode.NONE) leaders.set(printPartition(name ?? "", partitionIndex), leaderId)
        }
      }
      const lost = topics.length > 0 && topics.every(({ errorCode }) => errorCode !== ErrorCode.NONE)
      const leaderless = partitions
        .map(({ topic, partition }) => printPartition(nameOf(topic), partition))
        .filter((name) => !leaders.has(name))
      const failures: ReadonlyArray<Failure> = lost
        ? failuresOf(topics, ({ name }) => name ?? "")
        : leaderless.flatMap((name) => failureOf(name, { errorCode: ErrorCode.LEADER_NOT_AVAILABLE }))
      return outcome<ReadonlyMap<string, number>>(leaders, failures)
    }
  })

/** Asks each partition's leader for the partitions it leads, all of them at once, and puts the answers together. */
export const askLeaders = <P extends TopicPartition, A>(
  operation: string,
  partitions: ReadonlyArray<P>,
  each: (target: Target, led: ReadonlyArray<P>) => Admin<ReadonlyArray<A>>
): Admin<ReadonlyArray<A>> =>
  Effect.gen(function* () {
    const leaders = yield* leadersOf(operation, partitions)
    const led = groupBy(
      partitions,
      ({ topic, partition }) => leaders.get(printPartition(nameOf(topic), partition)) ?? -1
    )
    const answers = yield* Effect.forEach(led, ([leader, mine]) => each(broker(leader), mine), {
      concurrency: "unbounded"
    })
    return answers.flat()
  })
