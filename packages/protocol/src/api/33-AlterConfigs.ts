/**
 * AlterConfigs (key 33): replaces the whole configuration of resources; superseded by IncrementalAlterConfigs. Flexible
 * from v2.
 *
 * - v0: the first supported
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AlterableConfig = f.struct({
  name: f.string,
  value: f.string.nulls()
})
export type AlterableConfig = typeof AlterableConfig.Type

export const AlterConfigsResource = f.struct({
  resourceType: f.int8,
  resourceName: f.string,
  configs: f.array(AlterableConfig)
})
export type AlterConfigsResource = typeof AlterConfigsResource.Type

export const AlterConfigsRequest = message(
  "AlterConfigsRequest",
  { key: 33, versions: "0-2", flexible: "2+" },
  {
    resources: f.array(AlterConfigsResource),
    validateOnly: f.bool
  }
)
export type AlterConfigsRequest = typeof AlterConfigsRequest.Type

export const AlterConfigsResourceResponse = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  resourceType: f.int8,
  resourceName: f.string
})
export type AlterConfigsResourceResponse = typeof AlterConfigsResourceResponse.Type

export const AlterConfigsResponse = message(
  "AlterConfigsResponse",
  { key: 33, versions: "0-2", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    responses: f.array(AlterConfigsResourceResponse)
  }
)
export type AlterConfigsResponse = typeof AlterConfigsResponse.Type
