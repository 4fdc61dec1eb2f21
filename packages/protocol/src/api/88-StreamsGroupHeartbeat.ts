/**
 * StreamsGroupHeartbeat (key 88): joins, keeps alive and leaves a streams group, and carries its tasks (KIP-1071).
 * Flexible in every version.
 *
 * - v1: response +acceptableRecoveryLag, topologyDescriptionRequired; no more acceptableRecoveryLagLegacy
 *   (KIP-1331)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const KeyValue = f.struct({
  key: f.string,
  value: f.string
})
export type KeyValue = typeof KeyValue.Type

export const TopicInfo = f.struct({
  name: f.string,
  partitions: f.int32,
  replicationFactor: f.int16,
  topicConfigs: f.array(KeyValue)
})
export type TopicInfo = typeof TopicInfo.Type

export const CopartitionGroup = f.struct({
  sourceTopics: f.array(f.int16),
  sourceTopicRegex: f.array(f.int16),
  repartitionSourceTopics: f.array(f.int16)
})
export type CopartitionGroup = typeof CopartitionGroup.Type

export const Subtopology = f.struct({
  subtopologyId: f.string,
  sourceTopics: f.array(f.string),
  sourceTopicRegex: f.array(f.string),
  stateChangelogTopics: f.array(TopicInfo),
  repartitionSinkTopics: f.array(f.string),
  repartitionSourceTopics: f.array(TopicInfo),
  copartitionGroups: f.array(CopartitionGroup)
})
export type Subtopology = typeof Subtopology.Type

export const Topology = f.struct({
  epoch: f.int32,
  subtopologies: f.array(Subtopology)
})
export type Topology = typeof Topology.Type

export const TaskIds = f.struct({
  subtopologyId: f.string,
  partitions: f.array(f.int32)
})
export type TaskIds = typeof TaskIds.Type

export const Endpoint = f.struct({
  host: f.string,
  port: f.uint16
})
export type Endpoint = typeof Endpoint.Type

export const TaskOffset = f.struct({
  subtopologyId: f.string,
  partition: f.int32,
  offset: f.int64
})
export type TaskOffset = typeof TaskOffset.Type

export const StreamsGroupHeartbeatRequest = message(
  "StreamsGroupHeartbeatRequest",
  { key: 88, versions: "0-1", flexible: "0+" },
  {
    groupId: f.string,
    memberId: f.string,
    memberEpoch: f.int32,
    endpointInformationEpoch: f.int32,
    instanceId: f.string.nulls().default(null),
    rackId: f.string.nulls().default(null),
    rebalanceTimeoutMs: f.int32.default(-1),
    topology: Topology.nulls().default(null),
    activeTasks: f.array(TaskIds).nulls().default(null),
    standbyTasks: f.array(TaskIds).nulls().default(null),
    warmupTasks: f.array(TaskIds).nulls().default(null),
    processId: f.string.nulls().default(null),
    userEndpoint: Endpoint.nulls().default(null),
    clientTags: f.array(KeyValue).nulls().default(null),
    taskOffsets: f.array(TaskOffset).nulls().default(null),
    taskEndOffsets: f.array(TaskOffset).nulls().default(null),
    shutdownApplication: f.bool.default(false)
  }
)
export type StreamsGroupHeartbeatRequest = typeof StreamsGroupHeartbeatRequest.Type

export const Status = f.struct({
  statusCode: f.int8,
  statusDetail: f.string
})
export type Status = typeof Status.Type

export const TopicPartition = f.struct({
  topic: f.string,
  partitions: f.array(f.int32)
})
export type TopicPartition = typeof TopicPartition.Type

export const EndpointToPartitions = f.struct({
  userEndpoint: Endpoint,
  activePartitions: f.array(TopicPartition),
  standbyPartitions: f.array(TopicPartition)
})
export type EndpointToPartitions = typeof EndpointToPartitions.Type

export const StreamsGroupHeartbeatResponse = message(
  "StreamsGroupHeartbeatResponse",
  { key: 88, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    memberId: f.string,
    memberEpoch: f.int32,
    heartbeatIntervalMs: f.int32,
    acceptableRecoveryLagLegacy: f.int32.since("0"),
    taskOffsetIntervalMs: f.int32,
    acceptableRecoveryLag: f.int64.since("1+").default(-1).ignorable(),
    status: f.array(Status).nulls(),
    activeTasks: f.array(TaskIds).nulls().default(null),
    standbyTasks: f.array(TaskIds).nulls().default(null),
    warmupTasks: f.array(TaskIds).nulls().default(null),
    topologyDescriptionRequired: f.bool.since("1+"),
    endpointInformationEpoch: f.int32,
    partitionsByUserEndpoint: f.array(EndpointToPartitions).nulls().default(null)
  }
)
export type StreamsGroupHeartbeatResponse = typeof StreamsGroupHeartbeatResponse.Type
