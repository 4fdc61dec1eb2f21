/**
 * DescribeQuorum (key 55): tells leader, voters and observers of the metadata quorum and how far they are. Flexible in
 * every version.
 *
 * - v0: the first supported
 * - v1: response +lastFetchTimestamp, lastCaughtUpTimestamp (KIP-836)
 * - v2: response +errorMessage, replicaDirectoryId, nodes (KIP-853)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partitionIndex: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const TopicData = f.struct({
  topicName: f.string,
  partitions: f.array(PartitionData)
})
export type TopicData = typeof TopicData.Type

export const DescribeQuorumRequest = message(
  "DescribeQuorumRequest",
  { key: 55, versions: "0-2", flexible: "0+" },
  {
    topics: f.array(TopicData)
  }
)
export type DescribeQuorumRequest = typeof DescribeQuorumRequest.Type

export const ReplicaState = f.struct({
  replicaId: f.int32,
  replicaDirectoryId: f.uuid.since("2+"),
  logEndOffset: f.int64,
  lastFetchTimestamp: f.int64.since("1+").default(-1).ignorable(),
  lastCaughtUpTimestamp: f.int64.since("1+").default(-1).ignorable()
})
export type ReplicaState = typeof ReplicaState.Type

export const DescribeQuorumResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.since("2+").nulls().ignorable(),
  leaderId: f.int32,
  leaderEpoch: f.int32,
  highWatermark: f.int64,
  currentVoters: f.array(ReplicaState),
  observers: f.array(ReplicaState)
})
export type DescribeQuorumResponsePartitionData = typeof DescribeQuorumResponsePartitionData.Type

export const DescribeQuorumResponseTopicData = f.struct({
  topicName: f.string,
  partitions: f.array(DescribeQuorumResponsePartitionData)
})
export type DescribeQuorumResponseTopicData = typeof DescribeQuorumResponseTopicData.Type

export const Listener = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16
})
export type Listener = typeof Listener.Type

export const Node = f.struct({
  nodeId: f.int32,
  listeners: f.array(Listener)
})
export type Node = typeof Node.Type

export const DescribeQuorumResponse = message(
  "DescribeQuorumResponse",
  { key: 55, versions: "0-2", flexible: "0+" },
  {
    errorCode: f.int16,
    errorMessage: f.string.since("2+").nulls().ignorable(),
    topics: f.array(DescribeQuorumResponseTopicData),
    nodes: f.array(Node).since("2+")
  }
)
export type DescribeQuorumResponse = typeof DescribeQuorumResponse.Type
