/**
 * What leaders say of their ISRs (behaviour 177, KIP-497, KIP-841): a replica joins once it has caught up, and leaves when it falls
 * behind. Invariants: only the leader in its current epoch is heard, and only on what it knows; nobody joins who is fenced, on its way
 * out, or of an earlier registration than the leader believes; nor whose directory has failed, for a fetch that was on its way then may
 * have told the leader that it has caught up, and nothing would go on without it.
 */

import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { hasBug } from "@klamm/platform/Bugs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { checkBrokerEpoch } from "./BrokerEpoch.ts"
import { changed, isOnline, partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface IsrMember {
  readonly brokerId: number
  /** The registration the leader knows; -1 where it does not know. */
  readonly brokerEpoch: number
}

export interface AlteredPartition {
  readonly partitionIndex: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly newIsr: ReadonlyArray<IsrMember>
  readonly leaderRecoveryState: number
}

export interface AlterPartition {
  readonly _tag: "AlterPartition"
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly topics: ReadonlyArray<{ readonly topicId: string; readonly partitions: ReadonlyArray<AlteredPartition> }>
}

export interface PartitionAltered {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly isr: ReadonlyArray<number>
  readonly leaderRecoveryState: number
  readonly partitionEpoch: number
}

export interface PartitionsAltered {
  readonly errorCode: number
  readonly topics: ReadonlyArray<{ readonly topicId: string; readonly partitions: ReadonlyArray<PartitionAltered> }>
}

/** The broker id that no broker has, and the epoch before any. */
const nobody = { leaderId: -1, leaderEpoch: -1, isr: [], leaderRecoveryState: 0, partitionEpoch: -1 }

const refused = (partitionIndex: number, errorCode: number): PartitionAltered => ({
  partitionIndex,
  errorCode,
  ...nobody
})

const isEligible = (
  state: ControllerState,
  before: Topics.Partition,
  { brokerId, brokerEpoch }: IsrMember
): boolean => {
  const broker = Brokers.get(state.image.brokers, brokerId)
  if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false
  const directory = Topics.directoryOf(before, brokerId)
  if (directory === undefined || !isOnline(state, brokerId, directory)) return false
  return brokerEpoch === -1 || brokerEpoch === broker.epoch || hasBug("former-life-in-sync")
}

/** What is wrong with the members that the leader wants, by themselves. */
const checkMembers = (before: Topics.Partition, asked: AlteredPartition): number | undefined => {
  const isr = asked.newIsr.map(({ brokerId }) => brokerId)
  const isSet = isr.length > 0 && new Set(isr).size === isr.length
  if (!isSet || !isr.every((id) => before.replicas.includes(id))) return ErrorCode.INVALID_REQUEST
  if (!isr.includes(before.leader)) return ErrorCode.INVALID_REQUEST
  const { recovered, recovering } = Topics.recovery
  if (asked.leaderRecoveryState !== recovering) {
    return asked.leaderRecoveryState === recovered ? undefined : ErrorCode.INVALID_REQUEST
  }
  const mayRecover = isr.length === 1 && before.leaderRecoveryState === recovering
  return mayRecover ? undefined : ErrorCode.INVALID_REQUEST
}

const check = (
  state: ControllerState,
  brokerId: number,
  before: Topics.Partition,
  asked: AlteredPartition
): number | undefined => {
  // The leader knows more than this controller: it has heard of a later one.
  const isAhead = asked.leaderEpoch > before.leaderEpoch || asked.partitionEpoch > before.partitionEpoch
  if (isAhead) return ErrorCode.NOT_CONTROLLER
  if (asked.leaderEpoch < before.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
  if (brokerId !== before.leader) return ErrorCode.INVALID_REQUEST
  if (asked.partitionEpoch < before.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION
  const wrong = checkMembers(before, asked)
  if (wrong !== undefined) return wrong
  return asked.newIsr.every((member) => isEligible(state, before, member)) ? undefined : ErrorCode.INELIGIBLE_REPLICA
}

const accepted = (partition: Topics.Partition): PartitionAltered => ({
  partitionIndex: partition.index,
  errorCode: ErrorCode.NONE,
  leaderId: partition.leader,
  leaderEpoch: partition.leaderEpoch,
  isr: partition.isr,
  leaderRecoveryState: partition.leaderRecoveryState,
  partitionEpoch: partition.partitionEpoch
})

export const alterPartition = (state: ControllerState, settings: Settings, command: AlterPartition) => {
  const { brokerId } = command
  const stale = checkBrokerEpoch(state, brokerId, command.brokerEpoch)
  if (stale !== undefined) return { records: [], reply: { errorCode: stale.errorCode, topics: [] } }
  const rules = partitionRules(state, settings)
  const records: Array<MetadataRecordInput> = []
  const alterOne = (topic: Topics.Topic, asked: AlteredPartition): PartitionAltered => {
    const { partitionIndex } = asked
    const before = topic.partitions[partitionIndex]
    if (before === undefined) return refused(partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const wrong = check(state, brokerId, before, asked)
    if (wrong !== undefined) return refused(partitionIndex, wrong)
    const isr = asked.newIsr.map((member) => member.brokerId)
    const record = rules.change(topic, before, { isr, leaderRecoveryState: asked.leaderRecoveryState })
    if (record === undefined) return accepted(before)
    records.push(record)
    const partition = changed(before, record)
    // A reassignment that this completes may have taken the leadership from the asker.
    if (partition.leader !== brokerId) return refused(partitionIndex, ErrorCode.NEW_LEADER_ELECTED)
    return accepted(partition)
  }
  const topics = command.topics.map(({ topicId, partitions }) => {
    const topic = Topics.byId(state.image.topics, topicId)
    const altered = (asked: AlteredPartition): PartitionAltered =>
      topic === undefined ? refused(asked.partitionIndex, ErrorCode.UNKNOWN_TOPIC_ID) : alterOne(topic, asked)
    return { topicId, partitions: partitions.map(altered) }
  })
  return { records, reply: { errorCode: ErrorCode.NONE, topics } }
}
