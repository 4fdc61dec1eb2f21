/**
 * DescribeAcls (key 29): lists access control entries that match a filter. Flexible from v2.
 *
 * - v1: pattern types (KIP-290)
 * - v2: flexible
 * - v3: resource type USER (KIP-373)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeAclsRequest = message(
  "DescribeAclsRequest",
  { key: 29, versions: "1-3", flexible: "2+" },
  {
    resourceTypeFilter: f.int8,
    resourceNameFilter: f.string.nulls(),
    patternTypeFilter: f.int8.default(3),
    principalFilter: f.string.nulls(),
    hostFilter: f.string.nulls(),
    operation: f.int8,
    permissionType: f.int8
  }
)
export type DescribeAclsRequest = typeof DescribeAclsRequest.Type

export const AclDescription = f.struct({
  principal: f.string,
  host: f.string,
  operation: f.int8,
  permissionType: f.int8
})
export type AclDescription = typeof AclDescription.Type

export const DescribeAclsResource = f.struct({
  resourceType: f.int8,
  resourceName: f.string,
  patternType: f.int8.default(3),
  acls: f.array(AclDescription)
})
export type DescribeAclsResource = typeof DescribeAclsResource.Type

export const DescribeAclsResponse = message(
  "DescribeAclsResponse",
  { key: 29, versions: "1-3", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    resources: f.array(DescribeAclsResource)
  }
)
export type DescribeAclsResponse = typeof DescribeAclsResponse.Type
