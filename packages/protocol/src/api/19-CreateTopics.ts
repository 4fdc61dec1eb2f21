/**
 * CreateTopics (key 19): creates topics. Flexible from v5.
 *
 * - v2: the first supported
 * - v3: the broker answers before it throttles (KIP-219)
 * - v4: -1 for the broker's own defaults (KIP-464)
 * - v5: flexible; response +topicConfigErrorCode, numPartitions, replicationFactor, configs (KIP-525)
 * - v6: may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
 * - v7: response +topicId
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const CreatableReplicaAssignment = f.struct({
  partitionIndex: f.int32,
  brokerIds: f.array(f.int32)
})
export type CreatableReplicaAssignment = typeof CreatableReplicaAssignment.Type

export const CreatableTopicConfig = f.struct({
  name: f.string,
  value: f.string.nulls()
})
export type CreatableTopicConfig = typeof CreatableTopicConfig.Type

export const CreatableTopic = f.struct({
  name: f.string,
  numPartitions: f.int32,
  replicationFactor: f.int16,
  assignments: f.array(CreatableReplicaAssignment),
  configs: f.array(CreatableTopicConfig)
})
export type CreatableTopic = typeof CreatableTopic.Type

export const CreateTopicsRequest = message(
  "CreateTopicsRequest",
  { key: 19, versions: "2-7", flexible: "5+" },
  {
    topics: f.array(CreatableTopic),
    timeoutMs: f.int32.default(60000),
    validateOnly: f.bool.default(false)
  }
)
export type CreateTopicsRequest = typeof CreateTopicsRequest.Type

export const CreatableTopicConfigs = f.struct({
  name: f.string,
  value: f.string.nulls(),
  readOnly: f.bool,
  configSource: f.int8.default(-1).ignorable(),
  isSensitive: f.bool
})
export type CreatableTopicConfigs = typeof CreatableTopicConfigs.Type

export const CreatableTopicResult = f.struct({
  name: f.string,
  topicId: f.uuid.since("7+").ignorable(),
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  topicConfigErrorCode: f.int16.tagged(0, "5+").ignorable(),
  numPartitions: f.int32.since("5+").default(-1).ignorable(),
  replicationFactor: f.int16.since("5+").default(-1).ignorable(),
  configs: f.array(CreatableTopicConfigs).since("5+").nulls().ignorable()
})
export type CreatableTopicResult = typeof CreatableTopicResult.Type

export const CreateTopicsResponse = message(
  "CreateTopicsResponse",
  { key: 19, versions: "2-7", flexible: "5+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(CreatableTopicResult)
  }
)
export type CreateTopicsResponse = typeof CreateTopicsResponse.Type
