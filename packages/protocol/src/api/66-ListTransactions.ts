/**
 * ListTransactions (key 66): lists the transactions that a broker coordinates. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: filter by duration (KIP-994)
 * - v2: filter by pattern of transactional ids (KIP-1152)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ListTransactionsRequest = message(
  "ListTransactionsRequest",
  { key: 66, versions: "0-2", flexible: "0+" },
  {
    stateFilters: f.array(f.string),
    producerIdFilters: f.array(f.int64),
    durationFilter: f.int64.since("1+").default(-1),
    transactionalIdPattern: f.string.since("2+").nulls().default(null)
  }
)
export type ListTransactionsRequest = typeof ListTransactionsRequest.Type

export const TransactionState = f.struct({
  transactionalId: f.string,
  producerId: f.int64,
  transactionState: f.string
})
export type TransactionState = typeof TransactionState.Type

export const ListTransactionsResponse = message(
  "ListTransactionsResponse",
  { key: 66, versions: "0-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    unknownStateFilters: f.array(f.string),
    transactionStates: f.array(TransactionState)
  }
)
export type ListTransactionsResponse = typeof ListTransactionsResponse.Type
