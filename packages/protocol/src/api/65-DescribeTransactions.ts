/**
 * DescribeTransactions (key 65): describes transactions by their ids. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeTransactionsRequest = message(
  "DescribeTransactionsRequest",
  { key: 65, versions: "0", flexible: "0+" },
  {
    transactionalIds: f.array(f.string)
  }
)
export type DescribeTransactionsRequest = typeof DescribeTransactionsRequest.Type

export const TopicData = f.struct({
  topic: f.string,
  partitions: f.array(f.int32)
})
export type TopicData = typeof TopicData.Type

export const TransactionState = f.struct({
  errorCode: f.int16,
  transactionalId: f.string,
  transactionState: f.string,
  transactionTimeoutMs: f.int32,
  transactionStartTimeMs: f.int64,
  producerId: f.int64,
  producerEpoch: f.int16,
  topics: f.array(TopicData)
})
export type TransactionState = typeof TransactionState.Type

export const DescribeTransactionsResponse = message(
  "DescribeTransactionsResponse",
  { key: 65, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    transactionStates: f.array(TransactionState)
  }
)
export type DescribeTransactionsResponse = typeof DescribeTransactionsResponse.Type
