/**
 * DescribeProducers (key 61): lists the producers that a partition's log remembers. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopicRequest = f.struct({
  name: f.string,
  partitionIndexes: f.array(f.int32)
})
export type TopicRequest = typeof TopicRequest.Type

export const DescribeProducersRequest = message(
  "DescribeProducersRequest",
  { key: 61, versions: "0", flexible: "0+" },
  {
    topics: f.array(TopicRequest)
  }
)
export type DescribeProducersRequest = typeof DescribeProducersRequest.Type

export const ProducerState = f.struct({
  producerId: f.int64,
  producerEpoch: f.int32,
  lastSequence: f.int32.default(-1),
  lastTimestamp: f.int64.default(-1),
  coordinatorEpoch: f.int32,
  currentTxnStartOffset: f.int64.default(-1)
})
export type ProducerState = typeof ProducerState.Type

export const PartitionResponse = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().default(null),
  activeProducers: f.array(ProducerState)
})
export type PartitionResponse = typeof PartitionResponse.Type

export const TopicResponse = f.struct({
  name: f.string,
  partitions: f.array(PartitionResponse)
})
export type TopicResponse = typeof TopicResponse.Type

export const DescribeProducersResponse = message(
  "DescribeProducersResponse",
  { key: 61, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(TopicResponse)
  }
)
export type DescribeProducersResponse = typeof DescribeProducersResponse.Type
