/**
 * Adding partitions to topics (behaviour 041). `count` is the whole number of partitions wanted.
 */
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { activeReplicas, checkManual, partitionRecord } from "./Assignment.ts"
import { bounded, maxRecordsPerRequest, tooLarge } from "./Bounded.ts"
import { repeatedNames } from "./CreateTopics.ts"
import { place } from "./Placement.ts"
import type { ControllerState } from "./State.ts"

export interface MorePartitions {
  readonly name: string
  readonly count: number
  /** Replicas of the new partitions, or null to have them placed. */
  readonly assignments: ReadonlyArray<{ readonly brokerIds: ReadonlyArray<number> }> | null
}

export interface CreatePartitions {
  readonly _tag: "CreatePartitions"
  readonly topics: ReadonlyArray<MorePartitions>
  readonly validateOnly: boolean
  readonly placementSeed: number
}

export interface PartitionsCreated extends Failure {
  readonly name: string
}

const checkCount = (topic: Topics.Topic, count: number): Failure | undefined => {
  const present = topic.partitions.length
  if (count === present) {
    return failure(ErrorCode.INVALID_PARTITIONS, `Topic already has ${count} partition(s).`)
  }
  if (count > present) return undefined
  return failure(
    ErrorCode.INVALID_PARTITIONS,
    `The topic ${topic.name} currently has ${present} partition(s); ${count} would not be an increase.`
  )
}

const manual = (state: ControllerState, topic: Topics.Topic, lists: ReadonlyArray<ReadonlyArray<number>>) => {
  const size = topic.partitions[0]?.replicas.length
  for (const [index, replicas] of lists.entries()) {
    const wrong = checkManual(state, replicas, size)
    if (wrong !== undefined) return wrong
    if (activeReplicas(state, replicas).length === 0) {
      const partition = topic.partitions.length + index
      const message = `All brokers specified in the manual partition assignment for partition ${partition} are fenced or in controlled shutdown.`
      return failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
  }
  return lists
}

const placed = (state: ControllerState, topic: Topics.Topic, added: number, seed: number) => {
  const brokers = Brokers.all(state.image.brokers).map(({ id, rack, fenced, inControlledShutdown }) => ({
    id,
    rack,
    fenced: fenced || inControlledShutdown
  }))
  const lists = place(brokers, added, topic.partitions[0]?.replicas.length ?? 1, seed)
  return "reason" in lists ? failure(ErrorCode.INVALID_REPLICATION_FACTOR, lists.reason) : lists
}

const addOne = (
  state: ControllerState,
  asked: MorePartitions,
  seed: number
): { readonly failed: Failure; readonly records: ReadonlyArray<MetadataRecordInput> } => {
  const refuse = (failed: Failure) => ({ failed, records: [] })
  const topic = Topics.byName(state.image.topics, asked.name)
  if (topic === undefined) {
    return refuse(failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
  }
  const wrongCount = checkCount(topic, asked.count)
  if (wrongCount !== undefined) return refuse(wrongCount)
  const added = asked.count - topic.partitions.length
  if (asked.assignments !== null && asked.assignments.length !== added) {
    const message = `Attempted to add ${added} additional partition(s), but only ${asked.assignments.length} assignment(s) were specified.`
    return refuse(failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message))
  }
  if (added > maxRecordsPerRequest) return refuse(tooLarge)
  const lists =
    asked.assignments === null
      ? placed(state, topic, added, seed)
      : manual(
          state,
          topic,
          asked.assignments.map((assignment) => assignment.brokerIds)
        )
  if ("errorCode" in lists) return refuse(lists)
  const first = topic.partitions.length
  return {
    failed: ok,
    records: lists.map((replicas, index) => partitionRecord(state, topic.id, first + index, replicas))
  }
}

export const createPartitions = (state: ControllerState, command: CreatePartitions) => {
  const repeated = repeatedNames(command.topics.map((topic) => topic.name))
  const answered = new Set<string>()
  const records: Array<MetadataRecordInput> = []
  const reply: Array<PartitionsCreated> = []
  for (const [index, asked] of command.topics.entries()) {
    if (repeated.has(asked.name)) {
      if (!answered.has(asked.name)) {
        reply.push({ name: asked.name, ...failure(ErrorCode.INVALID_REQUEST, "Duplicate topic name.") })
      }
      answered.add(asked.name)
      continue
    }
    const decided = addOne(state, asked, command.placementSeed + index)
    reply.push({ name: asked.name, ...decided.failed })
    records.push(...decided.records)
  }
  return bounded(records, reply, command.validateOnly, (each, failed) => ({ ...each, ...failed }))
}
