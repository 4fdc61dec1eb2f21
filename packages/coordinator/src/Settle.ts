/**
 * What becomes of a decision once its records are in the log, or are not: state changes here, and only then is it answered.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { operationError } from "./AppendError.ts"
import type { Group } from "./Group.ts"
import type { Groups } from "./Groups.ts"
import * as Offsets from "./Offsets.ts"
import { completeJoin, joinError } from "./Rebalance.ts"
import { settleReplacement } from "./StaticJoin.ts"
import { settleAssignment, syncError } from "./Sync.ts"
import { answer, type Settlement, type Turn, type Write } from "./Turn.ts"

/** A commit whose group has gone meanwhile makes it anew, as its record would when it is loaded. */
const settleOffsets = (turn: Turn, groups: Groups, { groupId, settlement }: Write): void => {
  if (settlement._tag !== "Offsets") return
  const group = groups.any(groupId)
  const offsets = Offsets.apply(group?.offsets ?? new Map(), settlement.changes)
  if (group !== undefined) groups.put({ ...group, offsets })
  else if (offsets.size > 0) groups.put({ ...groups.create(groupId, turn.wallMs), offsets })
}

const settleDeletion = (
  groups: Groups,
  groupId: string,
  { former, changes }: Extract<Settlement, { readonly _tag: "Deleted" }>,
  errorCode: number
): void => {
  const group = groups.any(groupId)
  if (group === undefined) return
  if (errorCode !== ErrorCode.NONE) {
    if (group.isDeleted) groups.put({ ...former, offsets: group.offsets })
    return
  }
  if (group.isDeleted) groups.remove(groupId)
  else groups.put({ ...group, offsets: Offsets.apply(group.offsets, changes) })
}

const settleCreation = (turn: Turn, group: Group, newMemberId: string, errorCode: number): Group => {
  const member = group.members.get(newMemberId)
  if (errorCode === ErrorCode.NONE || member === undefined) return group
  return completeJoin(turn, group, member, joinError("", operationError(errorCode)))
}

const settleGroup = (turn: Turn, group: Group, settlement: Settlement, errorCode: number): Group => {
  switch (settlement._tag) {
    case "Assigned":
      return settleAssignment(turn, group, settlement, errorCode)
    case "StaticReplaced":
      return settleReplacement(turn, group, settlement, errorCode)
    case "Created":
      return settleCreation(turn, group, settlement.newMemberId, errorCode)
    default:
      return group
  }
}

export const settle = (turn: Turn, groups: Groups, write: Write, errorCode: number): void => {
  const { groupId, settlement, done } = write
  if (settlement._tag === "Offsets") {
    if (errorCode === ErrorCode.NONE) settleOffsets(turn, groups, write)
  } else if (settlement._tag === "Deleted") settleDeletion(groups, groupId, settlement, errorCode)
  else {
    const group = groups.live(groupId)
    if (group !== undefined) groups.put(settleGroup(turn, group, settlement, errorCode))
  }
  if (done !== null) turn.answers.push(() => done(errorCode))
}

/** Answers everything parked in a group that is not kept here any more. */
export const abandon = (turn: Turn, group: Group, errorCode: number): void => {
  for (const { memberId, join, sync } of group.members.values()) {
    if (join !== null) answer(turn, join, joinError(memberId, errorCode))
    if (sync !== null) answer(turn, sync, syncError(errorCode))
  }
}
