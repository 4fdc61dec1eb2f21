/**
 * What a partition and its log need of the topic's configuration, as plain numbers. Invariant: a `long` whose value is the
 * largest one (Kafka's way to say "never") becomes infinity, so that the rules can add and compare without overflow.
 */
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import type { TopicConfig } from "@klamm/config/TopicConfig"
import { LONG_MAX } from "@klamm/config/Type"
import type { LogConfig } from "@klamm/log/LogConfig"
import { hasBug } from "@klamm/platform/Bugs"
import type { PartitionSettings } from "./Partition.ts"

const unbounded = (value: number): number => (value >= LONG_MAX ? Number.POSITIVE_INFINITY : value)

export const logConfig = (topic: TopicConfig, broker: BrokerSnapshot): LogConfig => {
  const { values } = topic
  return {
    segmentBytes: values["segment.bytes"],
    segmentMs: unbounded(values["segment.ms"]),
    segmentJitterMs: values["segment.jitter.ms"],
    segmentIndexBytes: values["segment.index.bytes"],
    indexIntervalBytes: values["index.interval.bytes"],
    fileDeleteDelayMs: values["file.delete.delay.ms"],
    retentionMs: unbounded(values["retention.ms"]),
    retentionBytes: values["retention.bytes"],
    cleanupPolicy: {
      compact: values["cleanup.policy"].includes("compact"),
      delete: values["cleanup.policy"].includes("delete")
    },
    minCompactionLagMs: values["min.compaction.lag.ms"],
    maxCompactionLagMs: unbounded(values["max.compaction.lag.ms"]),
    deleteRetentionMs: unbounded(values["delete.retention.ms"]),
    minCleanableDirtyRatio: values["min.cleanable.dirty.ratio"],
    maxMessageBytes: values["max.message.bytes"],
    producerIdExpirationMs: broker.values["producer.id.expiration.ms"]
  }
}

export const partitionSettings = (topic: TopicConfig, broker: BrokerSnapshot): PartitionSettings => ({
  minInsyncReplicas: topic.values["min.insync.replicas"],
  syncBeforeAck: broker.values["klamm.acks.all.sync"] && !hasBug("acknowledge-before-sync"),
  flushMessages: unbounded(topic.values["flush.messages"]),
  flushMs: unbounded(topic.values["flush.ms"]),
  logAppendTime: topic.values["message.timestamp.type"] === "LogAppendTime",
  lagTimeMaxMs: broker.values["replica.lag.time.max.ms"]
})
