/**
 * Share groups (KIP-932) in __consumer_offsets. Each key and value has its version as an int16 before it; a key's
 * version is its type.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const ShareGroupMetadataKey = message(
  "ShareGroupMetadataKey",
  { key: 11, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ShareGroupMetadataKey = typeof ShareGroupMetadataKey.Type

export const ShareGroupMetadataValue = message(
  "ShareGroupMetadataValue",
  { key: 11, versions: "0", flexible: "0+" },
  {
    epoch: f.int32,
    metadataHash: f.int64
  }
)
export type ShareGroupMetadataValue = typeof ShareGroupMetadataValue.Type

export const ShareGroupMemberMetadataKey = message(
  "ShareGroupMemberMetadataKey",
  { key: 10, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ShareGroupMemberMetadataKey = typeof ShareGroupMemberMetadataKey.Type

export const ShareGroupMemberMetadataValue = message(
  "ShareGroupMemberMetadataValue",
  { key: 10, versions: "0", flexible: "0+" },
  {
    rackId: f.string.nulls(),
    clientId: f.string,
    clientHost: f.string,
    subscribedTopicNames: f.array(f.string)
  }
)
export type ShareGroupMemberMetadataValue = typeof ShareGroupMemberMetadataValue.Type

export const ShareGroupTargetAssignmentMetadataKey = message(
  "ShareGroupTargetAssignmentMetadataKey",
  { key: 12, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ShareGroupTargetAssignmentMetadataKey = typeof ShareGroupTargetAssignmentMetadataKey.Type

export const ShareGroupTargetAssignmentMetadataValue = message(
  "ShareGroupTargetAssignmentMetadataValue",
  { key: 12, versions: "0", flexible: "0+" },
  {
    assignmentEpoch: f.int32,
    assignmentTimestamp: f.int64.tagged(0, "0+")
  }
)
export type ShareGroupTargetAssignmentMetadataValue = typeof ShareGroupTargetAssignmentMetadataValue.Type

export const ShareGroupTargetAssignmentMemberKey = message(
  "ShareGroupTargetAssignmentMemberKey",
  { key: 13, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ShareGroupTargetAssignmentMemberKey = typeof ShareGroupTargetAssignmentMemberKey.Type

export const TopicPartition = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type TopicPartition = typeof TopicPartition.Type

export const ShareGroupTargetAssignmentMemberValue = message(
  "ShareGroupTargetAssignmentMemberValue",
  { key: 13, versions: "0", flexible: "0+" },
  {
    topicPartitions: f.array(TopicPartition)
  }
)
export type ShareGroupTargetAssignmentMemberValue = typeof ShareGroupTargetAssignmentMemberValue.Type

export const ShareGroupCurrentMemberAssignmentKey = message(
  "ShareGroupCurrentMemberAssignmentKey",
  { key: 14, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ShareGroupCurrentMemberAssignmentKey = typeof ShareGroupCurrentMemberAssignmentKey.Type

export const TopicPartitions = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type TopicPartitions = typeof TopicPartitions.Type

export const ShareGroupCurrentMemberAssignmentValue = message(
  "ShareGroupCurrentMemberAssignmentValue",
  { key: 14, versions: "0", flexible: "0+" },
  {
    memberEpoch: f.int32,
    previousMemberEpoch: f.int32,
    state: f.int8,
    assignedPartitions: f.array(TopicPartitions)
  }
)
export type ShareGroupCurrentMemberAssignmentValue = typeof ShareGroupCurrentMemberAssignmentValue.Type

export const ShareGroupStatePartitionMetadataKey = message(
  "ShareGroupStatePartitionMetadataKey",
  { key: 15, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ShareGroupStatePartitionMetadataKey = typeof ShareGroupStatePartitionMetadataKey.Type

export const TopicPartitionsInfo = f.struct({
  topicId: f.uuid,
  topicName: f.string,
  partitions: f.array(f.int32)
})
export type TopicPartitionsInfo = typeof TopicPartitionsInfo.Type

export const TopicInfo = f.struct({
  topicId: f.uuid,
  topicName: f.string
})
export type TopicInfo = typeof TopicInfo.Type

export const ShareGroupStatePartitionMetadataValue = message(
  "ShareGroupStatePartitionMetadataValue",
  { key: 15, versions: "0", flexible: "0+" },
  {
    initializingTopics: f.array(TopicPartitionsInfo),
    initializedTopics: f.array(TopicPartitionsInfo),
    deletingTopics: f.array(TopicInfo)
  }
)
export type ShareGroupStatePartitionMetadataValue = typeof ShareGroupStatePartitionMetadataValue.Type
