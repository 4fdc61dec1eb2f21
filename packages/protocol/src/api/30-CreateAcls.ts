/**
 * CreateAcls (key 30): creates access control entries. Flexible from v2.
 *
 * - v1: pattern types (KIP-290)
 * - v2: flexible
 * - v3: resource type USER (KIP-373)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AclCreation = f.struct({
  resourceType: f.int8,
  resourceName: f.string,
  resourcePatternType: f.int8.default(3),
  principal: f.string,
  host: f.string,
  operation: f.int8,
  permissionType: f.int8
})
export type AclCreation = typeof AclCreation.Type

export const CreateAclsRequest = message(
  "CreateAclsRequest",
  { key: 30, versions: "1-3", flexible: "2+" },
  {
    creations: f.array(AclCreation)
  }
)
export type CreateAclsRequest = typeof CreateAclsRequest.Type

export const AclCreationResult = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls()
})
export type AclCreationResult = typeof AclCreationResult.Type

export const CreateAclsResponse = message(
  "CreateAclsResponse",
  { key: 30, versions: "1-3", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(AclCreationResult)
  }
)
export type CreateAclsResponse = typeof CreateAclsResponse.Type
