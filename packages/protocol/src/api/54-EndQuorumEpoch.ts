/**
 * EndQuorumEpoch (key 54): tells the voters that the quorum's leader resigns. Flexible from v1.
 *
 * - v0: the first supported
 * - v1: flexible; request +preferredCandidates, leaderEndpoints; response +nodeEndpoints; no more
 *   preferredSuccessors (KIP-853)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ReplicaInfo = f.struct({
  candidateId: f.int32,
  candidateDirectoryId: f.uuid
})
export type ReplicaInfo = typeof ReplicaInfo.Type

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  leaderId: f.int32,
  leaderEpoch: f.int32,
  preferredSuccessors: f.array(f.int32).since("0").ignorable(),
  preferredCandidates: f.array(ReplicaInfo).since("1+").ignorable()
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

export const EndQuorumEpochRequest = message(
  "EndQuorumEpochRequest",
  { key: 54, versions: "0-1", flexible: "1+" },
  {
    clusterId: f.string.nulls().default(null),
    topics: f.array(TopicData),
    leaderEndpoints: f.array(LeaderEndpoint).since("1+").ignorable()
  }
)
export type EndQuorumEpochRequest = typeof EndQuorumEpochRequest.Type

export const EndQuorumEpochResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type EndQuorumEpochResponsePartitionData = typeof EndQuorumEpochResponsePartitionData.Type

export const EndQuorumEpochResponseTopicData = f.struct({
  topicName: f.string,
  partitions: f.array(EndQuorumEpochResponsePartitionData)
})
export type EndQuorumEpochResponseTopicData = typeof EndQuorumEpochResponseTopicData.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.uint16
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const EndQuorumEpochResponse = message(
  "EndQuorumEpochResponse",
  { key: 54, versions: "0-1", flexible: "1+" },
  {
    errorCode: f.int16,
    topics: f.array(EndQuorumEpochResponseTopicData),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "1+")
  }
)
export type EndQuorumEpochResponse = typeof EndQuorumEpochResponse.Type
