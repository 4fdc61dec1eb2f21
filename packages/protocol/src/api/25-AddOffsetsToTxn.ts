/**
 * AddOffsetsToTxn (key 25): adds a group's offsets partition to a running transaction. Flexible from v3.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: may answer PRODUCER_FENCED (KIP-588)
 * - v3: flexible
 * - v4: may answer TRANSACTION_ABORTABLE (KIP-890)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AddOffsetsToTxnRequest = message(
  "AddOffsetsToTxnRequest",
  { key: 25, versions: "0-4", flexible: "3+" },
  {
    transactionalId: f.string,
    producerId: f.int64,
    producerEpoch: f.int16,
    groupId: f.string
  }
)
export type AddOffsetsToTxnRequest = typeof AddOffsetsToTxnRequest.Type

export const AddOffsetsToTxnResponse = message(
  "AddOffsetsToTxnResponse",
  { key: 25, versions: "0-4", flexible: "3+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16
  }
)
export type AddOffsetsToTxnResponse = typeof AddOffsetsToTxnResponse.Type
