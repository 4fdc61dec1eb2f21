/**
 * The broker keys of the log: directories, segments, retention, flushing and the cleaner. Most are defaults of topic keys. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { DOUBLE_MAX, LONG_MAX } from "../Type.ts"
import { atLeast, between, listOf, nonEmptyListOf, oneOf } from "../Validator.ts"

export const logKeys = [
  key("alter.config.policy.class.name", {
    type: "class",
    default: null,
    importance: "low",
    doc: "Accepted and without effect here: names a Java plugin that vets configuration changes."
  }),
  key("auto.create.topics.enable", {
    type: "boolean",
    default: true,
    importance: "high",
    doc: "Whether asking for an absent topic may create it."
  }),
  key("cordoned.log.dirs", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "medium",
    update: "per-broker",
    awaits: "cordoning of log directories",
    doc: "Log directories that get no new partitions; * means all."
  }),
  key("create.topic.policy.class.name", {
    type: "class",
    default: null,
    importance: "low",
    doc: "Accepted and without effect here: names a Java plugin that vets new topics."
  }),
  key("log.cleanup.policy", {
    type: "list",
    default: ["delete"],
    valid: listOf("compact", "delete"),
    importance: "medium",
    update: "cluster-wide",
    topic: "cleanup.policy",
    doc: "What happens to old segments: delete, compact or both; empty keeps them for ever."
  }),
  key("log.dir", {
    type: "list",
    default: ["/tmp/kafka-logs"],
    valid: nonEmptyListOf(),
    importance: "high",
    doc: "The log directory when log.dirs is not set."
  }),
  key("log.dir.failure.timeout.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(1),
    importance: "low",
    doc: "How long a broker waits for the controller to learn of a failed log directory before it stops."
  }),
  key("log.dirs", {
    type: "list",
    default: null,
    valid: nonEmptyListOf(),
    importance: "high",
    doc: "The directories in which the partitions are kept; takes the place of log.dir."
  }),
  key("log.flush.interval.messages", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    topic: "flush.messages",
    doc: "How many records may be written to a partition before they are synced to the disk."
  }),
  key("log.flush.interval.ms", {
    type: "long",
    default: null,
    importance: "high",
    update: "cluster-wide",
    topic: "flush.ms",
    doc: "How long a record may lie unsynced; unset means log.flush.scheduler.interval.ms."
  }),
  key("log.flush.offset.checkpoint.interval.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(0),
    importance: "high",
    doc: "Accepted and without effect here: all checkpoints are written every replica.high.watermark.checkpoint.interval.ms."
  }),
  key("log.flush.scheduler.interval.ms", {
    type: "long",
    default: LONG_MAX,
    importance: "high",
    doc: "How often the log is checked for records that must be synced."
  }),
  key("log.flush.start.offset.checkpoint.interval.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(0),
    importance: "high",
    doc: "Accepted and without effect here: all checkpoints are written every replica.high.watermark.checkpoint.interval.ms."
  }),
  key("log.index.interval.bytes", {
    type: "int",
    default: 4096,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    topic: "index.interval.bytes",
    doc: "How many bytes of log lie between two entries of the offset index."
  }),
  key("log.index.size.max.bytes", {
    type: "int",
    default: 10_485_760,
    valid: atLeast(4),
    importance: "medium",
    update: "cluster-wide",
    topic: "segment.index.bytes",
    doc: "The largest an offset index may grow; a full index rolls its segment."
  }),
  key("log.initial.task.delay.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(0),
    importance: "low",
    internal: true,
    doc: "Accepted and without effect here: housekeeping begins one interval after the start."
  }),
  key("log.message.timestamp.after.max.ms", {
    type: "long",
    default: 3_600_000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    topic: "message.timestamp.after.max.ms",
    doc: "How far a record's timestamp may lie ahead of the broker's clock."
  }),
  key("log.message.timestamp.before.max.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    topic: "message.timestamp.before.max.ms",
    doc: "How far a record's timestamp may lie behind the broker's clock."
  }),
  key("log.message.timestamp.type", {
    type: "string",
    default: "CreateTime",
    valid: oneOf("CreateTime", "LogAppendTime"),
    importance: "medium",
    update: "cluster-wide",
    topic: "message.timestamp.type",
    doc: "Whether a record keeps its producer's timestamp or gets the time of its append."
  }),
  key("log.preallocate", {
    type: "boolean",
    default: false,
    importance: "medium",
    update: "cluster-wide",
    topic: "preallocate",
    doc: "Accepted and without effect here: segment files grow as they are written."
  }),
  key("log.retention.bytes", {
    type: "long",
    default: -1,
    importance: "high",
    update: "cluster-wide",
    topic: "retention.bytes",
    doc: "How large a partition may grow before its oldest segments go; -1 is without limit."
  }),
  key("log.retention.check.interval.ms", {
    type: "long",
    default: 300_000,
    valid: atLeast(1),
    importance: "medium",
    doc: "How often the log is searched for segments that may be deleted."
  }),
  key("log.retention.hours", {
    type: "int",
    default: 168,
    importance: "high",
    doc: "How many hours a record is kept; log.retention.minutes and log.retention.ms take its place."
  }),
  key("log.retention.minutes", {
    type: "int",
    default: null,
    importance: "high",
    doc: "How many minutes a record is kept; log.retention.ms takes its place; unset means log.retention.hours."
  }),
  key("log.retention.ms", {
    type: "long",
    default: null,
    importance: "high",
    update: "cluster-wide",
    topic: "retention.ms",
    doc: "How long a record is kept; -1 is for ever; unset means log.retention.minutes."
  }),
  key("log.roll.hours", {
    type: "int",
    default: 168,
    valid: atLeast(1),
    importance: "high",
    doc: "The age in hours at which a segment is rolled; log.roll.ms takes its place."
  }),
  key("log.roll.jitter.hours", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "high",
    doc: "The most hours subtracted at random from a segment's age limit; log.roll.jitter.ms takes its place."
  }),
  key("log.roll.jitter.ms", {
    type: "long",
    default: null,
    importance: "high",
    update: "cluster-wide",
    topic: "segment.jitter.ms",
    doc: "The most time subtracted at random from a segment's age limit; unset means log.roll.jitter.hours."
  }),
  key("log.roll.ms", {
    type: "long",
    default: null,
    importance: "high",
    update: "cluster-wide",
    topic: "segment.ms",
    doc: "The age at which a segment is rolled though it is not full; unset means log.roll.hours."
  }),
  key("log.segment.bytes", {
    type: "int",
    default: 1_073_741_824,
    valid: atLeast(1_048_576),
    importance: "high",
    update: "cluster-wide",
    topic: "segment.bytes",
    doc: "The size at which a segment is rolled."
  }),
  key("log.segment.delete.delay.ms", {
    type: "long",
    default: 60_000,
    valid: atLeast(0),
    importance: "high",
    update: "cluster-wide",
    topic: "file.delete.delay.ms",
    doc: "How long the files of a deleted segment stay, for readers that still hold them."
  }),
  key("min.insync.replicas", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    topic: "min.insync.replicas",
    doc: "How many replicas must be in sync for a produce with acks=all to be taken."
  }),
  key("num.partitions", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "medium",
    doc: "How many partitions a topic gets when its creator does not say."
  }),
  key("num.recovery.threads.per.data.dir", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    doc: "How many logs of one directory are recovered or flushed at a time."
  }),
  key("log.cleaner.backoff.ms", {
    type: "long",
    default: 15_000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "How long the cleaner rests when no log needs cleaning."
  }),
  key("log.cleaner.dedupe.buffer.size", {
    type: "long",
    default: 134_217_728,
    importance: "medium",
    update: "cluster-wide",
    doc: "The memory for the cleaner's map of keys, over all of its workers."
  }),
  key("log.cleaner.delete.retention.ms", {
    type: "long",
    default: 86_400_000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    topic: "delete.retention.ms",
    doc: "How long a tombstone of a compacted topic stays after the cleaner first met it."
  }),
  key("log.cleaner.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    doc: "Whether compacted topics are cleaned on this broker."
  }),
  key("log.cleaner.io.buffer.load.factor", {
    type: "double",
    default: 0.9,
    importance: "medium",
    update: "cluster-wide",
    doc: "Accepted and without effect here: the cleaner's map of keys may take all of log.cleaner.dedupe.buffer.size."
  }),
  key("log.cleaner.io.buffer.size", {
    type: "int",
    default: 524_288,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "Accepted and without effect here: the sizes of the cleaner's buffers are fixed."
  }),
  key("log.cleaner.io.max.bytes.per.second", {
    type: "double",
    default: DOUBLE_MAX,
    importance: "medium",
    update: "cluster-wide",
    doc: "Accepted and without effect here: the cleaner has no limit of its own."
  }),
  key("log.cleaner.max.compaction.lag.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    topic: "max.compaction.lag.ms",
    doc: "How long a record may at most stay uncompacted."
  }),
  key("log.cleaner.min.cleanable.ratio", {
    type: "double",
    default: 0.5,
    valid: between(0, 1),
    importance: "medium",
    update: "cluster-wide",
    topic: "min.cleanable.dirty.ratio",
    doc: "How much of a log must be dirty before it is cleaned."
  }),
  key("log.cleaner.min.compaction.lag.ms", {
    type: "long",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    topic: "min.compaction.lag.ms",
    doc: "How long a record at least stays uncompacted."
  }),
  key("log.cleaner.threads", {
    type: "int",
    default: 1,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "Accepted and without effect here: the cleaner shares the broker's one event loop."
  })
] as const
