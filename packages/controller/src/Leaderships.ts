/**
 * What becomes of partitions when brokers go or come (Kafka's ReplicationControlManager): those that go leave the ISRs and lead
 * nothing, those that come lead again what nobody leads.
 */
import { type MetadataRecordInput, PartitionIndex, Topics } from "@klamm/metadata"
import { partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

interface Placed {
  readonly topic: Topics.Topic
  readonly partition: Topics.Partition
}

/** The partitions of any of the kinds, each once; those of a topic after one another, as they are replayed fastest. */
const partitionsOf = (state: ControllerState, kinds: ReadonlyArray<PartitionIndex.Kind>): ReadonlyArray<Placed> => {
  const [only, ...others] = kinds
  if (only === undefined) return []
  if (others.length === 0) return Topics.partitionsOf(state.image.topics, only)
  const seen = new Set<Topics.Partition>()
  return kinds
    .flatMap((kind) => Topics.partitionsOf(state.image.topics, kind))
    .filter(({ partition }) => seen.size < seen.add(partition).size)
    .sort((one, other) => (one.topic.name < other.topic.name ? -1 : one.topic.name > other.topic.name ? 1 : 0))
}

/**
 * Brokers that go, all at once, leave the ISRs of their partitions, and what they led gets another leader, or none. None of them is
 * chosen in place of another.
 */
export const withdrawn = (
  state: ControllerState,
  settings: Settings,
  leaving: ReadonlySet<number>,
  affects: (placed: Placed) => boolean = () => true
): ReadonlyArray<MetadataRecordInput> => {
  const rules = partitionRules(state, settings, { leaving })
  return partitionsOf(state, [...leaving].map(PartitionIndex.inSyncOn))
    .filter(affects)
    .flatMap(({ topic, partition }) => {
      const isr = partition.isr.filter((id) => !leaving.has(id))
      return rules.change(topic, partition, { isr }) ?? []
    })
}

/** A broker that may have lost what it had is neither in sync nor eligible, and leads nothing (KIP-966). */
export const lost = (
  state: ControllerState,
  settings: Settings,
  brokerId: number
): ReadonlyArray<MetadataRecordInput> => {
  const unclean = new Set([brokerId])
  const rules = partitionRules(state, settings, { leaving: unclean })
  const kinds = [PartitionIndex.inSyncOn(brokerId), PartitionIndex.eligibleOn(brokerId)]
  return partitionsOf(state, kinds).flatMap(({ topic, partition }) => {
    const isr = partition.isr.filter((id) => id !== brokerId)
    return rules.change(topic, partition, { isr, unclean }) ?? []
  })
}

/** Partitions without a leader that a broker may lead, as it comes into use. */
export const regained = (
  state: ControllerState,
  settings: Settings,
  brokerId: number
): ReadonlyArray<MetadataRecordInput> => {
  const rules = partitionRules(state, settings, { arriving: brokerId })
  return partitionsOf(state, [PartitionIndex.leaderless]).flatMap(
    ({ topic, partition }) => rules.change(topic, partition, {}) ?? []
  )
}
