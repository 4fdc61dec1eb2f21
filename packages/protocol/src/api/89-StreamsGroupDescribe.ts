/**
 * StreamsGroupDescribe (key 89): describes streams groups (KIP-1071). Flexible in every version.
 *
 * - v0: the first supported
 * - v1: request +includeTopologyDescription; response +topologyDescription, topologyDescriptionStatus,
 *   assignorName (KIP-1331, KIP-1357)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const StreamsGroupDescribeRequest = message(
  "StreamsGroupDescribeRequest",
  { key: 89, versions: "0-1", flexible: "0+" },
  {
    groupIds: f.array(f.string),
    includeAuthorizedOperations: f.bool,
    includeTopologyDescription: f.bool.since("1+")
  }
)
export type StreamsGroupDescribeRequest = typeof StreamsGroupDescribeRequest.Type

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

export const Subtopology = f.struct({
  subtopologyId: f.string,
  sourceTopics: f.array(f.string),
  repartitionSinkTopics: f.array(f.string),
  stateChangelogTopics: f.array(TopicInfo),
  repartitionSourceTopics: f.array(TopicInfo)
})
export type Subtopology = typeof Subtopology.Type

export const Topology = f.struct({
  epoch: f.int32,
  subtopologies: f.array(Subtopology).nulls().default(null)
})
export type Topology = typeof Topology.Type

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

export const TaskIds = f.struct({
  subtopologyId: f.string,
  partitions: f.array(f.int32)
})
export type TaskIds = typeof TaskIds.Type

export const Assignment = f.struct({
  activeTasks: f.array(TaskIds),
  standbyTasks: f.array(TaskIds),
  warmupTasks: f.array(TaskIds)
})
export type Assignment = typeof Assignment.Type

export const Member = f.struct({
  memberId: f.string,
  memberEpoch: f.int32,
  instanceId: f.string.nulls().default(null),
  rackId: f.string.nulls().default(null),
  clientId: f.string,
  clientHost: f.string,
  topologyEpoch: f.int32,
  processId: f.string,
  userEndpoint: Endpoint.nulls().default(null),
  clientTags: f.array(KeyValue),
  taskOffsets: f.array(TaskOffset),
  taskEndOffsets: f.array(TaskOffset),
  assignment: Assignment,
  targetAssignment: Assignment,
  isClassic: f.bool
})
export type Member = typeof Member.Type

export const TopologyDescriptionNode = f.struct({
  name: f.string.since("1+"),
  nodeType: f.int8.since("1+"),
  sourceTopics: f.array(f.string).since("1+"),
  sinkTopic: f.string.since("1+").nulls().default(null),
  stores: f.array(f.string).since("1+"),
  successors: f.array(f.string).since("1+")
})
export type TopologyDescriptionNode = typeof TopologyDescriptionNode.Type

export const TopologyDescriptionSubtopology = f.struct({
  subtopologyId: f.string.since("1+"),
  nodes: f.array(TopologyDescriptionNode).since("1+")
})
export type TopologyDescriptionSubtopology = typeof TopologyDescriptionSubtopology.Type

export const TopologyDescriptionGlobalStore = f.struct({
  source: TopologyDescriptionNode.since("1+"),
  processor: TopologyDescriptionNode.since("1+")
})
export type TopologyDescriptionGlobalStore = typeof TopologyDescriptionGlobalStore.Type

export const TopologyDescription = f.struct({
  subtopologies: f.array(TopologyDescriptionSubtopology).since("1+"),
  globalStores: f.array(TopologyDescriptionGlobalStore).since("1+")
})
export type TopologyDescription = typeof TopologyDescription.Type

export const DescribedGroup = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  groupId: f.string,
  groupState: f.string,
  groupEpoch: f.int32,
  assignmentEpoch: f.int32,
  topology: Topology.nulls().default(null),
  members: f.array(Member),
  authorizedOperations: f.int32.default(-2147483648),
  topologyDescription: TopologyDescription.since("1+").nulls().default(null),
  topologyDescriptionStatus: f.int8.since("1+"),
  assignorName: f.string.since("1+").nulls().default(null).ignorable()
})
export type DescribedGroup = typeof DescribedGroup.Type

export const StreamsGroupDescribeResponse = message(
  "StreamsGroupDescribeResponse",
  { key: 89, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    groups: f.array(DescribedGroup)
  }
)
export type StreamsGroupDescribeResponse = typeof StreamsGroupDescribeResponse.Type
