/**
 * DescribeGroups (key 15): describes classic groups: state, protocol, members. Flexible from v5.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: request +includeAuthorizedOperations; response +authorizedOperations
 * - v4: response +groupInstanceId
 * - v5: flexible
 * - v6: response +errorMessage (KIP-1043)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeGroupsRequest = message(
  "DescribeGroupsRequest",
  { key: 15, versions: "0-6", flexible: "5+" },
  {
    groups: f.array(f.string),
    includeAuthorizedOperations: f.bool.since("3+")
  }
)
export type DescribeGroupsRequest = typeof DescribeGroupsRequest.Type

export const DescribedGroupMember = f.struct({
  memberId: f.string,
  groupInstanceId: f.string.since("4+").nulls().default(null).ignorable(),
  clientId: f.string,
  clientHost: f.string,
  memberMetadata: f.bytes,
  memberAssignment: f.bytes
})
export type DescribedGroupMember = typeof DescribedGroupMember.Type

export const DescribedGroup = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.since("6+").nulls().default(null),
  groupId: f.string,
  groupState: f.string,
  protocolType: f.string,
  protocolData: f.string,
  members: f.array(DescribedGroupMember),
  authorizedOperations: f.int32.since("3+").default(-2147483648)
})
export type DescribedGroup = typeof DescribedGroup.Type

export const DescribeGroupsResponse = message(
  "DescribeGroupsResponse",
  { key: 15, versions: "0-6", flexible: "5+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    groups: f.array(DescribedGroup)
  }
)
export type DescribeGroupsResponse = typeof DescribeGroupsResponse.Type
