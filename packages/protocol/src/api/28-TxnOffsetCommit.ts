/**
 * TxnOffsetCommit (key 28): stores a group's offsets within a transaction. Flexible from v3.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: request +committedLeaderEpoch
 * - v3: flexible; the member's identity is checked (KIP-447)
 * - v4: may answer TRANSACTION_ABORTABLE (KIP-890)
 * - v5: adds the offsets partition to the transaction by itself (KIP-890)
 * - v6: +topicId; no more name (KIP-1319)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TxnOffsetCommitRequestPartition = f.struct({
  partitionIndex: f.int32,
  committedOffset: f.long,
  committedLeaderEpoch: f.int32.since("2+").default(-1).ignorable(),
  committedMetadata: f.string.nulls()
})
export type TxnOffsetCommitRequestPartition = typeof TxnOffsetCommitRequestPartition.Type

export const TxnOffsetCommitRequestTopic = f.struct({
  name: f.string.since("0-5").ignorable(),
  topicId: f.uuid.since("6+").ignorable(),
  partitions: f.array(TxnOffsetCommitRequestPartition)
})
export type TxnOffsetCommitRequestTopic = typeof TxnOffsetCommitRequestTopic.Type

export const TxnOffsetCommitRequest = message(
  "TxnOffsetCommitRequest",
  { key: 28, versions: "0-6", flexible: "3+" },
  {
    transactionalId: f.string,
    groupId: f.string,
    producerId: f.int64,
    producerEpoch: f.int16,
    generationIdOrMemberEpoch: f.int32.since("3+").default(-1),
    memberId: f.string.since("3+"),
    groupInstanceId: f.string.since("3+").nulls().default(null),
    topics: f.array(TxnOffsetCommitRequestTopic)
  }
)
export type TxnOffsetCommitRequest = typeof TxnOffsetCommitRequest.Type

export const TxnOffsetCommitResponsePartition = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type TxnOffsetCommitResponsePartition = typeof TxnOffsetCommitResponsePartition.Type

export const TxnOffsetCommitResponseTopic = f.struct({
  name: f.string.since("0-5").ignorable(),
  topicId: f.uuid.since("6+").ignorable(),
  partitions: f.array(TxnOffsetCommitResponsePartition)
})
export type TxnOffsetCommitResponseTopic = typeof TxnOffsetCommitResponseTopic.Type

export const TxnOffsetCommitResponse = message(
  "TxnOffsetCommitResponse",
  { key: 28, versions: "0-6", flexible: "3+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(TxnOffsetCommitResponseTopic)
  }
)
export type TxnOffsetCommitResponse = typeof TxnOffsetCommitResponse.Type
