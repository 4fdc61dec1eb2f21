/**
 * Committed offsets in __consumer_offsets. Each key and value has its version as an int16 before it; a key's version is
 * its type. The committed offset is the client's own number and so a bigint.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const LegacyOffsetCommitKey = message(
  "LegacyOffsetCommitKey",
  { key: 0, versions: "0", flexible: "none" },
  {
    group: f.string,
    topic: f.string,
    partition: f.int32
  }
)
export type LegacyOffsetCommitKey = typeof LegacyOffsetCommitKey.Type

export const LegacyOffsetCommitValue = message(
  "LegacyOffsetCommitValue",
  { key: 0, versions: "0", flexible: "none" },
  {
    offset: f.long,
    metadata: f.string,
    commitTimestamp: f.int64
  }
)
export type LegacyOffsetCommitValue = typeof LegacyOffsetCommitValue.Type

export const OffsetCommitKey = message(
  "OffsetCommitKey",
  { key: 1, versions: "0", flexible: "none" },
  {
    group: f.string,
    topic: f.string,
    partition: f.int32
  }
)
export type OffsetCommitKey = typeof OffsetCommitKey.Type

export const OffsetCommitValue = message(
  "OffsetCommitValue",
  { key: 1, versions: "0-4", flexible: "4+" },
  {
    offset: f.long,
    leaderEpoch: f.int32.since("3+").default(-1).ignorable(),
    metadata: f.string,
    commitTimestamp: f.int64,
    expireTimestamp: f.int64.since("1").default(-1).ignorable(),
    topicId: f.uuid.tagged(0, "4+").ignorable()
  }
)
export type OffsetCommitValue = typeof OffsetCommitValue.Type
