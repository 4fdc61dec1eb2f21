/**
 * DeleteRecords (key 21): deletes the records below an offset by moving the log start. Flexible from v2.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DeleteRecordsPartition = f.struct({
  partitionIndex: f.int32,
  offset: f.int64
})
export type DeleteRecordsPartition = typeof DeleteRecordsPartition.Type

export const DeleteRecordsTopic = f.struct({
  name: f.string,
  partitions: f.array(DeleteRecordsPartition)
})
export type DeleteRecordsTopic = typeof DeleteRecordsTopic.Type

export const DeleteRecordsRequest = message(
  "DeleteRecordsRequest",
  { key: 21, versions: "0-2", flexible: "2+" },
  {
    topics: f.array(DeleteRecordsTopic),
    timeoutMs: f.int32
  }
)
export type DeleteRecordsRequest = typeof DeleteRecordsRequest.Type

export const DeleteRecordsPartitionResult = f.struct({
  partitionIndex: f.int32,
  lowWatermark: f.int64,
  errorCode: f.int16
})
export type DeleteRecordsPartitionResult = typeof DeleteRecordsPartitionResult.Type

export const DeleteRecordsTopicResult = f.struct({
  name: f.string,
  partitions: f.array(DeleteRecordsPartitionResult)
})
export type DeleteRecordsTopicResult = typeof DeleteRecordsTopicResult.Type

export const DeleteRecordsResponse = message(
  "DeleteRecordsResponse",
  { key: 21, versions: "0-2", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(DeleteRecordsTopicResult)
  }
)
export type DeleteRecordsResponse = typeof DeleteRecordsResponse.Type
