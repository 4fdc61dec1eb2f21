/**
 * The configuration of this moment: the static one under what the metadata says, with what topics and partitions make of it.
 * Invariant: values are computed once per change, so that a hot path only looks them up (behaviour 193: a change acts on the next
 * operation).
 */
import { ResourceType } from "@klamm/config/Alter"
import { type BrokerSnapshot, effective, type StaticConfig } from "@klamm/config/BrokerConfig"
import { type TopicConfig, topicConfig } from "@klamm/config/TopicConfig"
import { Configs, type Image } from "@klamm/metadata"
import type { TopicRules } from "@klamm/replica/Replicas"
import { logConfig, partitionSettings } from "@klamm/replica/TopicSettings"
import { throttledReplicas } from "./ReplicationQuotas.ts"

interface Topic {
  readonly config: TopicConfig
  readonly rules: TopicRules
}

/** The values of a broker under the dynamic ones of an image. */
export const snapshotOf = (config: StaticConfig, nodeId: number, image: Image.Image): BrokerSnapshot =>
  effective(
    config,
    Configs.get(image.configs, ResourceType.broker, ""),
    Configs.get(image.configs, ResourceType.broker, String(nodeId))
  )

export class LiveConfig {
  private readonly config: StaticConfig
  private readonly nodeId: number
  private configs: Configs.Configs
  private current: BrokerSnapshot
  private topics = new Map<string, Topic>()
  /** The replicas here that are slowed (KIP-73). */
  throttled: ReturnType<typeof throttledReplicas>

  constructor(config: StaticConfig, nodeId: number, image: Image.Image) {
    this.config = config
    this.nodeId = nodeId
    this.configs = image.configs
    this.current = snapshotOf(config, nodeId, image)
    this.throttled = throttledReplicas(image.configs, nodeId)
  }

  /** True when something may have changed. */
  update(image: Image.Image): boolean {
    if (image.configs === this.configs) return false
    this.configs = image.configs
    this.current = snapshotOf(this.config, this.nodeId, image)
    this.topics = new Map()
    this.throttled = throttledReplicas(image.configs, this.nodeId)
    return true
  }

  get snapshot(): BrokerSnapshot {
    return this.current
  }

  topicConfig(name: string): TopicConfig {
    return this.topic(name).config
  }

  rules(name: string): TopicRules {
    return this.topic(name).rules
  }

  private topic(name: string): Topic {
    const known = this.topics.get(name)
    if (known !== undefined) return known
    const config = topicConfig(this.current, Configs.get(this.configs, ResourceType.topic, name))
    const log = logConfig(config, this.current)
    const topic = { config, rules: { log, partition: partitionSettings(config, this.current) } }
    this.topics.set(name, topic)
    return topic
  }
}
