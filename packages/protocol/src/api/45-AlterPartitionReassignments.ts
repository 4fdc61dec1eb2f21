/**
 * AlterPartitionReassignments (key 45): changes or cancels the reassignment of replicas. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: a change of the replication factor may be forbidden
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ReassignablePartition = f.struct({
  partitionIndex: f.int32,
  replicas: f.array(f.int32).nulls().default(null)
})
export type ReassignablePartition = typeof ReassignablePartition.Type

export const ReassignableTopic = f.struct({
  name: f.string,
  partitions: f.array(ReassignablePartition)
})
export type ReassignableTopic = typeof ReassignableTopic.Type

export const AlterPartitionReassignmentsRequest = message(
  "AlterPartitionReassignmentsRequest",
  { key: 45, versions: "0-1", flexible: "0+" },
  {
    timeoutMs: f.int32.default(60000),
    allowReplicationFactorChange: f.bool.since("1+").default(true),
    topics: f.array(ReassignableTopic)
  }
)
export type AlterPartitionReassignmentsRequest = typeof AlterPartitionReassignmentsRequest.Type

export const ReassignablePartitionResponse = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls()
})
export type ReassignablePartitionResponse = typeof ReassignablePartitionResponse.Type

export const ReassignableTopicResponse = f.struct({
  name: f.string,
  partitions: f.array(ReassignablePartitionResponse)
})
export type ReassignableTopicResponse = typeof ReassignableTopicResponse.Type

export const AlterPartitionReassignmentsResponse = message(
  "AlterPartitionReassignmentsResponse",
  { key: 45, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    allowReplicationFactorChange: f.bool.since("1+").default(true).ignorable(),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    responses: f.array(ReassignableTopicResponse)
  }
)
export type AlterPartitionReassignmentsResponse = typeof AlterPartitionReassignmentsResponse.Type
