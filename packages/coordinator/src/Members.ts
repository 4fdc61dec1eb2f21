/**
 * Who a request comes from: a member by its id, fenced by its instance id (KIP-345). Asked before every request that a member
 * makes of its group.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Group, staticMember } from "./Group.ts"

/** UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID (behaviour 123) or NONE. */
export const validateMember = (group: Group, memberId: string, groupInstanceId: string | null): number => {
  if (groupInstanceId !== null) {
    const existing = staticMember(group, groupInstanceId)
    if (existing === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (existing.memberId !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
}
