/**
 * A static member that comes back without its member id (KIP-345): it gets a new id, the old one is fenced, and in a stable group
 * nothing else happens as long as the protocol stays (behaviours 123 and 124).
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { operationError } from "./AppendError.ts"
import { type Group, type JoinAnswer, type Member, noBytes, selectProtocol } from "./Group.ts"
import { groupRecord } from "./GroupRecords.ts"
import { type JoinCommand, parkJoin } from "./JoinCommand.ts"
import { completeJoin, generationFor, joinError, maybeCompleteJoinPhase, prepareRebalance } from "./Rebalance.ts"
import { answer, type Settlement, type Turn } from "./Turn.ts"

/** From this version on a leader can be told that its assignment stays. */
const skipAssignmentVersion = 9

/** The same member in the same place under another id, its parked requests answered with FENCED_INSTANCE_ID. */
const replaced = (turn: Turn, group: Group, former: Member, memberId: string): Group => {
  const fenced = ErrorCode.FENCED_INSTANCE_ID
  if (former.join !== null) {
    answer(turn, former.join, { ...joinError(former.memberId, fenced), protocolName: null })
  }
  if (former.sync !== null) answer(turn, former.sync, { errorCode: fenced, assignment: noBytes })
  const member: Member = {
    ...former,
    memberId,
    isNew: false,
    join: null,
    sync: null,
    sessionDeadline: turn.now + former.sessionTimeoutMs
  }
  const members = new Map(
    [...group.members].map(([id, other]) => (id === former.memberId ? [memberId, member] : [id, other]))
  )
  const pendingSyncs = new Set(group.pendingSyncs)
  pendingSyncs.delete(former.memberId)
  return { ...group, members, pendingSyncs, leader: group.leader === former.memberId ? memberId : group.leader }
}

const writeReplacement = (turn: Turn, group: Group, former: Group, command: JoinCommand, formerId: string): void => {
  const assignment = new Map([...group.members].map(([memberId, member]) => [memberId, member.assignment]))
  turn.writes.push({
    groupId: group.groupId,
    records: [groupRecord(group, assignment, turn.wallMs)],
    settlement: {
      _tag: "StaticReplaced",
      newMemberId: command.newMemberId,
      former: { group: former, memberId: formerId },
      skipsAssignment: command.caller.apiVersion >= skipAssignmentVersion,
      refuse: command.complete
    },
    done: null
  })
}

export const rejoinStatic = (turn: Turn, group: Group, former: Member, command: JoinCommand): Group => {
  const { newMemberId } = command
  const inPlace = replaced(turn, group, former, newMemberId)
  const member = inPlace.members.get(newMemberId)
  if (member === undefined) return group
  const parked = parkJoin(turn, inPlace, member, command)
  if (group.state === "CompletingRebalance") return prepareRebalance(turn, parked)
  if (group.state !== "Stable") return maybeCompleteJoinPhase(turn, parked)
  if (selectProtocol(parked) !== group.protocolName) return prepareRebalance(turn, parked)
  writeReplacement(turn, parked, group, command, former.memberId)
  return parked
}

type Replacement = Extract<Settlement, { readonly _tag: "StaticReplaced" }>

/** Before v9 the leader is told by its old id, so that it does not assign again. */
const replacementAnswer = (group: Group, replacement: Replacement): JoinAnswer => {
  const { newMemberId, former, skipsAssignment } = replacement
  const current = generationFor(group, newMemberId)
  if (skipsAssignment) return { ...current, skipAssignment: group.leader === newMemberId }
  return { ...current, members: [], leader: former.group.leader ?? "" }
}

/** The record is appended, or it is not and the old id counts again. */
export const settleReplacement = (turn: Turn, group: Group, replacement: Replacement, errorCode: number): Group => {
  const { newMemberId, former } = replacement
  const member = group.members.get(newMemberId)
  if (member === undefined || member.join !== replacement.refuse) return group
  if (errorCode === ErrorCode.NONE) return completeJoin(turn, group, member, replacementAnswer(group, replacement))
  const { protocols, rebalanceTimeoutMs, sessionTimeoutMs } = former.group.members.get(former.memberId) ?? member
  const failed = completeJoin(turn, group, member, {
    ...generationFor(former.group, ""),
    errorCode: operationError(errorCode),
    members: []
  })
  const reverted: Member = { ...member, join: null, protocols, rebalanceTimeoutMs, sessionTimeoutMs }
  return replaced(turn, failed, reverted, former.memberId)
}
