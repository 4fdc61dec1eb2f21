/**
 * LeaveGroup (key 13): takes members out of a classic group. Flexible from v4.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: many members at once, static ones by instance id (KIP-345)
 * - v4: flexible
 * - v5: request +reason (KIP-800)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const MemberIdentity = f.struct({
  memberId: f.string,
  groupInstanceId: f.string.nulls().default(null),
  reason: f.string.since("5+").nulls().default(null).ignorable()
})
export type MemberIdentity = typeof MemberIdentity.Type

export const LeaveGroupRequest = message(
  "LeaveGroupRequest",
  { key: 13, versions: "0-5", flexible: "4+" },
  {
    groupId: f.string,
    memberId: f.string.since("0-2"),
    members: f.array(MemberIdentity).since("3+")
  }
)
export type LeaveGroupRequest = typeof LeaveGroupRequest.Type

export const MemberResponse = f.struct({
  memberId: f.string,
  groupInstanceId: f.string.nulls(),
  errorCode: f.int16
})
export type MemberResponse = typeof MemberResponse.Type

export const LeaveGroupResponse = message(
  "LeaveGroupResponse",
  { key: 13, versions: "0-5", flexible: "4+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    errorCode: f.int16,
    members: f.array(MemberResponse).since("3+")
  }
)
export type LeaveGroupResponse = typeof LeaveGroupResponse.Type
