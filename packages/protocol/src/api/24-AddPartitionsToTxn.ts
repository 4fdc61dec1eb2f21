/**
 * AddPartitionsToTxn (key 24): adds partitions to a running transaction, or asks whether they are in it. Flexible from
 * v3.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: may answer PRODUCER_FENCED (KIP-588)
 * - v3: flexible
 * - v4: many transactions at once, for brokers, with verifyOnly (KIP-890)
 * - v5: may answer TRANSACTION_ABORTABLE (KIP-890)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AddPartitionsToTxnTopic = f.struct({
  name: f.string,
  partitions: f.array(f.int32)
})
export type AddPartitionsToTxnTopic = typeof AddPartitionsToTxnTopic.Type

export const AddPartitionsToTxnTransaction = f.struct({
  transactionalId: f.string,
  producerId: f.int64,
  producerEpoch: f.int16,
  verifyOnly: f.bool.default(false),
  topics: f.array(AddPartitionsToTxnTopic)
})
export type AddPartitionsToTxnTransaction = typeof AddPartitionsToTxnTransaction.Type

export const AddPartitionsToTxnRequest = message(
  "AddPartitionsToTxnRequest",
  { key: 24, versions: "0-5", flexible: "3+" },
  {
    transactions: f.array(AddPartitionsToTxnTransaction).since("4+"),
    v3AndBelowTransactionalId: f.string.since("0-3"),
    v3AndBelowProducerId: f.int64.since("0-3"),
    v3AndBelowProducerEpoch: f.int16.since("0-3"),
    v3AndBelowTopics: f.array(AddPartitionsToTxnTopic).since("0-3")
  }
)
export type AddPartitionsToTxnRequest = typeof AddPartitionsToTxnRequest.Type

export const AddPartitionsToTxnPartitionResult = f.struct({
  partitionIndex: f.int32,
  partitionErrorCode: f.int16
})
export type AddPartitionsToTxnPartitionResult = typeof AddPartitionsToTxnPartitionResult.Type

export const AddPartitionsToTxnTopicResult = f.struct({
  name: f.string,
  resultsByPartition: f.array(AddPartitionsToTxnPartitionResult)
})
export type AddPartitionsToTxnTopicResult = typeof AddPartitionsToTxnTopicResult.Type

export const AddPartitionsToTxnResult = f.struct({
  transactionalId: f.string,
  topicResults: f.array(AddPartitionsToTxnTopicResult)
})
export type AddPartitionsToTxnResult = typeof AddPartitionsToTxnResult.Type

export const AddPartitionsToTxnResponse = message(
  "AddPartitionsToTxnResponse",
  { key: 24, versions: "0-5", flexible: "3+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16.since("4+").ignorable(),
    resultsByTransaction: f.array(AddPartitionsToTxnResult).since("4+"),
    resultsByTopicV3AndBelow: f.array(AddPartitionsToTxnTopicResult).since("0-3")
  }
)
export type AddPartitionsToTxnResponse = typeof AddPartitionsToTxnResponse.Type
