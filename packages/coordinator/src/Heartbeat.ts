/**
 * Heartbeats and sessions: what keeps a member in its group (behaviours 120 and 121). Neighbour: Rebalance.ts, which follows
 * when a session has lapsed.
 */
import type { HeartbeatRequest, HeartbeatResponse } from "@klamm/protocol/api/12-Heartbeat"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Complete, type Group, withMember } from "./Group.ts"
import { validateMember } from "./Members.ts"
import { answer, type Turn } from "./Turn.ts"

export type HeartbeatAnswer = typeof HeartbeatResponse.Input

/** Starts the member's session anew. */
export const rescheduled = (turn: Turn, group: Group, memberId: string): Group => {
  const member = group.members.get(memberId)
  if (member === undefined) return group
  return withMember(group, { ...member, sessionDeadline: turn.now + member.sessionTimeoutMs })
}

export const heartbeat = (
  turn: Turn,
  group: Group | undefined,
  body: typeof HeartbeatRequest.Type,
  complete: Complete<HeartbeatAnswer>
): Group | undefined => {
  if (group === undefined) {
    answer(turn, complete, { errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
    return group
  }
  const fault = validateMember(group, body.memberId, body.groupInstanceId)
  if (fault !== ErrorCode.NONE || body.generationId !== group.generation) {
    answer(turn, complete, { errorCode: fault === ErrorCode.NONE ? ErrorCode.ILLEGAL_GENERATION : fault })
    return group
  }
  const isRebalancing = group.state === "PreparingRebalance"
  answer(turn, complete, { errorCode: isRebalancing ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE })
  return rescheduled(turn, group, body.memberId)
}
