/**
 * DeleteGroups (key 42): deletes groups. Flexible from v2.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: response +errorMessage
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DeleteGroupsRequest = message(
  "DeleteGroupsRequest",
  { key: 42, versions: "0-3", flexible: "2+" },
  {
    groupsNames: f.array(f.string)
  }
)
export type DeleteGroupsRequest = typeof DeleteGroupsRequest.Type

export const DeletableGroupResult = f.struct({
  groupId: f.string,
  errorCode: f.int16,
  errorMessage: f.string.since("3+").nulls().default(null).ignorable()
})
export type DeletableGroupResult = typeof DeletableGroupResult.Type

export const DeleteGroupsResponse = message(
  "DeleteGroupsResponse",
  { key: 42, versions: "0-3", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(DeletableGroupResult)
  }
)
export type DeleteGroupsResponse = typeof DeleteGroupsResponse.Type
