/**
 * Records of __share_group_state: a snapshot of a share partition, and updates to it. Each has its version as an int16
 * before it; a key's version is its type.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ShareSnapshotKey = message(
  "ShareSnapshotKey",
  { key: 0, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    topicId: f.uuid,
    partition: f.int32
  }
)
export type ShareSnapshotKey = typeof ShareSnapshotKey.Type

export const StateBatch = f.struct({
  firstOffset: f.int64,
  lastOffset: f.int64,
  deliveryState: f.int8,
  deliveryCount: f.int16
})
export type StateBatch = typeof StateBatch.Type

export const ShareSnapshotValue = message(
  "ShareSnapshotValue",
  { key: 0, versions: "0", flexible: "0+" },
  {
    snapshotEpoch: f.int32,
    stateEpoch: f.int32,
    leaderEpoch: f.int32,
    startOffset: f.int64,
    deliveryCompleteCount: f.int32.default(-1).tagged(0, "0+"),
    createTimestamp: f.int64,
    writeTimestamp: f.int64,
    stateBatches: f.array(StateBatch)
  }
)
export type ShareSnapshotValue = typeof ShareSnapshotValue.Type

export const ShareUpdateKey = message(
  "ShareUpdateKey",
  { key: 1, versions: "0", flexible: "none" },
  {
    groupId: f.string,
    topicId: f.uuid,
    partition: f.int32
  }
)
export type ShareUpdateKey = typeof ShareUpdateKey.Type

export const ShareUpdateValue = message(
  "ShareUpdateValue",
  { key: 1, versions: "0", flexible: "0+" },
  {
    snapshotEpoch: f.int32,
    leaderEpoch: f.int32,
    startOffset: f.int64,
    deliveryCompleteCount: f.int32.default(-1).tagged(0, "0+"),
    stateBatches: f.array(StateBatch)
  }
)
export type ShareUpdateValue = typeof ShareUpdateValue.Type
