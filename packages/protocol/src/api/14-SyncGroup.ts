/**
 * SyncGroup (key 14): hands the leader's assignment to the members of a classic group. Flexible from v4.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: static members (KIP-345)
 * - v4: flexible (KIP-559)
 * - v5: +protocolType, protocolName
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const SyncGroupRequestAssignment = f.struct({
  memberId: f.string,
  assignment: f.bytes
})
export type SyncGroupRequestAssignment = typeof SyncGroupRequestAssignment.Type

export const SyncGroupRequest = message(
  "SyncGroupRequest",
  { key: 14, versions: "0-5", flexible: "4+" },
  {
    groupId: f.string,
    generationId: f.int32,
    memberId: f.string,
    groupInstanceId: f.string.since("3+").nulls().default(null),
    protocolType: f.string.since("5+").nulls().default(null).ignorable(),
    protocolName: f.string.since("5+").nulls().default(null).ignorable(),
    assignments: f.array(SyncGroupRequestAssignment)
  }
)
export type SyncGroupRequest = typeof SyncGroupRequest.Type

export const SyncGroupResponse = message(
  "SyncGroupResponse",
  { key: 14, versions: "0-5", flexible: "4+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    errorCode: f.int16,
    protocolType: f.string.since("5+").nulls().default(null).ignorable(),
    protocolName: f.string.since("5+").nulls().default(null).ignorable(),
    assignment: f.bytes
  }
)
export type SyncGroupResponse = typeof SyncGroupResponse.Type
