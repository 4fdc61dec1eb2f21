/**
 * WriteShareGroupState (key 85): writes the stored state of share partitions (KIP-932). Flexible in every version.
 *
 * - v0: the first supported
 * - v1: request +deliveryCompleteCount (KIP-1226)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const StateBatch = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  deliveryState: f.int8,
  deliveryCount: f.int16
})
export type StateBatch = typeof StateBatch.Type

export const PartitionData = f.struct({
  partition: f.int32,
  stateEpoch: f.int32,
  leaderEpoch: f.int32,
  startOffset: f.int64,
  deliveryCompleteCount: f.int32.since("1+").default(-1).ignorable(),
  stateBatches: f.array(StateBatch)
})
export type PartitionData = typeof PartitionData.Type

export const WriteStateData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type WriteStateData = typeof WriteStateData.Type

export const WriteShareGroupStateRequest = message(
  "WriteShareGroupStateRequest",
  { key: 85, versions: "0-1", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(WriteStateData)
  }
)
export type WriteShareGroupStateRequest = typeof WriteShareGroupStateRequest.Type

export const PartitionResult = f.struct({
  partition: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type PartitionResult = typeof PartitionResult.Type

export const WriteStateResult = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionResult)
})
export type WriteStateResult = typeof WriteStateResult.Type

export const WriteShareGroupStateResponse = message(
  "WriteShareGroupStateResponse",
  { key: 85, versions: "0-1", flexible: "0+" },
  {
    results: f.array(WriteStateResult)
  }
)
export type WriteShareGroupStateResponse = typeof WriteShareGroupStateResponse.Type
