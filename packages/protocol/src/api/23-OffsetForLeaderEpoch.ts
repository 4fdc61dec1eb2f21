/**
 * OffsetForLeaderEpoch (key 23): tells where a leader epoch ended, so that a diverged log can be cut. Flexible from v4.
 *
 * - v2: current leader epoch in the request (KIP-320)
 * - v3: request +replicaId
 * - v4: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const OffsetForLeaderPartition = f.struct({
  partition: f.int32,
  currentLeaderEpoch: f.int32.default(-1),
  leaderEpoch: f.int32
})
export type OffsetForLeaderPartition = typeof OffsetForLeaderPartition.Type

export const OffsetForLeaderTopic = f.struct({
  topic: f.string,
  partitions: f.array(OffsetForLeaderPartition)
})
export type OffsetForLeaderTopic = typeof OffsetForLeaderTopic.Type

export const OffsetForLeaderEpochRequest = message(
  "OffsetForLeaderEpochRequest",
  { key: 23, versions: "2-4", flexible: "4+" },
  {
    replicaId: f.int32.since("3+").default(-2).ignorable(),
    topics: f.array(OffsetForLeaderTopic)
  }
)
export type OffsetForLeaderEpochRequest = typeof OffsetForLeaderEpochRequest.Type

export const EpochEndOffset = f.struct({
  errorCode: f.int16,
  partition: f.int32,
  leaderEpoch: f.int32.default(-1),
  endOffset: f.int64.default(-1)
})
export type EpochEndOffset = typeof EpochEndOffset.Type

export const OffsetForLeaderTopicResult = f.struct({
  topic: f.string,
  partitions: f.array(EpochEndOffset)
})
export type OffsetForLeaderTopicResult = typeof OffsetForLeaderTopicResult.Type

export const OffsetForLeaderEpochResponse = message(
  "OffsetForLeaderEpochResponse",
  { key: 23, versions: "2-4", flexible: "4+" },
  {
    throttleTimeMs: f.int32.default(0),
    topics: f.array(OffsetForLeaderTopicResult)
  }
)
export type OffsetForLeaderEpochResponse = typeof OffsetForLeaderEpochResponse.Type
