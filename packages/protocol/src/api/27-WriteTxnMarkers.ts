/**
 * WriteTxnMarkers (key 27): writes the markers that end a transaction into the logs of its partitions; coordinator to
 * leader. Flexible in every version.
 *
 * - v1: the first supported
 * - v2: request +transactionVersion (KIP-1228)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const WritableTxnMarkerTopic = f.struct({
  name: f.string,
  partitionIndexes: f.array(f.int32)
})
export type WritableTxnMarkerTopic = typeof WritableTxnMarkerTopic.Type

export const WritableTxnMarker = f.struct({
  producerId: f.int64,
  producerEpoch: f.int16,
  transactionResult: f.bool,
  topics: f.array(WritableTxnMarkerTopic),
  coordinatorEpoch: f.int32,
  transactionVersion: f.int8.since("2+").ignorable()
})
export type WritableTxnMarker = typeof WritableTxnMarker.Type

export const WriteTxnMarkersRequest = message(
  "WriteTxnMarkersRequest",
  { key: 27, versions: "1-2", flexible: "1+" },
  {
    markers: f.array(WritableTxnMarker)
  }
)
export type WriteTxnMarkersRequest = typeof WriteTxnMarkersRequest.Type

export const WritableTxnMarkerPartitionResult = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type WritableTxnMarkerPartitionResult = typeof WritableTxnMarkerPartitionResult.Type

export const WritableTxnMarkerTopicResult = f.struct({
  name: f.string,
  partitions: f.array(WritableTxnMarkerPartitionResult)
})
export type WritableTxnMarkerTopicResult = typeof WritableTxnMarkerTopicResult.Type

export const WritableTxnMarkerResult = f.struct({
  producerId: f.int64,
  topics: f.array(WritableTxnMarkerTopicResult)
})
export type WritableTxnMarkerResult = typeof WritableTxnMarkerResult.Type

export const WriteTxnMarkersResponse = message(
  "WriteTxnMarkersResponse",
  { key: 27, versions: "1-2", flexible: "1+" },
  {
    markers: f.array(WritableTxnMarkerResult)
  }
)
export type WriteTxnMarkersResponse = typeof WriteTxnMarkersResponse.Type
