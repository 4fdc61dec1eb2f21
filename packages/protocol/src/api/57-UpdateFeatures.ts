/**
 * UpdateFeatures (key 57): changes the finalized levels of features. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: upgrade types and validate-only (KIP-584)
 * - v2: one answer for all features
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const FeatureUpdateKey = f.struct({
  feature: f.string,
  maxVersionLevel: f.int16,
  allowDowngrade: f.bool.since("0"),
  upgradeType: f.int8.since("1+").default(1)
})
export type FeatureUpdateKey = typeof FeatureUpdateKey.Type

export const UpdateFeaturesRequest = message(
  "UpdateFeaturesRequest",
  { key: 57, versions: "0-2", flexible: "0+" },
  {
    timeoutMs: f.int32.default(60000),
    featureUpdates: f.array(FeatureUpdateKey),
    validateOnly: f.bool.since("1+")
  }
)
export type UpdateFeaturesRequest = typeof UpdateFeaturesRequest.Type

export const UpdatableFeatureResult = f.struct({
  feature: f.string,
  errorCode: f.int16,
  errorMessage: f.string.nulls()
})
export type UpdatableFeatureResult = typeof UpdatableFeatureResult.Type

export const UpdateFeaturesResponse = message(
  "UpdateFeaturesResponse",
  { key: 57, versions: "0-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    results: f.array(UpdatableFeatureResult).since("0-1").ignorable()
  }
)
export type UpdateFeaturesResponse = typeof UpdateFeaturesResponse.Type
