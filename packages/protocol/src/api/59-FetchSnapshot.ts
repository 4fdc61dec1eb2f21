/**
 * FetchSnapshot (key 59): reads a part of a metadata snapshot. Flexible in every version.
 *
 * - v1: request +replicaDirectoryId; response +nodeEndpoints (KIP-853)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const SnapshotId = f.struct({
  endOffset: f.int64,
  epoch: f.int32
})
export type SnapshotId = typeof SnapshotId.Type

export const PartitionSnapshot = f.struct({
  partition: f.int32,
  currentLeaderEpoch: f.int32,
  snapshotId: SnapshotId,
  position: f.int64,
  replicaDirectoryId: f.uuid.tagged(0, "1+").ignorable()
})
export type PartitionSnapshot = typeof PartitionSnapshot.Type

export const TopicSnapshot = f.struct({
  name: f.string,
  partitions: f.array(PartitionSnapshot)
})
export type TopicSnapshot = typeof TopicSnapshot.Type

export const FetchSnapshotRequest = message(
  "FetchSnapshotRequest",
  { key: 59, versions: "0-1", flexible: "0+" },
  {
    clusterId: f.string.nulls().default(null).tagged(0, "0+"),
    replicaId: f.int32.default(-1),
    maxBytes: f.int32.default(0x7fffffff),
    topics: f.array(TopicSnapshot)
  }
)
export type FetchSnapshotRequest = typeof FetchSnapshotRequest.Type

export const LeaderIdAndEpoch = f.struct({
  leaderId: f.int32,
  leaderEpoch: f.int32
})
export type LeaderIdAndEpoch = typeof LeaderIdAndEpoch.Type

export const FetchSnapshotResponsePartitionSnapshot = f.struct({
  index: f.int32,
  errorCode: f.int16,
  snapshotId: SnapshotId,
  currentLeader: LeaderIdAndEpoch.tagged(0, "0+"),
  size: f.int64,
  position: f.int64,
  unalignedRecords: f.records
})
export type FetchSnapshotResponsePartitionSnapshot = typeof FetchSnapshotResponsePartitionSnapshot.Type

export const FetchSnapshotResponseTopicSnapshot = f.struct({
  name: f.string,
  partitions: f.array(FetchSnapshotResponsePartitionSnapshot)
})
export type FetchSnapshotResponseTopicSnapshot = typeof FetchSnapshotResponseTopicSnapshot.Type

export const NodeEndpoint = f.struct({
  nodeId: f.int32,
  host: f.string,
  port: f.uint16
})
export type NodeEndpoint = typeof NodeEndpoint.Type

export const FetchSnapshotResponse = message(
  "FetchSnapshotResponse",
  { key: 59, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    topics: f.array(FetchSnapshotResponseTopicSnapshot),
    nodeEndpoints: f.array(NodeEndpoint).tagged(0, "1+")
  }
)
export type FetchSnapshotResponse = typeof FetchSnapshotResponse.Type
