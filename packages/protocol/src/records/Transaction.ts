/**
 * Records of __transaction_state: the key names the transactional id, the value holds its state. Each has its version as
 * an int16 before it; a key's version is its type.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TransactionLogKey = message(
  "TransactionLogKey",
  { key: 0, versions: "0", flexible: "none" },
  {
    transactionalId: f.string
  }
)
export type TransactionLogKey = typeof TransactionLogKey.Type

export const PartitionsSchema = f.struct({
  topic: f.string,
  partitionIds: f.array(f.int32)
})
export type PartitionsSchema = typeof PartitionsSchema.Type

export const TransactionLogValue = message(
  "TransactionLogValue",
  { key: 0, versions: "0-1", flexible: "1+" },
  {
    producerId: f.int64,
    previousProducerId: f.int64.default(-1).tagged(0, "1+"),
    nextProducerId: f.int64.default(-1).tagged(1, "1+"),
    producerEpoch: f.int16,
    nextProducerEpoch: f.int16.default(-1).tagged(3, "1+"),
    transactionTimeoutMs: f.int32,
    transactionStatus: f.int8,
    transactionPartitions: f.array(PartitionsSchema).nulls(),
    transactionLastUpdateTimestampMs: f.int64,
    transactionStartTimestampMs: f.int64,
    clientTransactionVersion: f.int16.tagged(2, "1+")
  }
)
export type TransactionLogValue = typeof TransactionLogValue.Type
