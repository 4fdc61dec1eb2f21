/**
 * ListGroups (key 16): lists the groups that a broker coordinates. Flexible from v3.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: flexible
 * - v4: filter by state (KIP-518)
 * - v5: filter by type (KIP-848)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ListGroupsRequest = message(
  "ListGroupsRequest",
  { key: 16, versions: "0-5", flexible: "3+" },
  {
    statesFilter: f.array(f.string).since("4+"),
    typesFilter: f.array(f.string).since("5+")
  }
)
export type ListGroupsRequest = typeof ListGroupsRequest.Type

export const ListedGroup = f.struct({
  groupId: f.string,
  protocolType: f.string,
  groupState: f.string.since("4+").ignorable(),
  groupType: f.string.since("5+").ignorable()
})
export type ListedGroup = typeof ListedGroup.Type

export const ListGroupsResponse = message(
  "ListGroupsResponse",
  { key: 16, versions: "0-5", flexible: "3+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    errorCode: f.int16,
    groups: f.array(ListedGroup)
  }
)
export type ListGroupsResponse = typeof ListGroupsResponse.Type
