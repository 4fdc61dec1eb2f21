/**
 * ApiVersions (key 18): tells which APIs and versions a broker speaks, and its features; the first request of most
 * clients. Flexible from v3.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: flexible; request +clientSoftwareName, clientSoftwareVersion; response +supportedFeatures,
 *   finalizedFeaturesEpoch, finalizedFeatures, zkMigrationReady (KIP-511)
 * - v4: features whose minimum is 0 are listed (KAFKA-17011)
 * - v5: request +clusterId, nodeId (KIP-1242)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ApiVersionsRequest = message(
  "ApiVersionsRequest",
  { key: 18, versions: "0-5", flexible: "3+" },
  {
    clientSoftwareName: f.string.since("3+").ignorable(),
    clientSoftwareVersion: f.string.since("3+").ignorable(),
    clusterId: f.string.since("5+").nulls().default(null).ignorable(),
    nodeId: f.int32.since("5+").default(-1).ignorable()
  }
)
export type ApiVersionsRequest = typeof ApiVersionsRequest.Type

export const ApiVersion = f.struct({
  apiKey: f.int16,
  minVersion: f.int16,
  maxVersion: f.int16
})
export type ApiVersion = typeof ApiVersion.Type

export const SupportedFeatureKey = f.struct({
  name: f.string,
  minVersion: f.int16,
  maxVersion: f.int16
})
export type SupportedFeatureKey = typeof SupportedFeatureKey.Type

export const FinalizedFeatureKey = f.struct({
  name: f.string,
  maxVersionLevel: f.int16,
  minVersionLevel: f.int16
})
export type FinalizedFeatureKey = typeof FinalizedFeatureKey.Type

export const ApiVersionsResponse = message(
  "ApiVersionsResponse",
  { key: 18, versions: "0-5", flexible: "3+" },
  {
    errorCode: f.int16,
    apiKeys: f.array(ApiVersion),
    throttleTimeMs: f.int32.since("1+").ignorable(),
    supportedFeatures: f.array(SupportedFeatureKey).tagged(0, "3+").ignorable(),
    finalizedFeaturesEpoch: f.int64.default(-1).tagged(1, "3+").ignorable(),
    finalizedFeatures: f.array(FinalizedFeatureKey).tagged(2, "3+").ignorable(),
    zkMigrationReady: f.bool.tagged(3, "3+").ignorable()
  }
)
export type ApiVersionsResponse = typeof ApiVersionsResponse.Type
