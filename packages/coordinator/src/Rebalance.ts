/**
 * From one generation to the next: the join phase and its end, and what becomes of members that stay away. It follows Kafka's
 * GroupMetadataManager. Neighbours: Join.ts and Leave.ts start it, Sync.ts ends it.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import {
  computeSubscribedTopics,
  type Group,
  hasAllMembersJoined,
  type JoinAnswer,
  type Member,
  metadataOf,
  never,
  noBytes,
  rebalanceTimeoutMs,
  selectProtocol,
  transition,
  withMember,
  withoutMember
} from "./Group.ts"
import { groupRecord } from "./GroupRecords.ts"
import { answer, type Turn } from "./Turn.ts"

const noMembers: JoinAnswer["members"] = []

/** How Kafka answers a JoinGroup that failed. */
export const joinError = (memberId: string, errorCode: number): JoinAnswer => ({
  errorCode,
  protocolName: null,
  leader: "",
  memberId,
  members: noMembers
})

/** What the leader is told of everyone (behaviour 114). */
const membersOf = (group: Group): JoinAnswer["members"] =>
  [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(group, member)
  }))

/** The present generation, as told to a member: everyone's metadata goes to the leader alone. */
export const generationFor = (group: Group, memberId: string): JoinAnswer => ({
  errorCode: ErrorCode.NONE,
  generationId: group.generation,
  protocolType: group.protocolType,
  protocolName: group.protocolName,
  leader: group.leader ?? "",
  memberId,
  members: group.leader === memberId ? membersOf(group) : noMembers
})

/** Answers the member's parked JoinGroup, if it has one. */
export const completeJoin = (turn: Turn, group: Group, member: Member, given: JoinAnswer): Group => {
  if (member.join === null) return group
  answer(turn, member.join, given)
  return withMember(group, { ...member, join: null })
}

/** Answers the member's parked SyncGroup, if it has one, and starts its session anew. */
export const completeSync = (turn: Turn, group: Group, member: Member, errorCode: number): Group => {
  if (member.sync === null) return group
  const isGood = errorCode === ErrorCode.NONE
  answer(turn, member.sync, {
    errorCode,
    protocolType: isGood ? group.protocolType : null,
    protocolName: isGood ? group.protocolName : null,
    assignment: member.assignment
  })
  return withMember(group, { ...member, sync: null, sessionDeadline: turn.now + member.sessionTimeoutMs })
}

/** Takes a member out, and answers what it has parked. */
export const removeMember = (turn: Turn, group: Group, member: Member): Group => {
  if (member.join !== null) answer(turn, member.join, joinError("", ErrorCode.UNKNOWN_MEMBER_ID))
  if (member.sync !== null) {
    answer(turn, member.sync, { errorCode: ErrorCode.UNKNOWN_MEMBER_ID, assignment: noBytes })
  }
  return withoutMember(group, member.memberId)
}

/** Takes the assignments back and says why. */
export const resetAssignments = (turn: Turn, group: Group, errorCode: number): Group => {
  let next = group
  for (const member of group.members.values()) {
    const reset = { ...member, assignment: noBytes }
    next = completeSync(turn, withMember(next, reset), reset, errorCode)
  }
  return next
}

/** The leader, or who takes its place because it has not joined; undefined when nobody has. */
const joinedLeader = (group: Group): string | undefined => {
  const leader = group.leader === null ? undefined : group.members.get(group.leader)
  if (leader === undefined) return undefined
  if (leader.join !== null) return leader.memberId
  for (const member of group.members.values()) if (member.join !== null) return member.memberId
  return undefined
}

const nowEmpty = (turn: Turn, group: Group): Group => {
  const emptied = { ...group, generation: group.generation + 1, protocolName: null, pendingSyncs: new Set<string>() }
  const next = transition({ ...emptied, subscribedTopics: computeSubscribedTopics(emptied) }, "Empty", turn.wallMs)
  turn.writes.push({
    groupId: next.groupId,
    records: [groupRecord(next, new Map(), turn.wallMs)],
    settlement: { _tag: "Told" },
    done: null
  })
  return next
}

const nextGeneration = (turn: Turn, group: Group): Group => {
  const selected = { ...group, generation: group.generation + 1, protocolName: selectProtocol(group) }
  const started = transition(
    {
      ...selected,
      subscribedTopics: computeSubscribedTopics(selected),
      pendingSyncs: new Set(group.members.keys()),
      syncDeadline: turn.now + rebalanceTimeoutMs(group)
    },
    "CompletingRebalance",
    turn.wallMs
  )
  const members = new Map<string, Member>()
  for (const [memberId, member] of started.members) {
    if (member.join !== null) answer(turn, member.join, generationFor(started, memberId))
    const sessionDeadline = turn.now + member.sessionTimeoutMs
    members.set(memberId, { ...member, join: null, isNew: false, sessionDeadline })
  }
  return { ...started, members }
}

