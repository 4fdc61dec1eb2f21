/**
 * BeginQuorumEpoch (key 53): tells the voters who leads the quorum now. Flexible from v1.
 *
 * - v0: the first supported
 * - v1: flexible; request +voterId, voterDirectoryId, leaderEndpoints; response +nodeEndpoints (KIP-853)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  voterDirectoryId: f.uuid.since("1+").ignorable(),
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const TopicData = f.struct({
  topicName: f.string,
  partitions: f.array(PartitionData)
})
export type TopicData = typeof TopicData.Type

export const LeaderEndpoint = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16
})
export type LeaderEndpoint = typeof LeaderEndpoint.Type

export const BeginQuorumEpochRequest = message(
  "BeginQuorumEpochRequest",
  { key: 53, versions: "0-1", flexible: "1+" },
  {
    clusterId: f.string.nulls().default(null),
    voterId: f.int32.since("1+").default(-1).ignorable(),
    topics: f.array(TopicData),
    leaderEndpoints: f.array(LeaderEndpoint).since("1+").ignorable()
  }
)
export type BeginQuorumEpochRequest = typeof BeginQuorumEpochRequest.Type

export const BeginQuorumEpochResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type BeginQuorumEpochResponsePartitionData = typeof BeginQuorumEpochResponsePartitionData.Type

export const BeginQuorumEpochResponseTopicData = f.struct({
  topicName: f.string,
  partitions: f.array(BeginQuorumEpochResponsePartitionData)
})
export type BeginQuorumEpochResponseTopicData = typeof BeginQuorumEpochResponseTopicData.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.uint16
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const BeginQuorumEpochResponse = message(
  "BeginQuorumEpochResponse",
  { key: 53, versions: "0-1", flexible: "1+" },
  {
    errorCode: f.int16,
    topics: f.array(BeginQuorumEpochResponseTopicData),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "1+")
  }
)
export type BeginQuorumEpochResponse = typeof BeginQuorumEpochResponse.Type
