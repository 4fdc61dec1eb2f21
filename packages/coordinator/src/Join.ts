/**
 * JoinGroup: who becomes a member, and what its join sets in motion. Behaviours 111 to 117 and 123 to 125. Neighbour:
 * Rebalance.ts, where the join phase goes on; StaticJoin.ts for a member that comes back under its instance id.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import {
  awaitingJoinCount,
  type Group,
  type Member,
  noBytes,
  staticMember,
  supportsProtocols,
  withMember,
  withoutMember
} from "./Group.ts"
import { type JoinCommand, parkJoin, protocolsOf } from "./JoinCommand.ts"
import { validateMember } from "./Members.ts"
import { generationFor, joinError, rebalanceOrComplete } from "./Rebalance.ts"
import { rejoinStatic } from "./StaticJoin.ts"
import { answer, type Turn } from "./Turn.ts"

/** How long a new member may wait for its first generation (Kafka's classicGroupNewMemberJoinTimeoutMs). */
const newMemberJoinTimeoutMs = 5 * 60 * 1000

/** From this version on a new member is first given its id (KIP-394). */
const memberIdRequiredVersion = 4
const anonymous = ""

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])

const hasSameProtocols = (member: Member, body: JoinCommand["body"]): boolean =>
  member.protocols.length === body.protocols.length &&
  member.protocols.every(({ name, metadata }, at) => {
    const asked = body.protocols[at]
    return asked !== undefined && asked.name === name && sameBytes(asked.metadata, metadata)
  })

/** Behaviour 125. */
const hasRoomFor = (turn: Turn, group: Group, memberId: string): boolean => {
  const { maxSize } = turn.settings
  const member = group.members.get(memberId)
  switch (group.state) {
    case "Empty":
      return true
    case "PreparingRebalance":
      return (member !== undefined && member.join !== null) || awaitingJoinCount(group) < maxSize
    case "CompletingRebalance":
    case "Stable":
      return member !== undefined || group.members.size < maxSize
  }
}

const addMember = (turn: Turn, group: Group, memberId: string, { body, caller, complete }: JoinCommand): Group => {
  const pendingJoins = new Map(group.pendingJoins)
  pendingJoins.delete(memberId)
  const added = withMember(
    {
      ...group,
      pendingJoins,
      protocolType: group.members.size === 0 ? body.protocolType : group.protocolType,
      leader: group.leader ?? memberId,
      newMemberAdded: group.newMemberAdded || group.isInitialRebalance
    },
    {
      memberId,
      groupInstanceId: body.groupInstanceId,
      clientId: caller.clientId ?? "",
      clientHost: caller.clientHost,
      rebalanceTimeoutMs: body.rebalanceTimeoutMs,
      sessionTimeoutMs: body.sessionTimeoutMs,
      protocols: protocolsOf(body),
      assignment: noBytes,
      isNew: true,
      sessionDeadline: turn.now + newMemberJoinTimeoutMs,
      join: complete,
      sync: null
    }
  )
  return rebalanceOrComplete(turn, added)
}

const joinAnonymous = (turn: Turn, group: Group, command: JoinCommand): Group => {
  const { body, caller, newMemberId, complete } = command
  if (body.groupInstanceId !== null) {
    const existing = staticMember(group, body.groupInstanceId)
    return existing === undefined
      ? addMember(turn, group, newMemberId, command)
      : rejoinStatic(turn, group, existing, command)
  }
  if (caller.apiVersion < memberIdRequiredVersion) return addMember(turn, group, newMemberId, command)
  answer(turn, complete, joinError(newMemberId, ErrorCode.MEMBER_ID_REQUIRED))
  const pendingJoins = new Map(group.pendingJoins).set(newMemberId, turn.now + body.sessionTimeoutMs)
  return { ...group, pendingJoins }
}

/** Whether what is known of the member already answers its join: nothing would change. */
const changesNothing = (group: Group, member: Member, body: JoinCommand["body"]): boolean => {
  if (!hasSameProtocols(member, body)) return false
  const isLeader = group.leader === member.memberId
  return group.state === "CompletingRebalance" || (group.state === "Stable" && !isLeader)
}

const joinKnown = (turn: Turn, group: Group, command: JoinCommand): Group => {
  const { body, complete } = command
  const { memberId, groupInstanceId } = body
  if (group.pendingJoins.has(memberId)) {
    if (groupInstanceId === null) return addMember(turn, group, memberId, command)
    // Pending ids are never given to static members; Kafka takes this for a fault of its own.
    answer(turn, complete, { ...joinError("", ErrorCode.UNKNOWN_SERVER_ERROR), protocolName: null })
    return group
  }
  const fault = validateMember(group, memberId, groupInstanceId)
  const member = group.members.get(memberId)
  if (fault !== ErrorCode.NONE || member === undefined) {
    answer(turn, complete, joinError(memberId, fault))
    return group
  }
  if (changesNothing(group, member, body)) {
    answer(turn, complete, generationFor(group, memberId))
    return group
  }
  return rebalanceOrComplete(turn, parkJoin(turn, group, member, command))
}

/** The group is one that exists or was made for this join. */
export const join = (turn: Turn, group: Group, command: JoinCommand): Group => {
  const { body, complete } = command
  const { memberId, protocolType, protocols } = body
  if (!hasRoomFor(turn, group, memberId)) {
    answer(turn, complete, joinError(anonymous, ErrorCode.GROUP_MAX_SIZE_REACHED))
    return withoutMember(group, memberId)
  }
  const names = protocols.map(({ name }) => name)
  if (!supportsProtocols(group, protocolType, names)) {
    answer(turn, complete, joinError(memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
    return group
  }
  return memberId === anonymous ? joinAnonymous(turn, group, command) : joinKnown(turn, group, command)
}
