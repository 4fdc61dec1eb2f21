/**
 * AlterShareGroupOffsets (key 91): moves the start offsets of a share group (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AlterShareGroupOffsetsRequestPartition = f.struct({
  partitionIndex: f.int32,
  startOffset: f.int64
})
export type AlterShareGroupOffsetsRequestPartition = typeof AlterShareGroupOffsetsRequestPartition.Type

export const AlterShareGroupOffsetsRequestTopic = f.struct({
  topicName: f.string,
  partitions: f.array(AlterShareGroupOffsetsRequestPartition)
})
export type AlterShareGroupOffsetsRequestTopic = typeof AlterShareGroupOffsetsRequestTopic.Type

export const AlterShareGroupOffsetsRequest = message(
  "AlterShareGroupOffsetsRequest",
  { key: 91, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(AlterShareGroupOffsetsRequestTopic)
  }
)
export type AlterShareGroupOffsetsRequest = typeof AlterShareGroupOffsetsRequest.Type

export const AlterShareGroupOffsetsResponsePartition = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type AlterShareGroupOffsetsResponsePartition = typeof AlterShareGroupOffsetsResponsePartition.Type

export const AlterShareGroupOffsetsResponseTopic = f.struct({
  topicName: f.string,
  topicId: f.uuid,
  partitions: f.array(AlterShareGroupOffsetsResponsePartition)
})
export type AlterShareGroupOffsetsResponseTopic = typeof AlterShareGroupOffsetsResponseTopic.Type

export const AlterShareGroupOffsetsResponse = message(
  "AlterShareGroupOffsetsResponse",
  { key: 91, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    responses: f.array(AlterShareGroupOffsetsResponseTopic)
  }
)
export type AlterShareGroupOffsetsResponse = typeof AlterShareGroupOffsetsResponse.Type
