/**
 * IncrementalAlterConfigs (key 44): changes configuration keys one by one: set, delete, append, subtract. Flexible from
 * v1.
 *
 * - v0: the first supported
 * - v1: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AlterableConfig = f.struct({
  name: f.string,
  configOperation: f.int8,
  value: f.string.nulls()
})
export type AlterableConfig = typeof AlterableConfig.Type

export const AlterConfigsResource = f.struct({
  resourceType: f.int8,
  resourceName: f.string,
  configs: f.array(AlterableConfig)
})
export type AlterConfigsResource = typeof AlterConfigsResource.Type

export const IncrementalAlterConfigsRequest = message(
  "IncrementalAlterConfigsRequest",
  { key: 44, versions: "0-1", flexible: "1+" },
  {
    resources: f.array(AlterConfigsResource),
    validateOnly: f.bool
  }
)
export type IncrementalAlterConfigsRequest = typeof IncrementalAlterConfigsRequest.Type

export const AlterConfigsResourceResponse = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  resourceType: f.int8,
  resourceName: f.string
})
export type AlterConfigsResourceResponse = typeof AlterConfigsResourceResponse.Type

export const IncrementalAlterConfigsResponse = message(
  "IncrementalAlterConfigsResponse",
  { key: 44, versions: "0-1", flexible: "1+" },
  {
    throttleTimeMs: f.int32.default(0),
    responses: f.array(AlterConfigsResourceResponse)
  }
)
export type IncrementalAlterConfigsResponse = typeof IncrementalAlterConfigsResponse.Type
