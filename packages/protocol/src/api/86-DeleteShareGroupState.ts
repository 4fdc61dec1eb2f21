/**
 * DeleteShareGroupState (key 86): deletes the stored state of share partitions (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partition: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const DeleteStateData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type DeleteStateData = typeof DeleteStateData.Type

export const DeleteShareGroupStateRequest = message(
  "DeleteShareGroupStateRequest",
  { key: 86, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(DeleteStateData)
  }
)
export type DeleteShareGroupStateRequest = typeof DeleteShareGroupStateRequest.Type

export const PartitionResult = f.struct({
  partition: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null)
})
export type PartitionResult = typeof PartitionResult.Type

export const DeleteStateResult = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionResult)
})
export type DeleteStateResult = typeof DeleteStateResult.Type

export const DeleteShareGroupStateResponse = message(
  "DeleteShareGroupStateResponse",
  { key: 86, versions: "0", flexible: "0+" },
  {
    results: f.array(DeleteStateResult)
  }
)
export type DeleteShareGroupStateResponse = typeof DeleteShareGroupStateResponse.Type
