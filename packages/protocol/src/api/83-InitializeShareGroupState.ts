/**
 * InitializeShareGroupState (key 83): begins the stored state of share partitions; group coordinator to share
 * coordinator (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partition: f.int32,
  stateEpoch: f.int32,
  startOffset: f.int64
})
export type PartitionData = typeof PartitionData.Type

export const InitializeStateData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type InitializeStateData = typeof InitializeStateData.Type

export const InitializeShareGroupStateRequest = message(
  "InitializeShareGroupStateRequest",
  { key: 83, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(InitializeStateData)
  }
)
export type InitializeShareGroupStateRequest = typeof InitializeShareGroupStateRequest.Type

export const PartitionResult = f.struct({
  partition: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type PartitionResult = typeof PartitionResult.Type

export const InitializeStateResult = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionResult)
})
export type InitializeStateResult = typeof InitializeStateResult.Type

export const InitializeShareGroupStateResponse = message(
  "InitializeShareGroupStateResponse",
  { key: 83, versions: "0", flexible: "0+" },
  {
    results: f.array(InitializeStateResult)
  }
)
export type InitializeShareGroupStateResponse = typeof InitializeShareGroupStateResponse.Type
