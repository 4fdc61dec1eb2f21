/**
 * EndTxn (key 26): commits or aborts a transaction. Flexible from v3.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: may answer PRODUCER_FENCED (KIP-588)
 * - v3: flexible
 * - v4: may answer TRANSACTION_ABORTABLE (KIP-890)
 * - v5: each transaction ends with a raised epoch, which is answered (KIP-890)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const EndTxnRequest = message(
  "EndTxnRequest",
  { key: 26, versions: "0-5", flexible: "3+" },
  {
    transactionalId: f.string,
    producerId: f.int64,
    producerEpoch: f.int16,
    committed: f.bool
  }
)
export type EndTxnRequest = typeof EndTxnRequest.Type

export const EndTxnResponse = message(
  "EndTxnResponse",
  { key: 26, versions: "0-5", flexible: "3+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    producerId: f.int64.since("5+").default(-1).ignorable(),
    producerEpoch: f.int16.since("5+").default(-1).ignorable()
  }
)
export type EndTxnResponse = typeof EndTxnResponse.Type
