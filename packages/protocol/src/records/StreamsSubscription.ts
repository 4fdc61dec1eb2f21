/**
 * What Kafka Streams puts into the user data of a classic subscription. It carries its own version as its first field.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TaskId = f.struct({
  topicGroupId: f.int32.since("1-6"),
  partition: f.int32.since("1-6")
})
export type TaskId = typeof TaskId.Type

export const PartitionToOffsetSum = f.struct({
  partition: f.int32.since("7-9"),
  offsetSum: f.int64.since("7-9")
})
export type PartitionToOffsetSum = typeof PartitionToOffsetSum.Type

export const TaskOffsetSum = f.struct({
  topicGroupId: f.int32.since("7+"),
  partition: f.int32.since("10+"),
  offsetSum: f.int64.since("10+"),
  namedTopology: f.string.since("10+").nulls(),
  partitionToOffsetSum: f.array(PartitionToOffsetSum).since("7-9")
})
export type TaskOffsetSum = typeof TaskOffsetSum.Type

export const ClientTag = f.struct({
  key: f.bytes.since("11+"),
  value: f.bytes.since("11+")
})
export type ClientTag = typeof ClientTag.Type

export const SubscriptionInfoData = message(
  "SubscriptionInfoData",
  { versions: "1-11", flexible: "none" },
  {
    version: f.int32,
    latestSupportedVersion: f.int32.since("3+").default(-1),
    processId: f.uuid,
    prevTasks: f.array(TaskId).since("1-6"),
    standbyTasks: f.array(TaskId).since("1-6"),
    userEndPoint: f.bytes.since("2+"),
    taskOffsetSums: f.array(TaskOffsetSum).since("7+"),
    uniqueField: f.int8.since("8+"),
    errorCode: f.int32.since("9+"),
    clientTags: f.array(ClientTag).since("11+")
  }
)
export type SubscriptionInfoData = typeof SubscriptionInfoData.Type
