/**
 * The broker keys of tiered storage (KIP-405). Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { LONG_MAX } from "../Type.ts"
import { atLeast, between, nonEmptyString } from "../Validator.ts"

export const remoteStorageKeys = [
  key("log.local.retention.bytes", {
    type: "long",
    default: -2,
    valid: atLeast(-2),
    importance: "medium",
    update: "cluster-wide",
    topic: "local.retention.bytes",
    awaits: "tiered storage",
    doc: "How large the local part of a tiered partition may grow; -2 means log.retention.bytes."
  }),
  key("log.local.retention.ms", {
    type: "long",
    default: -2,
    valid: atLeast(-2),
    importance: "medium",
    update: "cluster-wide",
    topic: "local.retention.ms",
    awaits: "tiered storage",
    doc: "How long segments of a tiered partition stay on the local disk; -2 means log.retention.ms."
  }),
  key("log.remote.copy.lag.bytes", {
    type: "long",
    default: -1,
    valid: atLeast(-1),
    importance: "medium",
    update: "cluster-wide",
    topic: "remote.copy.lag.bytes",
    awaits: "tiered storage",
    doc: "How many bytes of a tiered partition may stay uncopied; -1 means its whole local retention."
  }),
  key("log.remote.copy.lag.ms", {
    type: "long",
    default: 0,
    valid: atLeast(-1),
    importance: "medium",
    update: "cluster-wide",
    topic: "remote.copy.lag.ms",
    awaits: "tiered storage",
    doc: "How long a segment of a tiered partition may stay uncopied; -1 means its whole local retention."
  }),
  key("remote.fetch.max.wait.ms", {
    type: "int",
    default: 500,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How long a fetch waits for remote storage."
  }),
  key("remote.list.offsets.request.timeout.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How long a list-offsets request waits for remote storage."
  }),
  key("remote.log.index.file.cache.total.size.bytes", {
    type: "long",
    default: 1_073_741_824,
    valid: atLeast(1),
    importance: "low",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How much disk the cache of remote indexes may take."
  }),
  key("remote.log.index.file.cache.ttl.ms", {
    type: "long",
    default: 900_000,
    valid: atLeast(-1),
    importance: "low",
    internal: true,
    awaits: "tiered storage",
    doc: "How long an unused remote index stays in the cache; -1 is for ever."
  }),
  key("remote.log.manager.copier.thread.pool.size", {
    type: "int",
    default: 10,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How many segments are copied to remote storage at a time."
  }),
  key("remote.log.manager.copy.max.bytes.per.second", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "The most bytes copied to remote storage in a second."
  }),
  key("remote.log.manager.copy.quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How many samples the quota for copies to remote storage keeps."
  }),
  key("remote.log.manager.copy.quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How long one sample of the quota for copies to remote storage lasts."
  }),
  key("remote.log.manager.expiration.thread.pool.size", {
    type: "int",
    default: 10,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How many partitions have their remote segments expired at a time."
  }),
  key("remote.log.manager.fetch.max.bytes.per.second", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "The most bytes fetched from remote storage in a second."
  }),
  key("remote.log.manager.fetch.quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How many samples the quota for fetches from remote storage keeps."
  }),
  key("remote.log.manager.fetch.quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How long one sample of the quota for fetches from remote storage lasts."
  }),
  key("remote.log.manager.follower.thread.pool.size", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How many followers have their remote state refreshed at a time."
  }),
  key("remote.log.manager.task.interval.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(1),
    importance: "low",
    awaits: "tiered storage",
    doc: "How often segments are looked for that should be copied or expired."
  }),
  key("remote.log.manager.task.retry.backoff.max.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    awaits: "tiered storage",
    doc: "The longest pause before a failed remote storage task runs again."
  }),
  key("remote.log.manager.task.retry.backoff.ms", {
    type: "long",
    default: 500,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    awaits: "tiered storage",
    doc: "The first pause before a failed remote storage task runs again."
  }),
  key("remote.log.manager.task.retry.jitter", {
    type: "double",
    default: 0.2,
    valid: between(0, 0.5),
    importance: "low",
    internal: true,
    awaits: "tiered storage",
    doc: "The share of a retry pause that is random."
  }),
  key("remote.log.manager.thread.pool.size", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How many remote storage tasks run at a time."
  }),
  key("remote.log.metadata.custom.metadata.max.bytes", {
    type: "int",
    default: 128,
    valid: atLeast(0),
    importance: "low",
    awaits: "tiered storage",
    doc: "The largest custom metadata a remote storage may attach to a segment."
  }),
  key("remote.log.metadata.manager.class.name", {
    type: "string",
    default: "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    valid: nonEmptyString,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java plugin that keeps remote log metadata."
  }),
  key("remote.log.metadata.manager.class.path", {
    type: "string",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: the Java class path of that plugin."
  }),
  key("remote.log.metadata.manager.impl.prefix", {
    type: "string",
    default: "rlmm.config.",
    valid: nonEmptyString,
    importance: "medium",
    doc: "Accepted and without effect here: the prefix of that plugin's own keys."
  }),
  key("remote.log.metadata.manager.listener.name", {
    type: "string",
    default: null,
    valid: nonEmptyString,
    importance: "medium",
    awaits: "tiered storage",
    doc: "The listener over which remote log metadata is read and written."
  }),
  key("remote.log.reader.max.pending.tasks", {
    type: "int",
    default: 100,
    valid: atLeast(1),
    importance: "medium",
    awaits: "tiered storage",
    doc: "How many reads from remote storage may wait."
  }),
  key("remote.log.reader.threads", {
    type: "int",
    default: 10,
    valid: atLeast(1),
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "How many reads from remote storage run at a time."
  }),
  key("remote.log.storage.manager.class.name", {
    type: "string",
    default: null,
    valid: nonEmptyString,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java plugin that keeps remote segments."
  }),
  key("remote.log.storage.manager.class.path", {
    type: "string",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: the Java class path of that plugin."
  }),
  key("remote.log.storage.manager.impl.prefix", {
    type: "string",
    default: "rsm.config.",
    valid: nonEmptyString,
    importance: "medium",
    doc: "Accepted and without effect here: the prefix of that plugin's own keys."
  }),
  key("remote.log.storage.system.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "tiered storage",
    doc: "Whether tiered storage may be used on this cluster."
  })
] as const
