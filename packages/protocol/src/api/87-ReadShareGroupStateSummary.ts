/**
 * ReadShareGroupStateSummary (key 87): reads the start offsets of share partitions, without their batches (KIP-932).
 * Flexible in every version.
 *
 * - v0: the first supported
 * - v1: response +deliveryCompleteCount (KIP-1226)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partition: f.int32,
  leaderEpoch: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const ReadStateSummaryData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type ReadStateSummaryData = typeof ReadStateSummaryData.Type

export const ReadShareGroupStateSummaryRequest = message(
  "ReadShareGroupStateSummaryRequest",
  { key: 87, versions: "0-1", flexible: "0+" },
  {
    groupId: f.string,
    topics: f.array(ReadStateSummaryData)
  }
)
export type ReadShareGroupStateSummaryRequest = typeof ReadShareGroupStateSummaryRequest.Type

export const PartitionResult = f.struct({
  partition: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  stateEpoch: f.int32,
  leaderEpoch: f.int32,
  startOffset: f.int64,
  deliveryCompleteCount: f.int32.since("1+").default(-1).ignorable()
})
export type PartitionResult = typeof PartitionResult.Type

export const ReadStateSummaryResult = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionResult)
})
export type ReadStateSummaryResult = typeof ReadStateSummaryResult.Type

export const ReadShareGroupStateSummaryResponse = message(
  "ReadShareGroupStateSummaryResponse",
  { key: 87, versions: "0-1", flexible: "0+" },
  {
    results: f.array(ReadStateSummaryResult)
  }
)
export type ReadShareGroupStateSummaryResponse = typeof ReadShareGroupStateSummaryResponse.Type
