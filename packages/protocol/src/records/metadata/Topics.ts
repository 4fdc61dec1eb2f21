/**
 * Topics and partitions in the metadata log. Each is stored behind a frame version, its type (the key here) and its
 * version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const TopicRecord = message(
  "TopicRecord",
  { key: 2, versions: "0", flexible: "0+" },
  {
    name: f.string,
    topicId: f.uuid
  }
)
export type TopicRecord = typeof TopicRecord.Type

export const RemoveTopicRecord = message(
  "RemoveTopicRecord",
  { key: 9, versions: "0", flexible: "0+" },
  {
    topicId: f.uuid
  }
)
export type RemoveTopicRecord = typeof RemoveTopicRecord.Type

export const PartitionRecord = message(
  "PartitionRecord",
  { key: 3, versions: "0-2", flexible: "0+" },
  {
    partitionId: f.int32.default(-1),
    topicId: f.uuid,
    replicas: f.array(f.int32),
    isr: f.array(f.int32),
    removingReplicas: f.array(f.int32),
    addingReplicas: f.array(f.int32),
    leader: f.int32.default(-1),
    leaderRecoveryState: f.int8.tagged(0, "0+"),
    leaderEpoch: f.int32.default(-1),
    partitionEpoch: f.int32.default(-1),
    directories: f.array(f.uuid).since("1+"),
    eligibleLeaderReplicas: f.array(f.int32).nulls().default(null).tagged(1, "2+"),
    lastKnownElr: f.array(f.int32).nulls().default(null).tagged(2, "2+")
  }
)
export type PartitionRecord = typeof PartitionRecord.Type

export const PartitionChangeRecord = message(
  "PartitionChangeRecord",
  { key: 5, versions: "0-2", flexible: "0+" },
  {
    partitionId: f.int32.default(-1),
    topicId: f.uuid,
    isr: f.array(f.int32).nulls().default(null).tagged(0, "0+"),
    leader: f.int32.default(-2).tagged(1, "0+"),
    replicas: f.array(f.int32).nulls().default(null).tagged(2, "0+"),
    removingReplicas: f.array(f.int32).nulls().default(null).tagged(3, "0+"),
    addingReplicas: f.array(f.int32).nulls().default(null).tagged(4, "0+"),
    leaderRecoveryState: f.int8.default(-1).tagged(5, "0+"),
    directories: f.array(f.uuid).nulls().default(null).tagged(8, "1+"),
    eligibleLeaderReplicas: f.array(f.int32).nulls().default(null).tagged(6, "2+"),
    lastKnownElr: f.array(f.int32).nulls().default(null).tagged(7, "2+")
  }
)
export type PartitionChangeRecord = typeof PartitionChangeRecord.Type

export const ClearElrRecord = message(
  "ClearElrRecord",
  { key: 28, versions: "0", flexible: "0+" },
  {
    topicName: f.string
  }
)
export type ClearElrRecord = typeof ClearElrRecord.Type
