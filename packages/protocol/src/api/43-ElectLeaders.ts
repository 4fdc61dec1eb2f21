/**
 * ElectLeaders (key 43): elects leaders: the preferred ones, or any replica where none is in sync. Flexible from v2.
 *
 * - v0: preferred leaders only (KIP-183)
 * - v1: request +electionType; response +errorCode (KIP-460)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopicPartitions = f.struct({
  topic: f.string,
  partitions: f.array(f.int32)
})
export type TopicPartitions = typeof TopicPartitions.Type

export const ElectLeadersRequest = message(
  "ElectLeadersRequest",
  { key: 43, versions: "0-2", flexible: "2+" },
  {
    electionType: f.int8.since("1+"),
    topicPartitions: f.array(TopicPartitions).nulls(),
    timeoutMs: f.int32.default(60000)
  }
)
export type ElectLeadersRequest = typeof ElectLeadersRequest.Type

export const PartitionResult = f.struct({
  partitionId: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls()
})
export type PartitionResult = typeof PartitionResult.Type

export const ReplicaElectionResult = f.struct({
  topic: f.string,
  partitionResult: f.array(PartitionResult)
})
export type ReplicaElectionResult = typeof ReplicaElectionResult.Type

export const ElectLeadersResponse = message(
  "ElectLeadersResponse",
  { key: 43, versions: "0-2", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16.since("1+"),
    replicaElectionResults: f.array(ReplicaElectionResult)
  }
)
export type ElectLeadersResponse = typeof ElectLeadersResponse.Type
