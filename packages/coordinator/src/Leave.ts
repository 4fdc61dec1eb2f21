/**
 * LeaveGroup: members go of their own accord or are taken out, each with its own answer (behaviour 122).
 */
import type { LeaveGroupRequest, LeaveGroupResponse } from "@klamm/protocol/api/13-LeaveGroup"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { operationError } from "./AppendError.ts"
import { type Complete, type Group, staticMember, withoutMember } from "./Group.ts"
import { validateMember } from "./Members.ts"
import { maybeCompleteJoinPhase, prepareRebalance, removeMember } from "./Rebalance.ts"
import { answer, type Turn } from "./Turn.ts"

export type LeaveBody = Pick<typeof LeaveGroupRequest.Type, "groupId" | "members">
type Identity = LeaveBody["members"][number]
export type LeaveAnswer = typeof LeaveGroupResponse.Input

const answerFor = ({ memberId, groupInstanceId }: Identity, errorCode: number) => ({
  memberId,
  groupInstanceId,
  errorCode
})

/** Every member unknown: how Kafka answers for a group that is not there. */
const allUnknown = (body: LeaveBody): LeaveAnswer => ({
  errorCode: ErrorCode.NONE,
  members: body.members.map((identity) => answerFor(identity, ErrorCode.UNKNOWN_MEMBER_ID))
})

const leaveOne = (turn: Turn, group: Group, identity: Identity): readonly [Group, number] => {
  const { memberId, groupInstanceId } = identity
  if (memberId === "") {
    const member = groupInstanceId === null ? undefined : staticMember(group, groupInstanceId)
    if (member === undefined) return [group, ErrorCode.UNKNOWN_MEMBER_ID]
    return [removeMember(turn, group, member), ErrorCode.NONE]
  }
  if (group.pendingJoins.has(memberId)) return [withoutMember(group, memberId), ErrorCode.NONE]
  const fault = validateMember(group, memberId, groupInstanceId)
  const member = group.members.get(memberId)
  if (fault !== ErrorCode.NONE || member === undefined) return [group, fault]
  return [removeMember(turn, group, member), ErrorCode.NONE]
}

const afterLeaving = (turn: Turn, group: Group): Group =>
  group.state === "Stable" || group.state === "CompletingRebalance"
    ? prepareRebalance(turn, group)
    : maybeCompleteJoinPhase(turn, group)

/** The answer waits for the record that an emptied group writes. */
const giveWhenWritten = (turn: Turn, written: number, complete: Complete<LeaveAnswer>, given: LeaveAnswer): void => {
  const write = turn.writes[written]
  if (write === undefined) answer(turn, complete, given)
  else {
    const done = (errorCode: number): void =>
      complete(errorCode === ErrorCode.NONE ? given : { errorCode: operationError(errorCode), members: [] })
    turn.writes[written] = { ...write, done }
  }
}

export const leave = (
  turn: Turn,
  group: Group | undefined,
  body: LeaveBody,
  complete: Complete<LeaveAnswer>
): Group | undefined => {
  if (group === undefined) {
    answer(turn, complete, allUnknown(body))
    return group
  }
  let next = group
  const members = body.members.map((identity) => {
    const [left, errorCode] = leaveOne(turn, next, identity)
    next = left
    return answerFor(identity, errorCode)
  })
  const written = turn.writes.length
  if (members.some(({ errorCode }) => errorCode === ErrorCode.NONE)) next = afterLeaving(turn, next)
  giveWhenWritten(turn, written, complete, { errorCode: ErrorCode.NONE, members })
  return next
}
