/**
 * JoinGroup (key 11): lets a member join a classic group; the answer to the leader lists everyone. Flexible from v6.
 *
 * - v0: the first supported
 * - v1: request +rebalanceTimeoutMs
 * - v2: response +throttleTimeMs
 * - v3: the broker answers before it throttles (KIP-219)
 * - v4: a new member is first given its id: MEMBER_ID_REQUIRED (KIP-394)
 * - v5: static members (KIP-345)
 * - v6: flexible (KIP-559)
 * - v7: the protocol type is answered (KIP-559)
 * - v8: request +reason (KIP-800)
 * - v9: response +skipAssignment
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const JoinGroupRequestProtocol = f.struct({
  name: f.string,
  metadata: f.bytes
})
export type JoinGroupRequestProtocol = typeof JoinGroupRequestProtocol.Type

export const JoinGroupRequest = message(
  "JoinGroupRequest",
  { key: 11, versions: "0-9", flexible: "6+" },
  {
    groupId: f.string,
    sessionTimeoutMs: f.int32,
    rebalanceTimeoutMs: f.int32.since("1+").default(-1).ignorable(),
    memberId: f.string,
    groupInstanceId: f.string.since("5+").nulls().default(null),
    protocolType: f.string,
    protocols: f.array(JoinGroupRequestProtocol),
    reason: f.string.since("8+").nulls().default(null).ignorable()
  }
)
export type JoinGroupRequest = typeof JoinGroupRequest.Type

export const JoinGroupResponseMember = f.struct({
  memberId: f.string,
  groupInstanceId: f.string.since("5+").nulls().default(null).ignorable(),
  metadata: f.bytes
})
export type JoinGroupResponseMember = typeof JoinGroupResponseMember.Type

export const JoinGroupResponse = message(
  "JoinGroupResponse",
  { key: 11, versions: "0-9", flexible: "6+" },
  {
    throttleTimeMs: f.int32.since("2+").ignorable(),
    errorCode: f.int16,
    generationId: f.int32.default(-1),
    protocolType: f.string.since("7+").nulls().default(null).ignorable(),
    protocolName: f.string.nulls("7+"),
    leader: f.string,
    skipAssignment: f.bool.since("9+"),
    memberId: f.string,
    members: f.array(JoinGroupResponseMember)
  }
)
export type JoinGroupResponse = typeof JoinGroupResponse.Type
