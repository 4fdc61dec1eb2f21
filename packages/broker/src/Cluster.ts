/**
 * The cluster as handlers read it: topics, partitions and brokers of one committed metadata image. Invariant: an immutable
 * value; a handler takes it once per request, so that one answer never mixes two images.
 */
export interface PartitionView {
  readonly index: number
  /** -1 while there is none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: ReadonlyArray<number>
  readonly isr: ReadonlyArray<number>
  readonly eligibleLeaderReplicas: ReadonlyArray<number>
  readonly lastKnownElr: ReadonlyArray<number>
  /** Replicas that a reassignment brings, and those it will take away; empty while there is none (KIP-455). */
  readonly addingReplicas: ReadonlyArray<number>
  readonly removingReplicas: ReadonlyArray<number>
}

export interface TopicView {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  /** By index, without gaps. */
  readonly partitions: ReadonlyArray<PartitionView>
}

export interface BrokerView {
  readonly id: number
  readonly rack: string | null
  readonly fenced: boolean
  /** Where each listener is reached. */
  readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>
}

export interface ControllerView {
  readonly id: number
  /** Where each listener is reached. */
  readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>
}

export interface FeatureView {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** 0: not finalized. */
  readonly level: number
}

export interface Cluster {
  readonly topicByName: (name: string) => TopicView | undefined
  readonly topicById: (id: string) => TopicView | undefined
  /** Sorted by name. */
  readonly topics: () => ReadonlyArray<TopicView>
  readonly brokers: () => ReadonlyArray<BrokerView>
  readonly broker: (id: number) => BrokerView | undefined
  readonly controllers: () => ReadonlyArray<ControllerView>
  /** The dynamic configuration of a resource, by key. */
  readonly configs: (resourceType: number, resourceName: string) => ReadonlyMap<string, string>
  /** Names of the resources of a type that have a dynamic configuration. */
  readonly configuredResources: (resourceType: number) => ReadonlyArray<string>
  readonly features: () => ReadonlyArray<FeatureView>
  /** The offset of the metadata log that this image stands for. */
  readonly offset: number
}

/** Where groups and their commits are kept. */
export const offsetsTopic = "__consumer_offsets"

/** Topics that the brokers keep their own records in. */
const internalTopics: ReadonlySet<string> = new Set([offsetsTopic, "__transaction_state", "__share_group_state"])

export const isInternalTopic = (name: string): boolean => internalTopics.has(name)

/** Legal names: 1 to 249 characters of [a-zA-Z0-9._-], but not "." and ".." (behaviour 027). */
export const isLegalTopicName = (name: string): boolean =>
  name.length > 0 && name.length <= 249 && name !== "." && name !== ".." && /^[a-zA-Z0-9._-]+$/.test(name)
