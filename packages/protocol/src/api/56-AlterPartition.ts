/**
 * AlterPartition (key 56): asks the controller to change the in-sync replicas of partitions; leader to controller.
 * Flexible in every version.
 *
 * - v2: topics by id; leader recovery state (KIP-704, KIP-841)
 * - v3: in-sync replicas with their broker epochs (KIP-903)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const BrokerState = f.struct({
  brokerId: f.int32,
  brokerEpoch: f.int64.default(-1)
})
export type BrokerState = typeof BrokerState.Type

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  leaderEpoch: f.int32,
  newIsr: f.array(f.int32).since("0-2"),
  newIsrWithEpochs: f.array(BrokerState).since("3+"),
  leaderRecoveryState: f.int8.default(0),
  partitionEpoch: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const TopicData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type TopicData = typeof TopicData.Type

export const AlterPartitionRequest = message(
  "AlterPartitionRequest",
  { key: 56, versions: "2-3", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64.default(-1),
    topics: f.array(TopicData)
  }
)
export type AlterPartitionRequest = typeof AlterPartitionRequest.Type

export const AlterPartitionResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  leaderId: f.int32,
  leaderEpoch: f.int32,
  isr: f.array(f.int32),
  leaderRecoveryState: f.int8.default(0),
  partitionEpoch: f.int32
})
export type AlterPartitionResponsePartitionData = typeof AlterPartitionResponsePartitionData.Type

export const AlterPartitionResponseTopicData = f.struct({
  topicId: f.uuid,
  partitions: f.array(AlterPartitionResponsePartitionData)
})
export type AlterPartitionResponseTopicData = typeof AlterPartitionResponseTopicData.Type

export const AlterPartitionResponse = message(
  "AlterPartitionResponse",
  { key: 56, versions: "2-3", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    topics: f.array(AlterPartitionResponseTopicData)
  }
)
export type AlterPartitionResponse = typeof AlterPartitionResponse.Type
