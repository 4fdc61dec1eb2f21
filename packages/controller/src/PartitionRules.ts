/**
 * The rules under which a decision changes partitions: which brokers are alive, what the topics' configuration says, whether there are
 * ELRs. Made once for a decision, and kept to it: topics are looked up once.
 */
import * as Alter from "@klamm/config/Alter"
import { topicConfig } from "@klamm/config/TopicConfig"
import { Brokers, normalize, Topics } from "@klamm/metadata"
import * as Features from "./Features.ts"
import { type Election, type PartitionChange, partitionChange, type Rules, type Target } from "./PartitionChange.ts"
import { type ControllerState, configsOf, type Settings } from "./State.ts"

/** Brokers that are on their way in or out as the decision is made, and not yet in the image as such. */
export interface Moving {
  readonly leaving?: ReadonlySet<number>
  readonly arriving?: number
}

export interface PartitionRules {
  /** The change of one partition, or none; an unclean election is made only where the topic allows it, or it is asked for. */
  readonly change: (
    topic: Topics.Topic,
    partition: Topics.Partition,
    target: Target,
    election?: Election
  ) => PartitionChange | undefined
  readonly allowsUnclean: (topic: Topics.Topic) => boolean
}

interface TopicRules {
  readonly minIsr: number
  readonly allowsUnclean: boolean
}

/** In use: unfenced, and not on its way out. */
export const isActive = (state: ControllerState, id: number): boolean => {
  const broker = Brokers.get(state.image.brokers, id)
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
}

export const isOnline = (state: ControllerState, id: number, directory: string): boolean =>
  Brokers.hasOnline(Brokers.get(state.image.brokers, id) ?? { logDirs: [] }, directory)

/** A new replica's directory: the broker's only one, or its own choice. */
export const defaultDirectory = (state: ControllerState, id: number): string => {
  const logDirs = Brokers.get(state.image.brokers, id)?.logDirs
  return logDirs?.length === 1 ? logDirs[0]! : Brokers.unassignedDirectory
}

const minIsrKey = "min.insync.replicas"
const uncleanKey = "unclean.leader.election.enable"

const topicRules = (state: ControllerState, settings: Settings): ((topic: Topics.Topic) => TopicRules) => {
  let snapshot: ReturnType<Settings["snapshot"]> | undefined
  const known = new Map<string, TopicRules>()
  const read = (topic: Topics.Topic): TopicRules => {
    snapshot ??= settings.snapshot(state.image)
    const overrides = configsOf(state, Alter.ResourceType.topic, topic.name)
    const hasOwn = overrides.has(minIsrKey) || overrides.has(uncleanKey)
    const values = hasOwn ? topicConfig(snapshot, overrides).values : snapshot.values
    return { minIsr: values[minIsrKey], allowsUnclean: values[uncleanKey] }
  }
  return (topic) => {
    const rules = known.get(topic.id) ?? read(topic)
    known.set(topic.id, rules)
    return rules
  }
}

export const partitionRules = (state: ControllerState, settings: Settings, moving: Moving = {}): PartitionRules => {
  const ofTopic = topicRules(state, settings)
  const shared: Pick<Rules, "isElrEnabled" | "canLead" | "defaultDirectory"> = {
    isElrEnabled: Features.isElrEnabled(state.image),
    canLead: (id, directory) =>
      moving.leaving?.has(id) !== true &&
      (id === moving.arriving || isActive(state, id)) &&
      isOnline(state, id, directory),
    defaultDirectory: (id) => defaultDirectory(state, id)
  }
  return {
    change: (topic, partition, target, election) => {
      const { minIsr, allowsUnclean } = ofTopic(topic)
      const rules: Rules = { ...shared, minIsr, election: election ?? (allowsUnclean ? "unclean" : "online") }
      return partitionChange(topic.id, partition, target, rules)
    },
    allowsUnclean: (topic) => ofTopic(topic).allowsUnclean
  }
}

/** The partition as a change leaves it. */
export const changed = (before: Topics.Partition, change: PartitionChange): Topics.Partition => {
  const record = normalize(change)
  return record._tag === "PartitionChange" ? Topics.altered(before, record) : before
}
