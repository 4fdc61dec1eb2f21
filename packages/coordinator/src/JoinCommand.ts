/**
 * A JoinGroup on its way to a group, and its parking with a member until the join phase ends. Invariant: every join is answered
 * exactly once. Neighbours: Join.ts and StaticJoin.ts decide about it.
 */
import type { JoinGroupRequest } from "@klamm/protocol/api/11-JoinGroup"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { Caller } from "./Contract.ts"
import { type Complete, type Group, type JoinAnswer, type Member, type Protocol, withMember } from "./Group.ts"
import { joinError } from "./Rebalance.ts"
import { answer, type Turn } from "./Turn.ts"

export interface JoinCommand {
  readonly body: typeof JoinGroupRequest.Type
  readonly caller: Caller
  /** The id for the member, should it be a new one. */
  readonly newMemberId: string
  readonly complete: Complete<JoinAnswer>
}

/** The join's own copy of what came in a buffer that will be used again. */
export const protocolsOf = (body: JoinCommand["body"]): ReadonlyArray<Protocol> =>
  body.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() }))

/** Parks the join with the member; a join it overtakes is sent back, so that none is left without an answer. */
export const parkJoin = (turn: Turn, group: Group, member: Member, { body, complete }: JoinCommand): Group => {
  if (member.join !== null) {
    answer(turn, member.join, joinError(member.memberId, ErrorCode.REBALANCE_IN_PROGRESS))
  }
  return withMember(group, {
    ...member,
    protocols: protocolsOf(body),
    rebalanceTimeoutMs: body.rebalanceTimeoutMs,
    sessionTimeoutMs: body.sessionTimeoutMs,
    join: complete
  })
}
