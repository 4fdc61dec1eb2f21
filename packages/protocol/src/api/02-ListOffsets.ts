/**
 * ListOffsets (key 2): finds the offset that belongs to a timestamp, or to one of the special timestamps below zero.
 * Flexible from v6.
 *
 * - v1: one offset per partition (KIP-79)
 * - v2: request +isolationLevel; response +throttleTimeMs
 * - v3: the broker answers before it throttles (KIP-219)
 * - v4: request +currentLeaderEpoch; response +leaderEpoch
 * - v5: may answer OFFSET_NOT_AVAILABLE (KIP-207)
 * - v6: flexible
 * - v7: timestamp -3: the highest timestamp (KIP-734)
 * - v8: timestamp -4: the local log start (KIP-405)
 * - v9: timestamp -5: the last tiered offset (KIP-1005)
 * - v10: request +timeoutMs (KIP-1075)
 * - v11: timestamp -6: the first offset not yet tiered (KIP-1023)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ListOffsetsPartition = f.struct({
  partitionIndex: f.int32,
  currentLeaderEpoch: f.int32.since("4+").default(-1).ignorable(),
  timestamp: f.int64
})
export type ListOffsetsPartition = typeof ListOffsetsPartition.Type

export const ListOffsetsTopic = f.struct({
  name: f.string,
  partitions: f.array(ListOffsetsPartition)
})
export type ListOffsetsTopic = typeof ListOffsetsTopic.Type

export const ListOffsetsRequest = message(
  "ListOffsetsRequest",
  { key: 2, versions: "1-11", flexible: "6+" },
  {
    replicaId: f.int32,
    isolationLevel: f.int8.since("2+"),
    topics: f.array(ListOffsetsTopic),
    timeoutMs: f.int32.since("10+").ignorable()
  }
)
export type ListOffsetsRequest = typeof ListOffsetsRequest.Type

export const ListOffsetsPartitionResponse = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  timestamp: f.int64.default(-1),
  offset: f.int64.default(-1),
  leaderEpoch: f.int32.since("4+").default(-1)
})
export type ListOffsetsPartitionResponse = typeof ListOffsetsPartitionResponse.Type

export const ListOffsetsTopicResponse = f.struct({
  name: f.string,
  partitions: f.array(ListOffsetsPartitionResponse)
})
export type ListOffsetsTopicResponse = typeof ListOffsetsTopicResponse.Type

export const ListOffsetsResponse = message(
  "ListOffsetsResponse",
  { key: 2, versions: "1-11", flexible: "6+" },
  {
    throttleTimeMs: f.int32.since("2+").ignorable(),
    topics: f.array(ListOffsetsTopicResponse)
  }
)
export type ListOffsetsResponse = typeof ListOffsetsResponse.Type
