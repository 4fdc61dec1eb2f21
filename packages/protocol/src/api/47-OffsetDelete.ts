/**
 * OffsetDelete (key 47): deletes committed offsets of a group. Never flexible.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const OffsetDeleteRequestPartition = f.struct({
  partitionIndex: f.int32
})
export type OffsetDeleteRequestPartition = typeof OffsetDeleteRequestPartition.Type

export const OffsetDeleteRequestTopic = f.struct({
  name: f.string,
  partitions: f.array(OffsetDeleteRequestPartition)
})
export type OffsetDeleteRequestTopic = typeof OffsetDeleteRequestTopic.Type

export const OffsetDeleteRequest = message(
  "OffsetDeleteRequest",
  { key: 47, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    topics: f.array(OffsetDeleteRequestTopic)
  }
)
export type OffsetDeleteRequest = typeof OffsetDeleteRequest.Type

export const OffsetDeleteResponsePartition = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type OffsetDeleteResponsePartition = typeof OffsetDeleteResponsePartition.Type

export const OffsetDeleteResponseTopic = f.struct({
  name: f.string,
  partitions: f.array(OffsetDeleteResponsePartition)
})
export type OffsetDeleteResponseTopic = typeof OffsetDeleteResponseTopic.Type

export const OffsetDeleteResponse = message(
  "OffsetDeleteResponse",
  { key: 47, versions: "0", flexible: "none" },
  {
    errorCode: f.int16,
    throttleTimeMs: f.int32.default(0),
    topics: f.array(OffsetDeleteResponseTopic)
  }
)
export type OffsetDeleteResponse = typeof OffsetDeleteResponse.Type
