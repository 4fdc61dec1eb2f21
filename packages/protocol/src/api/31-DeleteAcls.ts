/**
 * DeleteAcls (key 31): deletes access control entries that match filters. Flexible from v2.
 *
 * - v1: pattern types (KIP-290)
 * - v2: flexible
 * - v3: resource type USER (KIP-373)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DeleteAclsFilter = f.struct({
  resourceTypeFilter: f.int8,
  resourceNameFilter: f.string.nulls(),
  patternTypeFilter: f.int8.default(3),
  principalFilter: f.string.nulls(),
  hostFilter: f.string.nulls(),
  operation: f.int8,
  permissionType: f.int8
})
export type DeleteAclsFilter = typeof DeleteAclsFilter.Type

export const DeleteAclsRequest = message(
  "DeleteAclsRequest",
  { key: 31, versions: "1-3", flexible: "2+" },
  {
    filters: f.array(DeleteAclsFilter)
  }
)
export type DeleteAclsRequest = typeof DeleteAclsRequest.Type

export const DeleteAclsMatchingAcl = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  resourceType: f.int8,
  resourceName: f.string,
  patternType: f.int8.default(3),
  principal: f.string,
  host: f.string,
  operation: f.int8,
  permissionType: f.int8
})
export type DeleteAclsMatchingAcl = typeof DeleteAclsMatchingAcl.Type

export const DeleteAclsFilterResult = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  matchingAcls: f.array(DeleteAclsMatchingAcl)
})
export type DeleteAclsFilterResult = typeof DeleteAclsFilterResult.Type

export const DeleteAclsResponse = message(
  "DeleteAclsResponse",
  { key: 31, versions: "1-3", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    filterResults: f.array(DeleteAclsFilterResult)
  }
)
export type DeleteAclsResponse = typeof DeleteAclsResponse.Type