/** Ends the join phase: dynamic members that did not join are out (behaviour 116), the rest make the next generation. */
export const completeJoinPhase = (turn: Turn, group: Group): Group => {
  let remaining: Group = { ...group, joinDeadline: never, newMemberAdded: false }
  for (const member of group.members.values()) {
    if (member.join === null && member.groupInstanceId === null) remaining = removeMember(turn, remaining, member)
  }
  if (remaining.members.size === 0) return nowEmpty(turn, remaining)
  const leader = joinedLeader(remaining)
  if (leader === undefined) return { ...remaining, joinDeadline: turn.now + rebalanceTimeoutMs(remaining) }
  return nextGeneration(turn, { ...remaining, leader })
}

const completeOrWait = (turn: Turn, group: Group): Group =>
  hasAllMembersJoined(group)
    ? completeJoinPhase(turn, group)
    : { ...group, joinDeadline: turn.now + rebalanceTimeoutMs(group) }

/** Behaviour 115: the first generation of an empty group waits for those that come at the same time. */
const startInitialDelay = (turn: Turn, group: Group): Group => {
  const delayMs = turn.settings.initialRebalanceDelayMs
  const remainingMs = Math.max(rebalanceTimeoutMs(group) - delayMs, 0)
  return { ...group, joinDeadline: turn.now + delayMs, initialDelay: { delayMs, remainingMs } }
}

/** Starts the join phase. */
export const prepareRebalance = (turn: Turn, group: Group): Group => {
  const unassigned =
    group.state === "CompletingRebalance" ? resetAssignments(turn, group, ErrorCode.REBALANCE_IN_PROGRESS) : group
  const prepared = transition(
    { ...unassigned, pendingSyncs: new Set<string>(), syncDeadline: never },
    "PreparingRebalance",
    turn.wallMs
  )
  return prepared.isInitialRebalance ? startInitialDelay(turn, prepared) : completeOrWait(turn, prepared)
}

/** Ends the join phase if everyone is there, unless the delay decides. */
export const maybeCompleteJoinPhase = (turn: Turn, group: Group): Group =>
  group.state === "PreparingRebalance" && !group.isInitialRebalance && hasAllMembersJoined(group)
    ? completeJoinPhase(turn, group)
    : group

export const rebalanceOrComplete = (turn: Turn, group: Group): Group =>
  group.state === "PreparingRebalance" ? maybeCompleteJoinPhase(turn, group) : prepareRebalance(turn, group)

const joinPhaseLapsed = (turn: Turn, group: Group): Group => {
  const { delayMs, remainingMs } = group.initialDelay
  if (!group.isInitialRebalance || !group.newMemberAdded || remainingMs === 0) return completeJoinPhase(turn, group)
  const nextMs = Math.min(turn.settings.initialRebalanceDelayMs, remainingMs)
  return {
    ...group,
    newMemberAdded: false,
    joinDeadline: turn.now + nextMs,
    initialDelay: { delayMs: nextMs, remainingMs: Math.max(remainingMs - delayMs, 0) }
  }
}

/** Behaviour 119: members of this generation that never came for their assignment are out. */
const syncPhaseLapsed = (turn: Turn, group: Group): Group => {
  if (group.pendingSyncs.size === 0) return { ...group, syncDeadline: never }
  let remaining: Group = { ...group, syncDeadline: never }
  for (const memberId of group.pendingSyncs) {
    const member = remaining.members.get(memberId)
    if (member !== undefined) remaining = removeMember(turn, remaining, member)
  }
  return prepareRebalance(turn, remaining)
}

const afterRemoval = (turn: Turn, group: Group): Group => {
  if (group.state === "Stable" || group.state === "CompletingRebalance") return prepareRebalance(turn, group)
  const isComplete = group.state === "PreparingRebalance" && hasAllMembersJoined(group)
  return isComplete ? completeJoinPhase(turn, group) : group
}

/** Behaviour 121: a parked request vouches for its member, unless the member is new and has waited for too long. */
const sessionLapsed = (turn: Turn, group: Group, member: Member): Group => {
  const isVouchedFor = !member.isNew && (member.join !== null || member.sync !== null)
  if (isVouchedFor) return withMember(group, { ...member, sessionDeadline: never })
  return afterRemoval(turn, removeMember(turn, group, member))
}

/** Everything in the group whose time has come by now. */
export const lapse = (turn: Turn, group: Group): Group => {
  let next = group
  for (const [memberId, deadline] of group.pendingJoins) {
    if (deadline <= turn.now && next.pendingJoins.has(memberId)) {
      const removed = withoutMember(next, memberId)
      const isComplete = removed.state === "PreparingRebalance" && hasAllMembersJoined(removed)
      next = isComplete ? completeJoinPhase(turn, removed) : removed
    }
  }
  for (const memberId of group.members.keys()) {
    const member = next.members.get(memberId)
    if (member !== undefined && member.sessionDeadline <= turn.now) next = sessionLapsed(turn, next, member)
  }
  if (next.syncDeadline <= turn.now) next = syncPhaseLapsed(turn, next)
  if (next.joinDeadline <= turn.now) next = joinPhaseLapsed(turn, next)
  return next
}
