/**
 * ShareGroupHeartbeat (key 76): joins, keeps alive and leaves a share group (KIP-932). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ShareGroupHeartbeatRequest = message(
  "ShareGroupHeartbeatRequest",
  { key: 76, versions: "1", flexible: "0+" },
  {
    groupId: f.string,
    memberId: f.string,
    memberEpoch: f.int32,
    rackId: f.string.nulls().default(null),
    subscribedTopicNames: f.array(f.string).nulls().default(null)
  }
)
export type ShareGroupHeartbeatRequest = typeof ShareGroupHeartbeatRequest.Type

export const TopicPartitions = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type TopicPartitions = typeof TopicPartitions.Type

export const Assignment = f.struct({
  topicPartitions: f.array(TopicPartitions)
})
export type Assignment = typeof Assignment.Type

export const ShareGroupHeartbeatResponse = message(
  "ShareGroupHeartbeatResponse",
  { key: 76, versions: "1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    memberId: f.string.nulls().default(null),
    memberEpoch: f.int32,
    heartbeatIntervalMs: f.int32,
    assignment: Assignment.nulls().default(null)
  }
)
export type ShareGroupHeartbeatResponse = typeof ShareGroupHeartbeatResponse.Type
