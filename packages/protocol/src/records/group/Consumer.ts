/**
 * Groups of the consumer protocol (KIP-848) in __consumer_offsets: group, members, target and current assignment in
 * records of their own. Each key and value has its version as an int16 before it; a key's version is its type.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const ConsumerGroupMetadataKey = message(
  "ConsumerGroupMetadataKey",
  { key: 3, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ConsumerGroupMetadataKey = typeof ConsumerGroupMetadataKey.Type

export const ConsumerGroupMetadataValue = message(
  "ConsumerGroupMetadataValue",
  { key: 3, versions: "0", flexible: "0+" },
  {
    epoch: f.int32,
    metadataHash: f.int64.tagged(0, "0+")
  }
)
export type ConsumerGroupMetadataValue = typeof ConsumerGroupMetadataValue.Type

export const ConsumerGroupPartitionMetadataKey = message(
  "ConsumerGroupPartitionMetadataKey",
  { key: 4, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ConsumerGroupPartitionMetadataKey = typeof ConsumerGroupPartitionMetadataKey.Type

export const PartitionMetadata = f.struct({
  partition: f.int32,
  racks: f.array(f.string)
})
export type PartitionMetadata = typeof PartitionMetadata.Type

export const TopicMetadata = f.struct({
  topicId: f.uuid,
  topicName: f.string,
  numPartitions: f.int32,
  partitionMetadata: f.array(PartitionMetadata)
})
export type TopicMetadata = typeof TopicMetadata.Type

export const ConsumerGroupPartitionMetadataValue = message(
  "ConsumerGroupPartitionMetadataValue",
  { key: 4, versions: "0", flexible: "0+" },
  {
    topics: f.array(TopicMetadata)
  }
)
export type ConsumerGroupPartitionMetadataValue = typeof ConsumerGroupPartitionMetadataValue.Type

export const ConsumerGroupMemberMetadataKey = message(
  "ConsumerGroupMemberMetadataKey",
  { key: 5, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ConsumerGroupMemberMetadataKey = typeof ConsumerGroupMemberMetadataKey.Type

export const ClassicProtocol = f.struct({
  name: f.string,
  metadata: f.bytes
})
export type ClassicProtocol = typeof ClassicProtocol.Type

export const ClassicMemberMetadata = f.struct({
  sessionTimeoutMs: f.int32,
  supportedProtocols: f.array(ClassicProtocol)
})
export type ClassicMemberMetadata = typeof ClassicMemberMetadata.Type

export const ConsumerGroupMemberMetadataValue = message(
  "ConsumerGroupMemberMetadataValue",
  { key: 5, versions: "0", flexible: "0+" },
  {
    instanceId: f.string.nulls(),
    rackId: f.string.nulls(),
    clientId: f.string,
    clientHost: f.string,
    subscribedTopicNames: f.array(f.string),
    subscribedTopicRegex: f.string.nulls(),
    rebalanceTimeoutMs: f.int32.default(-1),
    serverAssignor: f.string.nulls(),
    classicMemberMetadata: ClassicMemberMetadata.nulls().tagged(0, "0+")
  }
)
export type ConsumerGroupMemberMetadataValue = typeof ConsumerGroupMemberMetadataValue.Type

export const ConsumerGroupTargetAssignmentMetadataKey = message(
  "ConsumerGroupTargetAssignmentMetadataKey",
  { key: 6, versions: "0", flexible: "none" },
  {
    groupId: f.string
  }
)
export type ConsumerGroupTargetAssignmentMetadataKey = typeof ConsumerGroupTargetAssignmentMetadataKey.Type

export const ConsumerGroupTargetAssignmentMetadataValue = message(
  "ConsumerGroupTargetAssignmentMetadataValue",
  { key: 6, versions: "0", flexible: "0+" },
  {
    assignmentEpoch: f.int32,
    assignmentTimestamp: f.int64.tagged(0, "0+")
  }
)
export type ConsumerGroupTargetAssignmentMetadataValue = typeof ConsumerGroupTargetAssignmentMetadataValue.Type

export const ConsumerGroupTargetAssignmentMemberKey = message(
  "ConsumerGroupTargetAssignmentMemberKey",
  { key: 7, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ConsumerGroupTargetAssignmentMemberKey = typeof ConsumerGroupTargetAssignmentMemberKey.Type

export const TopicPartition = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type TopicPartition = typeof TopicPartition.Type

export const ConsumerGroupTargetAssignmentMemberValue = message(
  "ConsumerGroupTargetAssignmentMemberValue",
  { key: 7, versions: "0", flexible: "0+" },
  {
    topicPartitions: f.array(TopicPartition)
  }
)
export type ConsumerGroupTargetAssignmentMemberValue = typeof ConsumerGroupTargetAssignmentMemberValue.Type

export const ConsumerGroupCurrentMemberAssignmentKey = message(
  "ConsumerGroupCurrentMemberAssignmentKey",
  { key: 8, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    memberId: f.string
  }
)
export type ConsumerGroupCurrentMemberAssignmentKey = typeof ConsumerGroupCurrentMemberAssignmentKey.Type

export const TopicPartitions = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32),
  assignmentEpochs: f.array(f.int32).nulls().tagged(0, "0+")
})
export type TopicPartitions = typeof TopicPartitions.Type

export const ConsumerGroupCurrentMemberAssignmentValue = message(
  "ConsumerGroupCurrentMemberAssignmentValue",
  { key: 8, versions: "0", flexible: "0+" },
  {
    memberEpoch: f.int32,
    previousMemberEpoch: f.int32,
    state: f.int8,
    assignedPartitions: f.array(TopicPartitions),
    partitionsPendingRevocation: f.array(TopicPartitions)
  }
)
export type ConsumerGroupCurrentMemberAssignmentValue = typeof ConsumerGroupCurrentMemberAssignmentValue.Type

export const ConsumerGroupRegularExpressionKey = message(
  "ConsumerGroupRegularExpressionKey",
  { key: 16, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    regularExpression: f.string
  }
)
export type ConsumerGroupRegularExpressionKey = typeof ConsumerGroupRegularExpressionKey.Type

export const ConsumerGroupRegularExpressionValue = message(
  "ConsumerGroupRegularExpressionValue",
  { key: 16, versions: "0", flexible: "0+" },
  {
    topics: f.array(f.string),
    version: f.int64,
    timestamp: f.int64
  }
)
export type ConsumerGroupRegularExpressionValue = typeof ConsumerGroupRegularExpressionValue.Type
