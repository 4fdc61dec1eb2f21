/**
 * ConsumerGroupHeartbeat (key 68): joins, keeps alive and leaves a consumer group of the new protocol, and carries its
 * assignment (KIP-848). Flexible in every version.
 *
 * - v0: the first supported
 * - v1: subscription by regular expression on the broker; the client chooses the member id (KIP-848, KIP-1082)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopicPartitions = f.struct({
  topicId: f.uuid,
  partitions: f.array(f.int32)
})
export type TopicPartitions = typeof TopicPartitions.Type

export const ConsumerGroupHeartbeatRequest = message(
  "ConsumerGroupHeartbeatRequest",
  { key: 68, versions: "0-1", flexible: "0+" },
  {
    groupId: f.string,
    memberId: f.string,
    memberEpoch: f.int32,
    instanceId: f.string.nulls().default(null),
    rackId: f.string.nulls().default(null),
    rebalanceTimeoutMs: f.int32.default(-1),
    subscribedTopicNames: f.array(f.string).nulls().default(null),
    subscribedTopicRegex: f.string.since("1+").nulls().default(null),
    serverAssignor: f.string.nulls().default(null),
    topicPartitions: f.array(TopicPartitions).nulls().default(null)
  }
)
export type ConsumerGroupHeartbeatRequest = typeof ConsumerGroupHeartbeatRequest.Type

export const Assignment = f.struct({
  topicPartitions: f.array(TopicPartitions)
})
export type Assignment = typeof Assignment.Type

export const ConsumerGroupHeartbeatResponse = message(
  "ConsumerGroupHeartbeatResponse",
  { key: 68, versions: "0-1", flexible: "0+" },
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
export type ConsumerGroupHeartbeatResponse = typeof ConsumerGroupHeartbeatResponse.Type
