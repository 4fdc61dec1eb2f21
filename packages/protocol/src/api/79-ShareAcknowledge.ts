/**
 * ShareAcknowledge (key 79): acknowledges records that a share group's member acquired (KIP-932). Flexible in every
 * version.
 *
 * - v2: request +isRenewAck; response +acquisitionLockTimeoutMs (KIP-1222)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AcknowledgementBatch = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  acknowledgeTypes: f.array(f.int8)
})
export type AcknowledgementBatch = typeof AcknowledgementBatch.Type

export const AcknowledgePartition = f.struct({
  partitionIndex: f.int32,
  acknowledgementBatches: f.array(AcknowledgementBatch)
})
export type AcknowledgePartition = typeof AcknowledgePartition.Type

export const AcknowledgeTopic = f.struct({
  topicId: f.uuid,
  partitions: f.array(AcknowledgePartition)
})
export type AcknowledgeTopic = typeof AcknowledgeTopic.Type

export const ShareAcknowledgeRequest = message(
  "ShareAcknowledgeRequest",
  { key: 79, versions: "1-2", flexible: "0+" },
  {
    groupId: f.string.nulls().default(null),
    memberId: f.string.nulls(),
    shareSessionEpoch: f.int32,
    isRenewAck: f.bool.since("2+"),
    topics: f.array(AcknowledgeTopic)
  }
)
export type ShareAcknowledgeRequest = typeof ShareAcknowledgeRequest.Type

export const LeaderIdAndEpoch = f.struct({
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type LeaderIdAndEpoch = typeof LeaderIdAndEpoch.Type

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  currentLeader: LeaderIdAndEpoch
})
export type PartitionData = typeof PartitionData.Type

export const ShareAcknowledgeTopicResponse = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type ShareAcknowledgeTopicResponse = typeof ShareAcknowledgeTopicResponse.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.nulls().default(null)
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const ShareAcknowledgeResponse = message(
  "ShareAcknowledgeResponse",
  { key: 79, versions: "1-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    acquisitionLockTimeoutMs: f.int32.since("2+").ignorable(),
    responses: f.array(ShareAcknowledgeTopicResponse),
    nodeEndpoints: f.array(NodeEndpoint)
  }
)
export type ShareAcknowledgeResponse = typeof ShareAcknowledgeResponse.Type
