/**
 * ShareFetch (key 78): acquires records for a share group's member, with acknowledgements of earlier ones (KIP-932).
 * Flexible in every version.
 *
 * - v2: request +shareAcquireMode, isRenewAck (KIP-1206, KIP-1222)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AcknowledgementBatch = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  acknowledgeTypes: f.array(f.int8)
})
export type AcknowledgementBatch = typeof AcknowledgementBatch.Type

export const FetchPartition = f.struct({
  partitionIndex: f.int32,
  acknowledgementBatches: f.array(AcknowledgementBatch)
})
export type FetchPartition = typeof FetchPartition.Type

export const FetchTopic = f.struct({
  topicId: f.uuid,
  partitions: f.array(FetchPartition)
})
export type FetchTopic = typeof FetchTopic.Type

export const ForgottenTopic = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type ForgottenTopic = typeof ForgottenTopic.Type

export const ShareFetchRequest = message(
  "ShareFetchRequest",
  { key: 78, versions: "1-2", flexible: "0+" },
  {
    groupId: f.string.nulls().default(null),
    memberId: f.string.nulls(),
    shareSessionEpoch: f.int32,
    maxWaitMs: f.int32,
    minBytes: f.int32,
    maxBytes: f.int32.default(0x7fffffff),
    maxRecords: f.int32,
    batchSize: f.int32,
    shareAcquireMode: f.int8.since("2+").ignorable(),
    isRenewAck: f.bool.since("2+"),
    topics: f.array(FetchTopic),
    forgottenTopicsData: f.array(ForgottenTopic)
  }
)
export type ShareFetchRequest = typeof ShareFetchRequest.Type

export const LeaderIdAndEpoch = f.struct({
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type LeaderIdAndEpoch = typeof LeaderIdAndEpoch.Type

export const AcquiredRecords = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  deliveryCount: f.int16
})
export type AcquiredRecords = typeof AcquiredRecords.Type

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  acknowledgeErrorCode: f.int16,
  acknowledgeErrorMessage: f.string.nulls().default(null),
  currentLeader: LeaderIdAndEpoch,
  records: f.records.nulls("0").default(null),
  acquiredRecords: f.array(AcquiredRecords)
})
export type PartitionData = typeof PartitionData.Type

export const ShareFetchableTopicResponse = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type ShareFetchableTopicResponse = typeof ShareFetchableTopicResponse.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.nulls().default(null)
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const ShareFetchResponse = message(
  "ShareFetchResponse",
  { key: 78, versions: "1-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    acquisitionLockTimeoutMs: f.int32,
    responses: f.array(ShareFetchableTopicResponse),
    nodeEndpoints: f.array(NodeEndpoint)
  }
)
export type ShareFetchResponse = typeof ShareFetchResponse.Type
