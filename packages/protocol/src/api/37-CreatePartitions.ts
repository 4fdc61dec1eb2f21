/**
 * CreatePartitions (key 37): raises the number of partitions of topics. Flexible from v2.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const CreatePartitionsAssignment = f.struct({
  brokerIds: f.array(f.int32)
})
export type CreatePartitionsAssignment = typeof CreatePartitionsAssignment.Type

export const CreatePartitionsTopic = f.struct({
  name: f.string,
  count: f.int32,
  assignments: f.array(CreatePartitionsAssignment).nulls()
})
export type CreatePartitionsTopic = typeof CreatePartitionsTopic.Type

export const CreatePartitionsRequest = message(
  "CreatePartitionsRequest",
  { key: 37, versions: "0-3", flexible: "2+" },
  {
    topics: f.array(CreatePartitionsTopic),
    timeoutMs: f.int32,
    validateOnly: f.bool
  }
)
export type CreatePartitionsRequest = typeof CreatePartitionsRequest.Type

export const CreatePartitionsTopicResult = f.struct({
  name: f.string,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type CreatePartitionsTopicResult = typeof CreatePartitionsTopicResult.Type

export const CreatePartitionsResponse = message(
  "CreatePartitionsResponse",
  { key: 37, versions: "0-3", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(CreatePartitionsTopicResult)
  }
)
export type CreatePartitionsResponse = typeof CreatePartitionsResponse.Type
