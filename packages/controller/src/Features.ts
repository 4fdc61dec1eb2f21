/**
 * Feature levels (KIP-584, KIP-1022): what this build supports, and what a new cluster begins with. Invariant: a level is
 * finalized only if every feature it rests on is implemented; what is not built yet stays at 0.
 */
import type { MetadataRecordInput } from "@klamm/metadata"

export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** 4.4-IV2, the version whose records we write. */
export const metadataVersion = 33

export const supported: ReadonlyArray<SupportedFeature> = [
  { name: "metadata.version", minVersion: 7, maxVersion: metadataVersion },
  { name: "kraft.version", minVersion: 0, maxVersion: 0 }
]

/** The records a new cluster begins with. */
export const bootstrap: ReadonlyArray<MetadataRecordInput> = [
  { _tag: "FeatureLevel", name: "metadata.version", featureLevel: metadataVersion }
]
