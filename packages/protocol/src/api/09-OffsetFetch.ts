/**
 * OffsetFetch (key 9): reads a group's committed offsets. Flexible from v6.
 *
 * - v1: offsets are read from the offsets topic
 * - v2: null means all partitions; response +errorCode
 * - v3: response +throttleTimeMs
 * - v4: the broker answers before it throttles (KIP-219)
 * - v5: response +committedLeaderEpoch
 * - v6: flexible
 * - v7: request +requireStable
 * - v8: +groups; no more groupId, topics, errorCode
 * - v9: request +memberId, memberEpoch (KIP-848)
 * - v10: +topicId; no more name (KIP-848)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const OffsetFetchRequestTopic = f.struct({
  name: f.string,
  partitionIndexes: f.array(f.int32)
})
export type OffsetFetchRequestTopic = typeof OffsetFetchRequestTopic.Type

export const OffsetFetchRequestTopics = f.struct({
  name: f.string.since("8-9").ignorable(),
  topicId: f.uuid.since("10+").ignorable(),
  partitionIndexes: f.array(f.int32)
})
export type OffsetFetchRequestTopics = typeof OffsetFetchRequestTopics.Type

export const OffsetFetchRequestGroup = f.struct({
  groupId: f.string,
  memberId: f.string.since("9+").nulls().default(null).ignorable(),
  memberEpoch: f.int32.since("9+").default(-1).ignorable(),
  topics: f.array(OffsetFetchRequestTopics).nulls()
})
export type OffsetFetchRequestGroup = typeof OffsetFetchRequestGroup.Type

export const OffsetFetchRequest = message(
  "OffsetFetchRequest",
  { key: 9, versions: "1-10", flexible: "6+" },
  {
    groupId: f.string.since("0-7"),
    topics: f.array(OffsetFetchRequestTopic).since("0-7").nulls("2-7"),
    groups: f.array(OffsetFetchRequestGroup).since("8+"),
    requireStable: f.bool.since("7+")
  }
)
export type OffsetFetchRequest = typeof OffsetFetchRequest.Type

export const OffsetFetchResponsePartition = f.struct({
  partitionIndex: f.int32,
  committedOffset: f.long,
  committedLeaderEpoch: f.int32.since("5-7").default(-1).ignorable(),
  metadata: f.string.nulls(),
  errorCode: f.int16
})
export type OffsetFetchResponsePartition = typeof OffsetFetchResponsePartition.Type

export const OffsetFetchResponseTopic = f.struct({
  name: f.string,
  partitions: f.array(OffsetFetchResponsePartition)
})
export type OffsetFetchResponseTopic = typeof OffsetFetchResponseTopic.Type

export const OffsetFetchResponsePartitions = f.struct({
  partitionIndex: f.int32,
  committedOffset: f.long,
  committedLeaderEpoch: f.int32.default(-1).ignorable(),
  metadata: f.string.nulls(),
  errorCode: f.int16
})
export type OffsetFetchResponsePartitions = typeof OffsetFetchResponsePartitions.Type

export const OffsetFetchResponseTopics = f.struct({
  name: f.string.since("8-9").ignorable(),
  topicId: f.uuid.since("10+").ignorable(),
  partitions: f.array(OffsetFetchResponsePartitions)
})
export type OffsetFetchResponseTopics = typeof OffsetFetchResponseTopics.Type

export const OffsetFetchResponseGroup = f.struct({
  groupId: f.string,
  topics: f.array(OffsetFetchResponseTopics),
  errorCode: f.int16.default(0)
})
export type OffsetFetchResponseGroup = typeof OffsetFetchResponseGroup.Type

export const OffsetFetchResponse = message(
  "OffsetFetchResponse",
  { key: 9, versions: "1-10", flexible: "6+" },
  {
    throttleTimeMs: f.int32.since("3+").ignorable(),
    topics: f.array(OffsetFetchResponseTopic).since("0-7"),
    errorCode: f.int16.since("2-7").ignorable(),
    groups: f.array(OffsetFetchResponseGroup).since("8+")
  }
)
export type OffsetFetchResponse = typeof OffsetFetchResponse.Type
