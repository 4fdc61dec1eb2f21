/**
 * Fetch (key 1): reads record batches from partitions; consumers, followers and raft observers all use it. Flexible from
 * v12.
 *
 * - v4: isolation level and aborted transactions (KIP-98)
 * - v5: +logStartOffset
 * - v6: may answer KAFKA_STORAGE_ERROR
 * - v7: +sessionId; request +sessionEpoch, forgottenTopicsData; response +errorCode
 * - v8: the broker answers before it throttles (KIP-219)
 * - v9: request +currentLeaderEpoch (KIP-320)
 * - v10: zstd (KIP-110)
 * - v11: request +rackId; response +preferredReadReplica
 * - v12: flexible; request +clusterId, lastFetchedEpoch; response +divergingEpoch, currentLeader, snapshotId
 * - v13: +topicId; no more topic (KIP-516)
 * - v14: may answer OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405)
 * - v15: request +replicaState; no more replicaId (KIP-903)
 * - v16: response +nodeEndpoints (KIP-951)
 * - v17: request +replicaDirectoryId (KIP-853)
 * - v18: request +highWatermark (KIP-1166)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ReplicaState = f.struct({
  replicaId: f.int32.default(-1),
  replicaEpoch: f.int64.default(-1)
})
export type ReplicaState = typeof ReplicaState.Type

export const FetchPartition = f.struct({
  partition: f.int32,
  currentLeaderEpoch: f.int32.since("9+").default(-1).ignorable(),
  fetchOffset: f.int64,
  lastFetchedEpoch: f.int32.since("12+").default(-1),
  logStartOffset: f.int64.since("5+").default(-1).ignorable(),
  partitionMaxBytes: f.int32,
  replicaDirectoryId: f.uuid.tagged(0, "17+").ignorable(),
  highWatermark: f.int64
    .default(2 ** 63)
    .tagged(1, "18+")
    .ignorable()
})
export type FetchPartition = typeof FetchPartition.Type

export const FetchTopic = f.struct({
  topic: f.string.since("0-12").ignorable(),
  topicId: f.uuid.since("13+").ignorable(),
  partitions: f.array(FetchPartition)
})
export type FetchTopic = typeof FetchTopic.Type

export const ForgottenTopic = f.struct({
  topic: f.string.since("7-12").ignorable(),
  topicId: f.uuid.since("13+").ignorable(),
  partitions: f.array(f.int32)
})
export type ForgottenTopic = typeof ForgottenTopic.Type

export const FetchRequest = message(
  "FetchRequest",
  { key: 1, versions: "4-18", flexible: "12+" },
  {
    clusterId: f.string.nulls().default(null).tagged(0, "12+").ignorable(),
    replicaId: f.int32.since("0-14").default(-1),
    replicaState: ReplicaState.tagged(1, "15+"),
    maxWaitMs: f.int32,
    minBytes: f.int32,
    maxBytes: f.int32.default(0x7fffffff),
    isolationLevel: f.int8.default(0),
    sessionId: f.int32.since("7+").ignorable(),
    sessionEpoch: f.int32.since("7+").default(-1).ignorable(),
    topics: f.array(FetchTopic),
    forgottenTopicsData: f.array(ForgottenTopic).since("7+"),
    rackId: f.string.since("11+").ignorable()
  }
)
export type FetchRequest = typeof FetchRequest.Type

export const EpochEndOffset = f.struct({
  epoch: f.int32.default(-1),
  endOffset: f.int64.default(-1)
})
export type EpochEndOffset = typeof EpochEndOffset.Type

export const LeaderIdAndEpoch = f.struct({
  leaderId: f.int32.default(-1),
  leaderEpoch: f.int32.default(-1)
})
export type LeaderIdAndEpoch = typeof LeaderIdAndEpoch.Type

export const SnapshotId = f.struct({
  endOffset: f.int64.default(-1),
  epoch: f.int32.default(-1)
})
export type SnapshotId = typeof SnapshotId.Type

export const AbortedTransaction = f.struct({
  producerId: f.int64,
  firstOffset: f.int64
})
export type AbortedTransaction = typeof AbortedTransaction.Type

export const PartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  highWatermark: f.int64,
  lastStableOffset: f.int64.default(-1),
  logStartOffset: f.int64.since("5+").default(-1).ignorable(),
  divergingEpoch: EpochEndOffset.tagged(0, "12+"),
  currentLeader: LeaderIdAndEpoch.tagged(1, "12+"),
  snapshotId: SnapshotId.tagged(2, "12+"),
  abortedTransactions: f.array(AbortedTransaction).nulls(),
  preferredReadReplica: f.int32.since("11+").default(-1),
  records: f.records.nulls().default(null)
})
export type PartitionData = typeof PartitionData.Type

export const FetchableTopicResponse = f.struct({
  topic: f.string.since("0-12").ignorable(),
  topicId: f.uuid.since("13+").ignorable(),
  partitions: f.array(PartitionData)
})
export type FetchableTopicResponse = typeof FetchableTopicResponse.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.nulls().default(null)
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const FetchResponse = message(
  "FetchResponse",
  { key: 1, versions: "4-18", flexible: "12+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16.since("7+").ignorable(),
    sessionId: f.int32.since("7+"),
    responses: f.array(FetchableTopicResponse),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "16+")
  }
)
export type FetchResponse = typeof FetchResponse.Type
