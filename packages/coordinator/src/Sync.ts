/**
 * SyncGroup: the leader hands over the assignment, and everyone gets theirs once it is stored (behaviour 118).
 */
import type { SyncGroupRequest } from "@klamm/protocol/api/14-SyncGroup"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { operationError } from "./AppendError.ts"
import {
  type Complete,
  type Group,
  type Member,
  never,
  noBytes,
  type SyncAnswer,
  transition,
  withMember
} from "./Group.ts"
import { groupRecord } from "./GroupRecords.ts"
import { validateMember } from "./Members.ts"
import { completeSync, prepareRebalance, resetAssignments } from "./Rebalance.ts"
import { answer, type Settlement, type Turn } from "./Turn.ts"

type SyncBody = typeof SyncGroupRequest.Type

export const syncError = (errorCode: number): SyncAnswer => ({ errorCode, assignment: noBytes })

const contradicts = (asked: string | null, known: string | null): boolean =>
  asked !== null && known !== null && asked !== known

const validate = (group: Group, body: SyncBody): number => {
  const fault = validateMember(group, body.memberId, body.groupInstanceId)
  if (fault !== ErrorCode.NONE) return fault
  if (body.generationId !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  const isInconsistent =
    contradicts(body.protocolType, group.protocolType) || contradicts(body.protocolName, group.protocolName)
  if (isInconsistent) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
  return group.state === "PreparingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

/** The member has come for its assignment; when it was the last one, nobody is waited for. */
const synced = (group: Group, memberId: string): Group => {
  const pendingSyncs = new Set(group.pendingSyncs)
  pendingSyncs.delete(memberId)
  return { ...group, pendingSyncs, syncDeadline: pendingSyncs.size === 0 ? never : group.syncDeadline }
}

/** A sync that this one overtakes is sent back, so that none is left without an answer. */
const parkSync = (turn: Turn, group: Group, member: Member, complete: Complete<SyncAnswer>): Group => {
  if (member.sync !== null) answer(turn, member.sync, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
  return withMember(group, { ...member, sync: complete })
}

const writeAssignment = (turn: Turn, group: Group, body: SyncBody): void => {
  const given = new Map(body.assignments.map(({ memberId, assignment }) => [memberId, assignment.slice()]))
  const assignment = new Map([...group.members.keys()].map((memberId) => [memberId, given.get(memberId) ?? noBytes]))
  turn.writes.push({
    groupId: group.groupId,
    records: [groupRecord(group, assignment, turn.wallMs)],
    settlement: { _tag: "Assigned", generation: group.generation, assignment },
    done: null
  })
}

export const sync = (
  turn: Turn,
  group: Group | undefined,
  body: SyncBody,
  complete: Complete<SyncAnswer>
): Group | undefined => {
  const member = group?.members.get(body.memberId)
  const fault = group === undefined || group.state === "Empty" ? ErrorCode.UNKNOWN_MEMBER_ID : validate(group, body)
  if (group === undefined || member === undefined || fault !== ErrorCode.NONE) {
    answer(turn, complete, syncError(fault))
    return group
  }
  const next = synced(group, body.memberId)
  if (group.state === "Stable") {
    const { protocolType, protocolName } = group
    answer(turn, complete, { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment: member.assignment })
    return next
  }
  if (group.leader === body.memberId) writeAssignment(turn, next, body)
  return parkSync(turn, next, member, complete)
}

type Assigned = Extract<Settlement, { readonly _tag: "Assigned" }>

/** The assignment is stored and goes to everyone, or it is not and the group starts over; a later generation is left alone. */
export const settleAssignment = (turn: Turn, group: Group, assigned: Assigned, errorCode: number): Group => {
  if (group.state !== "CompletingRebalance" || group.generation !== assigned.generation) return group
  if (errorCode !== ErrorCode.NONE) {
    return prepareRebalance(turn, resetAssignments(turn, group, operationError(errorCode)))
  }
  let next = group
  for (const member of group.members.values()) {
    const given = { ...member, assignment: assigned.assignment.get(member.memberId) ?? noBytes }
    next = completeSync(turn, withMember(next, given), given, ErrorCode.NONE)
  }
  return transition(next, "Stable", turn.wallMs)
}
