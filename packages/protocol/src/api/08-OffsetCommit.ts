/**
 * OffsetCommit (key 8): stores a group's committed offsets. Flexible from v8.
 *
 * - v2: retention time given by the client
 * - v3: response +throttleTimeMs
 * - v4: the broker answers before it throttles (KIP-219)
 * - v5: no more retentionTimeMs
 * - v6: request +committedLeaderEpoch
 * - v7: request +groupInstanceId
 * - v8: flexible
 * - v9: members of the new protocol may commit; may answer STALE_MEMBER_EPOCH (KIP-848)
 * - v10: +topicId; no more name (KIP-848)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const OffsetCommitRequestPartition = f.struct({
  partitionIndex: f.int32,
  committedOffset: f.long,
  committedLeaderEpoch: f.int32.since("6+").default(-1).ignorable(),
  committedMetadata: f.string.nulls()
})
export type OffsetCommitRequestPartition = typeof OffsetCommitRequestPartition.Type

export const OffsetCommitRequestTopic = f.struct({
  name: f.string.since("0-9").ignorable(),
  topicId: f.uuid.since("10+").ignorable(),
  partitions: f.array(OffsetCommitRequestPartition)
})
export type OffsetCommitRequestTopic = typeof OffsetCommitRequestTopic.Type

export const OffsetCommitRequest = message(
  "OffsetCommitRequest",
  { key: 8, versions: "2-10", flexible: "8+" },
  {
    groupId: f.string,
    generationIdOrMemberEpoch: f.int32.default(-1),
    memberId: f.string,
    groupInstanceId: f.string.since("7+").nulls().default(null),
    retentionTimeMs: f.int64.since("2-4").default(-1).ignorable(),
    topics: f.array(OffsetCommitRequestTopic)
  }
)
export type OffsetCommitRequest = typeof OffsetCommitRequest.Type

export const OffsetCommitResponsePartition = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type OffsetCommitResponsePartition = typeof OffsetCommitResponsePartition.Type

export const OffsetCommitResponseTopic = f.struct({
  name: f.string.since("0-9").ignorable(),
  topicId: f.uuid.since("10+").ignorable(),
  partitions: f.array(OffsetCommitResponsePartition)
})
export type OffsetCommitResponseTopic = typeof OffsetCommitResponseTopic.Type

export const OffsetCommitResponse = message(
  "OffsetCommitResponse",
  { key: 8, versions: "2-10", flexible: "8+" },
  {
    throttleTimeMs: f.int32.since("3+").ignorable(),
    topics: f.array(OffsetCommitResponseTopic)
  }
)
export type OffsetCommitResponse = typeof OffsetCommitResponse.Type
