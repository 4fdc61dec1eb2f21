/**
 * ListConfigResources (key 74): lists resources that have a configuration; formerly ListClientMetricsResources. Flexible
 * in every version.
 *
 * - v0: client metrics only (KIP-714)
 * - v1: every type of resource (KIP-1142)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ListConfigResourcesRequest = message(
  "ListConfigResourcesRequest",
  { key: 74, versions: "0-1", flexible: "0+" },
  {
    resourceTypes: f.array(f.int8).since("1+")
  }
)
export type ListConfigResourcesRequest = typeof ListConfigResourcesRequest.Type

export const ConfigResource = f.struct({
  resourceName: f.string,
  resourceType: f.int8.since("1+").default(16).ignorable()
})
export type ConfigResource = typeof ConfigResource.Type

export const ListConfigResourcesResponse = message(
  "ListConfigResourcesResponse",
  { key: 74, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    configResources: f.array(ConfigResource)
  }
)
export type ListConfigResourcesResponse = typeof ListConfigResourcesResponse.Type
