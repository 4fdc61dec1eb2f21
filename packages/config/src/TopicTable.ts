/**
 * Every topic key. Invariant: names, types, defaults and rules are Kafka's; a topic without a value of its own takes the
 * broker key that names it in its `topic` field. Neighbours: Table.ts (what a row is), TopicConfig.ts (effective values).
 */
import type { Index, ValuesOf } from "./Table.ts"
import { index, key } from "./Table.ts"
import { LONG_MAX } from "./Type.ts"
import { atLeast, between, gzipLevel, listOf, oneOf, throttledReplicas } from "./Validator.ts"

export const topicKeys = [
  key("cleanup.policy", {
    type: "list",
    default: ["delete"],
    valid: listOf("compact", "delete"),
    importance: "medium",
    doc: "What happens to old segments: delete, compact or both; empty keeps them for ever."
  }),
  key("compression.gzip.level", {
    type: "int",
    default: -1,
    valid: gzipLevel,
    importance: "medium",
    doc: "The gzip level if the topic compresses with gzip; -1 is the library's own."
  }),
  key("compression.lz4.level", {
    type: "int",
    default: 9,
    valid: between(1, 17),
    importance: "medium",
    doc: "Accepted and without effect here: lz4 is written in one way, the fast one."
  }),
  key("compression.type", {
    type: "string",
    default: "producer",
    valid: oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    importance: "medium",
    doc: "How the topic is compressed; producer keeps what the producer chose."
  }),
  key("compression.zstd.level", {
    type: "int",
    default: 3,
    valid: between(-131_072, 22),
    importance: "medium",
    doc: "The zstd level if the topic compresses with zstd."
  }),
  key("delete.retention.ms", {
    type: "long",
    default: 86_400_000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long a tombstone stays after the cleaner first met it."
  }),
  key("errors.deadletterqueue.group.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "share group",
    doc: "Whether share groups may write their dead letters to this topic."
  }),
  key("file.delete.delay.ms", {
    type: "long",
    default: 60_000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long the files of a deleted segment stay, for readers that still hold them."
  }),
  key("flush.messages", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "medium",
    doc: "How many records may be written before they are synced to the disk."
  }),
  key("flush.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long a record may lie unsynced."
  }),
  key("follower.replication.throttled.replicas", {
    type: "list",
    default: [],
    valid: throttledReplicas,
    importance: "medium",
    doc: "The replicas whose fetching the follower quota slows, as partition:broker; * is all."
  }),
  key("index.interval.bytes", {
    type: "int",
    default: 4096,
    valid: atLeast(0),
    importance: "medium",
    doc: "How many bytes of log lie between two entries of the offset index."
  }),
  key("internal.segment.bytes", {
    type: "int",
    default: null,
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: segment.bytes is what counts."
  }),
  key("leader.replication.throttled.replicas", {
    type: "list",
    default: [],
    valid: throttledReplicas,
    importance: "medium",
    doc: "The replicas whose sending the leader quota slows, as partition:broker; * is all."
  }),
  key("local.retention.bytes", {
    type: "long",
    default: -2,
    valid: atLeast(-2),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How large the local part of a tiered partition may grow; -2 means retention.bytes."
  }),
  key("local.retention.ms", {
    type: "long",
    default: -2,
    valid: atLeast(-2),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How long segments of a tiered partition stay on the local disk; -2 means retention.ms."
  }),
  key("max.compaction.lag.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "medium",
    doc: "How long a record may at most stay uncompacted."
  }),
  key("max.message.bytes", {
    type: "int",
    default: 1_048_588,
    valid: atLeast(0),
    importance: "medium",
    doc: "The largest record batch, as compressed, that is taken."
  }),
  key("message.timestamp.after.max.ms", {
    type: "long",
    default: 3_600_000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How far a record's timestamp may lie ahead of the broker's clock."
  }),
  key("message.timestamp.before.max.ms", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    doc: "How far a record's timestamp may lie behind the broker's clock."
  }),
  key("message.timestamp.type", {
    type: "string",
    default: "CreateTime",
    valid: oneOf("CreateTime", "LogAppendTime"),
    importance: "medium",
    doc: "Whether a record keeps its producer's timestamp or gets the time of its append."
  }),
  key("min.cleanable.dirty.ratio", {
    type: "double",
    default: 0.5,
    valid: between(0, 1),
    importance: "medium",
    doc: "How much of the log must be dirty before it is cleaned."
  }),
  key("min.compaction.lag.ms", {
    type: "long",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long a record at least stays uncompacted."
  }),
  key("min.insync.replicas", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "medium",
    doc: "How many replicas must be in sync for a produce with acks=all to be taken."
  }),
  key("preallocate", {
    type: "boolean",
    default: false,
    importance: "medium",
    doc: "Accepted and without effect here: segment files grow as they are written."
  }),
  key("remote.copy.lag.bytes", {
    type: "long",
    default: -1,
    valid: atLeast(-1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How many bytes of a tiered partition may stay uncopied; -1 means its whole local retention."
  }),
  key("remote.copy.lag.ms", {
    type: "long",
    default: 0,
    valid: atLeast(-1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How long a segment of a tiered partition may stay uncopied; -1 means its whole local retention."
  }),
  key("remote.log.copy.disable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "tiered storage",
    doc: "Whether a tiered topic stops copying segments to remote storage."
  }),
  key("remote.log.delete.on.disable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "tiered storage",
    doc: "Whether the remote data goes when tiered storage is switched off for the topic."
  }),
  key("remote.storage.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "tiered storage",
    doc: "Whether the topic's segments are also kept in remote storage."
  }),
  key("retention.bytes", {
    type: "long",
    default: -1,
    importance: "medium",
    doc: "How large a partition may grow before its oldest segments go; -1 is without limit."
  }),
  key("retention.ms", {
    type: "long",
    default: 604_800_000,
    valid: atLeast(-1),
    importance: "medium",
    doc: "How long a record is kept; -1 is for ever."
  }),
  key("segment.bytes", {
    type: "int",
    default: 1_073_741_824,
    valid: atLeast(1_048_576),
    importance: "medium",
    doc: "The size at which a segment is rolled."
  }),
  key("segment.index.bytes", {
    type: "int",
    default: 10_485_760,
    valid: atLeast(4),
    importance: "medium",
    doc: "The largest an offset index may grow; a full index rolls its segment."
  }),
  key("segment.jitter.ms", {
    type: "long",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    doc: "The most time subtracted at random from a segment's age limit."
  }),
  key("segment.ms", {
    type: "long",
    default: 604_800_000,
    valid: atLeast(1),
    importance: "medium",
    doc: "The age at which a segment is rolled though it is not full."
  }),
  key("unclean.leader.election.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    doc: "Whether a replica that is not in sync may become leader, at the price of lost records."
  })
] as const

/** The resolved values of one topic. */
export type TopicValues = ValuesOf<typeof topicKeys>
export type TopicKeyName = keyof TopicValues
export const topicTable: Index = index(topicKeys)
