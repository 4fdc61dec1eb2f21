/**
 * What members of a classic consumer group say to each other inside JoinGroup and SyncGroup: subscription and
 * assignment, each with its version as an int16 before it. The broker reads it only to describe groups and to change
 * their protocol.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopicPartition = f.struct({
  topic: f.string,
  partitions: f.array(f.int32)
})
export type TopicPartition = typeof TopicPartition.Type

export const ConsumerProtocolSubscription = message(
  "ConsumerProtocolSubscription",
  { versions: "0-3", flexible: "none" },
  {
    topics: f.array(f.string),
    userData: f.bytes.nulls().default(null),
    ownedPartitions: f.array(TopicPartition).since("1+").ignorable(),
    generationId: f.int32.since("2+").default(-1).ignorable(),
    rackId: f.string.since("3+").nulls().default(null).ignorable()
  }
)
export type ConsumerProtocolSubscription = typeof ConsumerProtocolSubscription.Type

export const ConsumerProtocolAssignment = message(
  "ConsumerProtocolAssignment",
  { versions: "0-3", flexible: "none" },
  {
    assignedPartitions: f.array(TopicPartition),
    userData: f.bytes.nulls().default(null)
  }
)
export type ConsumerProtocolAssignment = typeof ConsumerProtocolAssignment.Type
