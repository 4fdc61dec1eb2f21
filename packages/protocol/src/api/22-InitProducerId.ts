/**
 * InitProducerId (key 22): gives a producer its id and epoch, fencing earlier ones with the same transactional id.
 * Flexible from v2. v6 is not stable yet.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: a producer may raise its own epoch (KIP-360)
 * - v4: may answer PRODUCER_FENCED (KIP-588)
 * - v5: may answer TRANSACTION_ABORTABLE (KIP-890)
 * - v6: request +enable2Pc, keepPreparedTxn; response +ongoingTxnProducerId, ongoingTxnProducerEpoch (KIP-939)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const InitProducerIdRequest = message(
  "InitProducerIdRequest",
  { key: 22, versions: "0-6", flexible: "2+", latestVersionUnstable: true },
  {
    transactionalId: f.string.nulls(),
    transactionTimeoutMs: f.int32,
    producerId: f.int64.since("3+").default(-1),
    producerEpoch: f.int16.since("3+").default(-1),
    enable2Pc: f.bool.since("6+"),
    keepPreparedTxn: f.bool.since("6+")
  }
)
export type InitProducerIdRequest = typeof InitProducerIdRequest.Type

export const InitProducerIdResponse = message(
  "InitProducerIdResponse",
  { key: 22, versions: "0-6", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    producerId: f.int64.default(-1),
    producerEpoch: f.int16,
    ongoingTxnProducerId: f.int64.since("6+").default(-1),
    ongoingTxnProducerEpoch: f.int16.since("6+").default(-1)
  }
)
export type InitProducerIdResponse = typeof InitProducerIdResponse.Type
