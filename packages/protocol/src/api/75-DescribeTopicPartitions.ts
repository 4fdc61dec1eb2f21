/**
 * DescribeTopicPartitions (key 75): describes topics in pages, with eligible leader replicas (KIP-966). Flexible in
 * every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopicRequest = f.struct({
  name: f.string
})
export type TopicRequest = typeof TopicRequest.Type

export const Cursor = f.struct({
  topicName: f.string,
  partitionIndex: f.int32
})
export type Cursor = typeof Cursor.Type

export const DescribeTopicPartitionsRequest = message(
  "DescribeTopicPartitionsRequest",
  { key: 75, versions: "0", flexible: "0+" },
  {
    topics: f.array(TopicRequest),
    responsePartitionLimit: f.int32.default(2000),
    cursor: Cursor.nulls().default(null)
  }
)
export type DescribeTopicPartitionsRequest = typeof DescribeTopicPartitionsRequest.Type

export const DescribeTopicPartitionsResponsePartition = f.struct({
  errorCode: f.int16,
  partitionIndex: f.int32,
  leaderId: f.int32,
  leaderEpoch: f.int32.default(-1),
  replicaNodes: f.array(f.int32),
  isrNodes: f.array(f.int32),
  eligibleLeaderReplicas: f.array(f.int32).nulls().default(null),
  lastKnownElr: f.array(f.int32).nulls().default(null),
  offlineReplicas: f.array(f.int32)
})
export type DescribeTopicPartitionsResponsePartition = typeof DescribeTopicPartitionsResponsePartition.Type

export const DescribeTopicPartitionsResponseTopic = f.struct({
  errorCode: f.int16,
  name: f.string.nulls(),
  topicId: f.uuid,
  isInternal: f.bool.default(false),
  partitions: f.array(DescribeTopicPartitionsResponsePartition),
  topicAuthorizedOperations: f.int32.default(-2147483648)
})
export type DescribeTopicPartitionsResponseTopic = typeof DescribeTopicPartitionsResponseTopic.Type

export const DescribeTopicPartitionsResponse = message(
  "DescribeTopicPartitionsResponse",
  { key: 75, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(DescribeTopicPartitionsResponseTopic),
    nextCursor: Cursor.nulls().default(null)
  }
)
export type DescribeTopicPartitionsResponse = typeof DescribeTopicPartitionsResponse.Type
