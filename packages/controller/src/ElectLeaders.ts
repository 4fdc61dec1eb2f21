/**
 * Elections that somebody asks for (behaviour 184, KIP-183, KIP-460): the preferred replica, or where a partition has no leader, any
 * that is alive. Of all partitions only those are answered whose leader was not the wanted one already.
 */
import { type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { maxRecordsPerRequest, tooLarge } from "./Bounded.ts"
import { partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

/** The election types of the protocol. */
export const ElectionType = { preferred: 0, unclean: 1 } as const

export interface ElectLeaders {
  readonly _tag: "ElectLeaders"
  readonly electionType: number
  /** Null is every partition. */
  readonly topicPartitions: ReadonlyArray<{ readonly topic: string; readonly partitions: ReadonlyArray<number> }> | null
}

export interface ElectedLeader extends Failure {
  readonly partitionId: number
}

export interface LeadersElected {
  readonly errorCode: number
  readonly topics: ReadonlyArray<{ readonly topic: string; readonly partitions: ReadonlyArray<ElectedLeader> }>
}

const isNeeded = (type: number, { leader, replicas }: Topics.Partition): boolean =>
  type === ElectionType.unclean ? leader === -1 : leader !== replicas[0]

type ElectOne = (topic: Topics.Topic, partition: Topics.Partition) => Failure

const electing = (
  state: ControllerState,
  settings: Settings,
  type: number,
  records: Array<MetadataRecordInput>
): ElectOne => {
  const rules = partitionRules(state, settings)
  const isUnclean = type === ElectionType.unclean
  const unavailable = isUnclean ? ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE : ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
  return (topic, partition) => {
    if (!isNeeded(type, partition)) return failure(ErrorCode.ELECTION_NOT_NEEDED)
    const change = rules.change(topic, partition, {}, isUnclean ? "unclean" : "preferred")
    if (change === undefined) return failure(unavailable)
    records.push(change)
    return ok
  }
}

const electAll = (state: ControllerState, electOne: ElectOne): LeadersElected["topics"] =>
  Topics.all(state.image.topics).map((topic) => ({
    topic: topic.name,
    partitions: topic.partitions
      .map((partition) => ({ partitionId: partition.index, ...electOne(topic, partition) }))
      .filter(({ errorCode }) => errorCode !== ErrorCode.ELECTION_NOT_NEEDED)
  }))

const electAsked = (
  state: ControllerState,
  asked: NonNullable<ElectLeaders["topicPartitions"]>,
  electOne: ElectOne
): LeadersElected["topics"] =>
  asked.map(({ topic: name, partitions }) => {
    const topic = Topics.byName(state.image.topics, name)
    const elected = (partitionId: number): Failure => {
      const unknown = (what: string) => failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, what)
      if (topic === undefined) return unknown(`No such topic as ${name}`)
      const partition = topic.partitions[partitionId]
      return partition === undefined
        ? unknown(`No such partition as ${name}-${partitionId}`)
        : electOne(topic, partition)
    }
    return { topic: name, partitions: partitions.map((partitionId) => ({ partitionId, ...elected(partitionId) })) }
  })

export const electLeaders = (
  state: ControllerState,
  settings: Settings,
  { electionType, topicPartitions }: ElectLeaders
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: LeadersElected } => {
  const isKnown = electionType === ElectionType.preferred || electionType === ElectionType.unclean
  if (!isKnown && topicPartitions?.length !== 0) {
    return { records: [], reply: { errorCode: ErrorCode.INVALID_REQUEST, topics: [] } }
  }
  const records: Array<MetadataRecordInput> = []
  const electOne = electing(state, settings, electionType, records)
  const topics = topicPartitions === null ? electAll(state, electOne) : electAsked(state, topicPartitions, electOne)
  if (records.length > maxRecordsPerRequest)
    return { records: [], reply: { errorCode: tooLarge.errorCode, topics: [] } }
  return { records, reply: { errorCode: ErrorCode.NONE, topics } }
}
