/**
 * Changing finalized feature levels (behaviour 189, KIP-584, KIP-1022). Invariants: a level is finalized only if every broker and
 * controller that is registered has it; it falls only where that is asked for, and metadata.version never below a version that has
 * records which the older one can't read. All updates of a request are made, or none.
 *
 * Of kraft.version only whether all nodes have the level is said here: it stands in the quorum's own control records, and whoever wants it
 * changed asks raft.
 */
import { Brokers, Controllers, type MetadataRecordInput, PartitionIndex, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import * as Features from "./Features.ts"
import { partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

/** The upgrade types of the protocol. */
export const UpgradeType = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export interface FeatureUpdate {
  readonly feature: string
  readonly level: number
  readonly upgradeType: number
}

export interface UpdateFeatures {
  readonly _tag: "UpdateFeatures"
  readonly updates: ReadonlyArray<FeatureUpdate>
  readonly validateOnly: boolean
}

/** Levels of metadata.version that brought or changed records (Kafka's MetadataVersion): the ones before can't read the log after. */
const changedRecords: ReadonlySet<number> = new Set([7, 8, 11, 13, 14, 15, 17, 23, 30, 32, 33])

/** The level of metadata.version from which ELRs are (KIP-966). */
const elrMetadataVersion = 23

interface Ranges {
  readonly who: string
  readonly features: Brokers.Broker["features"]
}

const unsupportedBy = ({ who, features }: Ranges, name: string, level: number): string | undefined => {
  const range = features.find((feature) => feature.name === name)
  if (range === undefined) return level === 0 ? undefined : `${who} does not support this feature.`
  const { minSupportedVersion: min, maxSupportedVersion: max } = range
  if (level === 0 || (level >= min && level <= max)) return undefined
  return `${who} only supports versions ${min}-${max}`
}

const registered = (state: ControllerState): ReadonlyArray<Ranges> => [
  ...Brokers.all(state.image.brokers).map(({ id, features }) => ({ who: `Broker ${id}`, features })),
  ...Controllers.all(state.image.controllers).map(({ id, features }) => ({ who: `Controller ${id}`, features }))
]

const unsupported = (state: ControllerState, name: string, level: number): string | undefined => {
  const own = Features.supported.find((feature) => feature.name === name)
  if (own === undefined) return "The controller does not support the given feature."
  if (level !== 0 && (level < own.minVersion || level > own.maxVersion)) {
    return `The controller only supports versions ${own.minVersion}-${own.maxVersion}`
  }
  for (const node of registered(state)) {
    const reason = unsupportedBy(node, name, level)
    if (reason !== undefined) return reason
  }
  return undefined
}

const metadataVersionReason = (current: number, level: number, isUnsafe: boolean): string | undefined => {
  const lowest = Features.supported.find(({ name }) => name === Features.metadataVersionName)?.minVersion ?? 0
  if (level < lowest) return `Unable to set a metadata.version less than ${lowest}`
  let isChanged = false
  for (let each = level + 1; each <= current; each++) isChanged ||= changedRecords.has(each)
  if (!isChanged) return undefined
  return isUnsafe
    ? "Unsafe metadata downgrade is not supported in this version."
    : "Refusing to perform the requested downgrade because it might delete metadata information."
}

const dependencyReason = (levels: ReadonlyMap<string, number>): string | undefined => {
  const needsElr = (levels.get(Features.elrVersionName) ?? 0) > 0
  const hasElr = (levels.get(Features.metadataVersionName) ?? 0) >= elrMetadataVersion
  return needsElr && !hasElr
    ? `${Features.elrVersionName} could not be set to 1 because it depends on ${Features.metadataVersionName} level ${elrMetadataVersion}`
    : undefined
}

const reason = (state: ControllerState, { feature, level, upgradeType }: FeatureUpdate): string | undefined => {
  const current = state.image.features.get(feature) ?? 0
  if (!Object.values<number>(UpgradeType).includes(upgradeType)) {
    return "The controller does not support the given upgrade type."
  }
  if (level < 0) return "A feature version cannot be less than 0."
  const missing = unsupported(state, feature, level)
  if (missing !== undefined || feature === Features.kraftVersionName) return missing
  if (level < current && upgradeType === UpgradeType.upgrade) {
    return "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
  }
  if (level > current && upgradeType !== UpgradeType.upgrade) return "Can't downgrade to a newer version."
  return feature === Features.metadataVersionName
    ? metadataVersionReason(current, level, upgradeType === UpgradeType.unsafeDowngrade)
    : undefined
}

const invalid = (update: FeatureUpdate, why: string): Failure =>
  failure(ErrorCode.INVALID_UPDATE_VERSION, invalidMessage(update, why))

/** Without ELRs a partition's ISR is never empty: those that were eligible are in it again. */
const withoutElrs = (
  state: ControllerState,
  settings: Settings,
  features: ReadonlyMap<string, number>
): ReadonlyArray<MetadataRecordInput> => {
  const later = { ...state, image: { ...state.image, features } }
  const rules = partitionRules(later, settings)
  const { topics } = state.image
  const leaderless = Topics.partitionsOf(topics, PartitionIndex.leaderless).filter(
    ({ partition }) => partition.isr.length === 0
  )
  const eligible = Topics.partitionsOf(topics, PartitionIndex.eligible).filter(
    ({ partition }) => partition.isr.length > 0
  )
  return [...leaderless, ...eligible].flatMap(({ topic, partition }) => {
    const { isr, eligibleLeaderReplicas, lastKnownElr } = partition
    const inSync = [isr, eligibleLeaderReplicas, lastKnownElr].find((ids) => ids.length > 0)
    return rules.change(topic, partition, inSync === undefined ? {} : { isr: inSync }) ?? []
  })
}

/** What a change of levels brings with it. */
const consequences = (
  state: ControllerState,
  settings: Settings,
  features: ReadonlyMap<string, number>
): ReadonlyArray<MetadataRecordInput> => {
  const had = Features.isElrEnabled(state.image)
  const has = Features.isElrEnabled({ ...state.image, features })
  if (had && !has) return withoutElrs(state, settings, features)
  if (had || !has) return []
  return Features.readyForElrs(state.image, settings.snapshot(state.image).values["min.insync.replicas"])
}

/** What is said of an update that can't be made. */
export const invalidMessage = ({ feature, level }: Pick<FeatureUpdate, "feature" | "level">, why: string): string =>
  `Invalid update version ${level} for feature ${feature}. ${why}`

export const updateFeatures = (
  state: ControllerState,
  settings: Settings,
  { updates, validateOnly }: UpdateFeatures
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: Failure } => {
  const levels = new Map(state.image.features)
  for (const update of updates) {
    const why = reason(state, update)
    if (why !== undefined) return { records: [], reply: invalid(update, why) }
    levels.set(update.feature, update.level)
  }
  const [last] = updates.slice(-1)
  const why = dependencyReason(levels)
  if (last !== undefined && why !== undefined) return { records: [], reply: invalid(last, why) }
  if (validateOnly) return { records: [], reply: ok }
  const records = updates
    .filter(({ feature }) => feature !== Features.kraftVersionName)
    .filter(({ feature, level }) => level !== (state.image.features.get(feature) ?? 0))
    .map(({ feature, level }): MetadataRecordInput => ({ _tag: "FeatureLevel", name: feature, featureLevel: level }))
  return { records: [...records, ...consequences(state, settings, levels)], reply: ok }
}
