/**
 * Vote (key 52): asks a voter of the metadata quorum for its vote. Flexible in every version.
 *
 * - v0: voters known by id (KIP-595)
 * - v1: request +voterId, replicaDirectoryId, voterDirectoryId; response +nodeEndpoints (KIP-853)
 * - v2: pre-votes (KIP-996)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  replicaEpoch: f.int32,
  replicaId: f.int32,
  replicaDirectoryId: f.uuid.since("1+").ignorable(),
  voterDirectoryId: f.uuid.since("1+").ignorable(),
  lastOffsetEpoch: f.int32,
  lastOffset: f.int64,
  preVote: f.bool.since("2+")
})
export type PartitionData = typeof PartitionData.Type

export const TopicData = f.struct({
  topicName: f.string,
  partitions: f.array(PartitionData)
})
export type TopicData = typeof TopicData.Type

export const VoteRequest = message(
  "VoteRequest",
  { key: 52, versions: "0-2", flexible: "0+" },
  {
    clusterId: f.string.nulls().default(null),
    voterId: f.int32.since("1+").default(-1).ignorable(),
    topics: f.array(TopicData)
  }
)
export type VoteRequest = typeof VoteRequest.Type

export const VoteResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  leaderId: f.int32,
  leaderEpoch: f.int32,
  voteGranted: f.bool
})
export type VoteResponsePartitionData = typeof VoteResponsePartitionData.Type

export const VoteResponseTopicData = f.struct({
  topicName: f.string,
  partitions: f.array(VoteResponsePartitionData)
})
export type VoteResponseTopicData = typeof VoteResponseTopicData.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.uint16
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const VoteResponse = message(
  "VoteResponse",
  { key: 52, versions: "0-2", flexible: "0+" },
  {
    errorCode: f.int16,
    topics: f.array(VoteResponseTopicData),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "1+")
  }
)
export type VoteResponse = typeof VoteResponse.Type
