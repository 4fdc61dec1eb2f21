/**
 * DescribeShareGroupOffsets (key 90): reads the start offsets of share groups (KIP-932). Flexible in every version.
 *
 * - v0: the first supported
 * - v1: response +lag (KIP-1226)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeShareGroupOffsetsRequestTopic = f.struct({
  topicName: f.string,
  partitions: f.array(f.int32)
})
export type DescribeShareGroupOffsetsRequestTopic = typeof DescribeShareGroupOffsetsRequestTopic.Type

export const DescribeShareGroupOffsetsRequestGroup = f.struct({
  groupId: f.string,
  topics: f.array(DescribeShareGroupOffsetsRequestTopic).nulls()
})
export type DescribeShareGroupOffsetsRequestGroup = typeof DescribeShareGroupOffsetsRequestGroup.Type

export const DescribeShareGroupOffsetsRequest = message(
  "DescribeShareGroupOffsetsRequest",
  { key: 90, versions: "0-1", flexible: "0+" },
  {
    groups: f.array(DescribeShareGroupOffsetsRequestGroup)
  }
)
export type DescribeShareGroupOffsetsRequest = typeof DescribeShareGroupOffsetsRequest.Type

export const DescribeShareGroupOffsetsResponsePartition = f.struct({
  partitionIndex: f.int32,
  startOffset: f.int64,
  leaderEpoch: f.int32,
  lag: f.int64.since("1+").default(-1).ignorable(),
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type DescribeShareGroupOffsetsResponsePartition = typeof DescribeShareGroupOffsetsResponsePartition.Type

export const DescribeShareGroupOffsetsResponseTopic = f.struct({
  topicName: f.string,
  topicId: f.uuid,
  partitions: f.array(DescribeShareGroupOffsetsResponsePartition)
})
export type DescribeShareGroupOffsetsResponseTopic = typeof DescribeShareGroupOffsetsResponseTopic.Type

export const DescribeShareGroupOffsetsResponseGroup = f.struct({
  groupId: f.string,
  topics: f.array(DescribeShareGroupOffsetsResponseTopic),
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type DescribeShareGroupOffsetsResponseGroup = typeof DescribeShareGroupOffsetsResponseGroup.Type

export const DescribeShareGroupOffsetsResponse = message(
  "DescribeShareGroupOffsetsResponse",
  { key: 90, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    groups: f.array(DescribeShareGroupOffsetsResponseGroup)
  }
)
export type DescribeShareGroupOffsetsResponse = typeof DescribeShareGroupOffsetsResponse.Type
