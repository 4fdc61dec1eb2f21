/**
 * Feature levels (KIP-584, KIP-1022): what this build supports, and what a new cluster begins with. Invariant: a level is
 * finalized only if every feature it rests on is implemented; what is not built yet stays at 0.
 */
import { Configs, type Image, type MetadataRecordInput } from "@klamm/metadata"
import { VoterSet } from "@klamm/raft"

export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** 4.4-IV2, the version whose records we write. */
export const metadataVersion = 33

export const metadataVersionName = "metadata.version"

/** Whose level is the quorum's own: it stands in the log's control records, not in the image. */
export const kraftVersionName = "kraft.version"

/** Eligible leader replicas (KIP-966). */
export const elrVersionName = "eligible.leader.replicas.version"

export const supported: ReadonlyArray<SupportedFeature> = [
  { name: metadataVersionName, minVersion: 7, maxVersion: metadataVersion },
  { name: kraftVersionName, minVersion: VoterSet.minKraftVersion, maxVersion: VoterSet.maxKraftVersion },
  { name: elrVersionName, minVersion: 0, maxVersion: 1 }
]

/** The records a new cluster begins with. */
export const bootstrap: ReadonlyArray<MetadataRecordInput> = [
  { _tag: "FeatureLevel", name: metadataVersionName, featureLevel: metadataVersion },
  { _tag: "FeatureLevel", name: elrVersionName, featureLevel: 1 }
]

const minIsrKey = "min.insync.replicas"
const brokerResource = 4

/**
 * What makes the cluster ready for ELRs: all nodes must agree on the smallest ISR, so it is the cluster's from then on, and no
 * broker's own (KIP-966).
 */
export const readyForElrs = (image: Image.Image, minIsr: number): ReadonlyArray<MetadataRecordInput> => {
  const config = { _tag: "Config", resourceType: brokerResource, name: minIsrKey } as const
  const isSet = Configs.get(image.configs, brokerResource, "").has(minIsrKey)
  const owners = Configs.resources(image.configs, brokerResource).filter(
    (name) => name !== "" && Configs.get(image.configs, brokerResource, name).has(minIsrKey)
  )
  return [
    ...(isSet ? [] : [{ ...config, resourceName: "", value: String(minIsr) }]),
    ...owners.map((resourceName) => ({ ...config, resourceName, value: null }))
  ]
}

export const isElrEnabled = (image: Image.Image): boolean => (image.features.get(elrVersionName) ?? 0) > 0
