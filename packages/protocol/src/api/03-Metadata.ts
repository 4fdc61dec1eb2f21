/**
 * Metadata (key 3): tells a client which brokers there are and who leads the partitions of which topics. Flexible from
 * v9.
 *
 * - v0: an empty list of topics means all
 * - v1: null means all topics, an empty list none; response +rack, controllerId, isInternal
 * - v2: response +clusterId
 * - v3: response +throttleTimeMs
 * - v4: request +allowAutoTopicCreation
 * - v5: response +offlineReplicas
 * - v6: the broker answers before it throttles (KIP-219)
 * - v7: response +leaderEpoch
 * - v8: request +includeClusterAuthorizedOperations, includeTopicAuthorizedOperations; response
 *   +topicAuthorizedOperations, clusterAuthorizedOperations
 * - v9: flexible
 * - v10: +topicId
 * - v11: no more includeClusterAuthorizedOperations, clusterAuthorizedOperations (KIP-700)
 * - v12: topics may be asked for by id alone, with a null name
 * - v13: response +errorCode: REBOOTSTRAP_REQUIRED (KIP-1102)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const MetadataRequestTopic = f.struct({
  topicId: f.uuid.since("10+").ignorable(),
  name: f.string.nulls("10+")
})
export type MetadataRequestTopic = typeof MetadataRequestTopic.Type

export const MetadataRequest = message(
  "MetadataRequest",
  { key: 3, versions: "0-13", flexible: "9+" },
  {
    topics: f.array(MetadataRequestTopic).nulls("1+"),
    allowAutoTopicCreation: f.bool.since("4+").default(true),
    includeClusterAuthorizedOperations: f.bool.since("8-10"),
    includeTopicAuthorizedOperations: f.bool.since("8+")
  }
)
export type MetadataRequest = typeof MetadataRequest.Type

export const MetadataResponseBroker = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.since("1+").nulls().default(null).ignorable()
})
export type MetadataResponseBroker = typeof MetadataResponseBroker.Type

export const MetadataResponsePartition = f.struct({
  errorCode: f.int16,
  partitionIndex: f.int32,
  leaderId: f.int32,
  leaderEpoch: f.int32.since("7+").default(-1).ignorable(),
  replicaNodes: f.array(f.int32),
  isrNodes: f.array(f.int32),
  offlineReplicas: f.array(f.int32).since("5+").ignorable()
})
export type MetadataResponsePartition = typeof MetadataResponsePartition.Type

export const MetadataResponseTopic = f.struct({
  errorCode: f.int16,
  name: f.string.nulls("12+"),
  topicId: f.uuid.since("10+").ignorable(),
  isInternal: f.bool.since("1+").ignorable(),
  partitions: f.array(MetadataResponsePartition),
  topicAuthorizedOperations: f.int32.since("8+").default(-2147483648)
})
export type MetadataResponseTopic = typeof MetadataResponseTopic.Type

export const MetadataResponse = message(
  "MetadataResponse",
  { key: 3, versions: "0-13", flexible: "9+" },
  {
    throttleTimeMs: f.int32.since("3+").ignorable(),
    brokers: f.array(MetadataResponseBroker),
    clusterId: f.string.since("2+").nulls().default(null).ignorable(),
    controllerId: f.int32.since("1+").default(-1).ignorable(),
    topics: f.array(MetadataResponseTopic),
    clusterAuthorizedOperations: f.int32.since("8-10").default(-2147483648),
    errorCode: f.int16.since("13+").ignorable()
  }
)
export type MetadataResponse = typeof MetadataResponse.Type
