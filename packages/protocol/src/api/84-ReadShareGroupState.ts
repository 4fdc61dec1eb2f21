/**
 * ReadShareGroupState (key 84): reads the stored state of share partitions (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partition: f.int32,
  leaderEpoch: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const ReadStateData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type ReadStateData = typeof ReadStateData.Type

export const ReadShareGroupStateRequest = message(
  "ReadShareGroupStateRequest",
  { key: 84, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(ReadStateData)
  }
)
export type ReadShareGroupStateRequest = typeof ReadShareGroupStateRequest.Type

export const StateBatch = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  deliveryState: f.int8,
  deliveryCount: f.int16
})
export type StateBatch = typeof StateBatch.Type

export const PartitionResult = f.struct({
  partition: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  stateEpoch: f.int32,
  startOffset: f.int64,
  stateBatches: f.array(StateBatch)
})
export type PartitionResult = typeof PartitionResult.Type

export const ReadStateResult = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionResult)
})
export type ReadStateResult = typeof ReadStateResult.Type

export const ReadShareGroupStateResponse = message(
  "ReadShareGroupStateResponse",
  { key: 84, versions: "0", flexible: "0+" },
  {
    results: f.array(ReadStateResult)
  }
)
export type ReadShareGroupStateResponse = typeof ReadShareGroupStateResponse.Type
