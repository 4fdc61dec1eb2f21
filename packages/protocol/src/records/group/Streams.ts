/**
 * Streams groups (KIP-1071) in __consumer_offsets. Each key and value has its version as an int16 before it; a key's
 * version is its type.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const StreamsGroupMetadataKey = message(
  "StreamsGroupMetadataKey",
  { key: 17, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type StreamsGroupMetadataKey = typeof StreamsGroupMetadataKey.Type

export const LastAssignmentConfig = f.struct({
  key: f.string,
  value: f.string
})
export type LastAssignmentConfig = typeof LastAssignmentConfig.Type

export const StreamsGroupMetadataValue = message(
  "StreamsGroupMetadataValue",
  { key: 17, versions: "0", flexible: "0+" },
  {
    epoch: f.int32,
    metadataHash: f.int64,
    validatedTopologyEpoch: f.int32.default(-1).tagged(0, "0+"),
    lastAssignmentConfigs: f.array(LastAssignmentConfig).nulls().tagged(1, "0+"),
    storedDescriptionTopologyEpoch: f.int32.default(-1).tagged(2, "0+"),
    failedDescriptionTopologyEpoch: f.int32.default(-1).tagged(3, "0+")
  }
)
export type StreamsGroupMetadataValue = typeof StreamsGroupMetadataValue.Type

export const StreamsGroupMemberMetadataKey = message(
  "StreamsGroupMemberMetadataKey",
  { key: 19, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type StreamsGroupMemberMetadataKey = typeof StreamsGroupMemberMetadataKey.Type

export const Endpoint = f.struct({
  host: f.string,
  port: f.uint16
})
export type Endpoint = typeof Endpoint.Type

export const KeyValue = f.struct({
  key: f.string,
  value: f.string
})
export type KeyValue = typeof KeyValue.Type

export const StreamsGroupMemberMetadataValue = message(
  "StreamsGroupMemberMetadataValue",
  { key: 19, versions: "0", flexible: "0+" },
  {
    instanceId: f.string.nulls(),
    rackId: f.string.nulls(),
    clientId: f.string,
    clientHost: f.string,
    rebalanceTimeoutMs: f.int32.default(-1),
    topologyEpoch: f.int32,
    processId: f.string,
    userEndpoint: Endpoint.nulls().default(null),
    clientTags: f.array(KeyValue)
  }
)
export type StreamsGroupMemberMetadataValue = typeof StreamsGroupMemberMetadataValue.Type

export const StreamsGroupTopologyKey = message(
  "StreamsGroupTopologyKey",
  { key: 23, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type StreamsGroupTopologyKey = typeof StreamsGroupTopologyKey.Type

export const TopicConfig = f.struct({
  key: f.string,
  value: f.string
})
export type TopicConfig = typeof TopicConfig.Type

export const TopicInfo = f.struct({
  name: f.string,
  partitions: f.int32,
  replicationFactor: f.int16,
  topicConfigs: f.array(TopicConfig)
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

export const StreamsGroupTopologyValue = message(
  "StreamsGroupTopologyValue",
  { key: 23, versions: "0", flexible: "0+" },
  {
    epoch: f.int32,
    subtopologies: f.array(Subtopology)
  }
)
export type StreamsGroupTopologyValue = typeof StreamsGroupTopologyValue.Type

export const StreamsGroupTargetAssignmentMetadataKey = message(
  "StreamsGroupTargetAssignmentMetadataKey",
  { key: 20, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type StreamsGroupTargetAssignmentMetadataKey = typeof StreamsGroupTargetAssignmentMetadataKey.Type

export const StreamsGroupTargetAssignmentMetadataValue = message(
  "StreamsGroupTargetAssignmentMetadataValue",
  { key: 20, versions: "0", flexible: "0+" },
  {
    assignmentEpoch: f.int32,
    assignmentTimestamp: f.int64.tagged(0, "0+")
  }
)
export type StreamsGroupTargetAssignmentMetadataValue = typeof StreamsGroupTargetAssignmentMetadataValue.Type

export const StreamsGroupTargetAssignmentMemberKey = message(
  "StreamsGroupTargetAssignmentMemberKey",
  { key: 21, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type StreamsGroupTargetAssignmentMemberKey = typeof StreamsGroupTargetAssignmentMemberKey.Type

export const TaskIds = f.struct({
  subtopologyId: f.string,
  partitions: f.array(f.int32)
})
export type TaskIds = typeof TaskIds.Type

export const StreamsGroupTargetAssignmentMemberValue = message(
  "StreamsGroupTargetAssignmentMemberValue",
  { key: 21, versions: "0", flexible: "0+" },
  {
    activeTasks: f.array(TaskIds),
    standbyTasks: f.array(TaskIds),
    warmupTasks: f.array(TaskIds)
  }
)
export type StreamsGroupTargetAssignmentMemberValue = typeof StreamsGroupTargetAssignmentMemberValue.Type

export const StreamsGroupCurrentMemberAssignmentKey = message(
  "StreamsGroupCurrentMemberAssignmentKey",
  { key: 22, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type StreamsGroupCurrentMemberAssignmentKey = typeof StreamsGroupCurrentMemberAssignmentKey.Type

export const StreamsGroupCurrentMemberAssignmentValueTaskIds = f.struct({
  subtopologyId: f.string,
  partitions: f.array(f.int32),
  assignmentEpochs: f.array(f.int32).nulls().tagged(0, "0+")
})
export type StreamsGroupCurrentMemberAssignmentValueTaskIds =
  typeof StreamsGroupCurrentMemberAssignmentValueTaskIds.Type

export const StreamsGroupCurrentMemberAssignmentValue = message(
  "StreamsGroupCurrentMemberAssignmentValue",
  { key: 22, versions: "0", flexible: "0+" },
  {
    memberEpoch: f.int32,
    previousMemberEpoch: f.int32,
    state: f.int8,
    activeTasks: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: f.array(StreamsGroupCurrentMemberAssignmentValueTaskIds)
  }
)
export type StreamsGroupCurrentMemberAssignmentValue = typeof StreamsGroupCurrentMemberAssignmentValue.Type
