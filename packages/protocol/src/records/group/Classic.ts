/**
 * Classic groups in __consumer_offsets: one record holds a whole group. Each key and value has its version as an int16
 * before it; a key's version is its type.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const GroupMetadataKey = message(
  "GroupMetadataKey",
  { key: 2, versions: "0", flexible: "none" },
  {
    group: f.string
  }
)
export type GroupMetadataKey = typeof GroupMetadataKey.Type

export const MemberMetadata = f.struct({
  memberId: f.string,
  groupInstanceId: f.string.since("3+").nulls().default(null).ignorable(),
  clientId: f.string,
  clientHost: f.string,
  rebalanceTimeout: f.int32.since("1+").default(-1).ignorable(),
  sessionTimeout: f.int32,
  subscription: f.bytes,
  assignment: f.bytes
})
export type MemberMetadata = typeof MemberMetadata.Type

export const GroupMetadataValue = message(
  "GroupMetadataValue",
  { key: 2, versions: "0-4", flexible: "4+" },
  {
    protocolType: f.string,
    generation: f.int32,
    protocol: f.string.nulls(),
    leader: f.string.nulls(),
    currentStateTimestamp: f.int64.since("2+").default(-1).ignorable(),
    members: f.array(MemberMetadata)
  }
)
export type GroupMetadataValue = typeof GroupMetadataValue.Type
