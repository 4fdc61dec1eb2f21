/**
 * The broker keys of the server as a whole: identity, compression, quotas, metrics. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast, between, gzipLevel, listOf, nonNullString, oneOf } from "../Validator.ts"

export const serverKeys = [
  key("kafka.metrics.polling.interval.secs", {
    type: "int",
    default: 10,
    valid: atLeast(1),
    importance: "low",
    doc: "Accepted and without effect here: the interval of Java metrics reporters."
  }),
  key("kafka.metrics.reporters", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "low",
    doc: "Accepted and without effect here: names Java metrics reporters."
  }),
  key("metric.reporters", {
    type: "list",
    default: ["org.apache.kafka.common.metrics.JmxReporter"],
    valid: listOf(),
    importance: "low",
    update: "cluster-wide",
    doc: "Accepted and without effect here: names Java metrics reporters."
  }),
  key("metrics.num.samples", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "low",
    doc: "Accepted and without effect here: there are no windowed metrics."
  }),
  key("metrics.recording.level", {
    type: "string",
    default: "INFO",
    importance: "low",
    doc: "Accepted and without effect here: all metrics are recorded."
  }),
  key("metrics.sample.window.ms", {
    type: "long",
    default: 30_000,
    valid: atLeast(1),
    importance: "low",
    doc: "Accepted and without effect here: there are no windowed metrics."
  }),
  key("telemetry.max.bytes", {
    type: "int",
    default: 1_048_576,
    valid: atLeast(1),
    importance: "low",
    awaits: "client metrics",
    doc: "The largest telemetry push a client may send, after decompression."
  }),
  key("alter.log.dirs.replication.quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "low",
    doc: "How many samples the quota for moves between log directories keeps."
  }),
  key("alter.log.dirs.replication.quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "low",
    doc: "How long one sample of the quota for moves between log directories lasts."
  }),
  key("client.quota.callback.class", {
    type: "class",
    default: null,
    importance: "low",
    doc: "Accepted and without effect here: names a Java plugin that computes quotas."
  }),
  key("controller.quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "low",
    awaits: "client quota",
    doc: "How many samples the quota for controller mutations keeps."
  }),
  key("controller.quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "low",
    awaits: "client quota",
    doc: "How long one sample of the quota for controller mutations lasts."
  }),
  key("quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "low",
    doc: "How many samples the rate of new connections keeps."
  }),
  key("quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "low",
    doc: "How long one sample of the rate of new connections lasts."
  }),
  key("replication.quota.window.num", {
    type: "int",
    default: 11,
    valid: atLeast(1),
    importance: "low",
    doc: "How many samples a replication quota keeps."
  }),
  key("replication.quota.window.size.seconds", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "low",
    doc: "How long one sample of a replication quota lasts."
  }),
  key("authorizer.class.name", {
    type: "string",
    default: "",
    valid: nonNullString,
    importance: "low",
    doc: "The Java class name of the authorizer; empty means there is none."
  }),
  key("background.threads", {
    type: "int",
    default: 10,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    doc: "Accepted and without effect here: background work shares the broker's one event loop."
  }),
  key("broker.id", {
    type: "int",
    default: -1,
    importance: "high",
    doc: "Kafka's older name of node.id; if both are set they must agree."
  }),
  key("broker.rack", {
    type: "string",
    default: null,
    importance: "medium",
    doc: "The rack of this broker, for placing replicas and fetching from the nearest."
  }),
  key("compression.gzip.level", {
    type: "int",
    default: -1,
    valid: gzipLevel,
    importance: "medium",
    update: "cluster-wide",
    topic: "compression.gzip.level",
    doc: "The gzip level for topics that compress with gzip; -1 is the library's own."
  }),
  key("compression.lz4.level", {
    type: "int",
    default: 9,
    valid: between(1, 17),
    importance: "medium",
    update: "cluster-wide",
    topic: "compression.lz4.level",
    doc: "Accepted and without effect here: lz4 is written in one way, the fast one."
  }),
  key("compression.type", {
    type: "string",
    default: "producer",
    valid: oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    importance: "high",
    update: "cluster-wide",
    topic: "compression.type",
    doc: "How topics are compressed; producer keeps what the producer chose."
  }),
  key("compression.zstd.level", {
    type: "int",
    default: 3,
    valid: between(-131_072, 22),
    importance: "medium",
    update: "cluster-wide",
    topic: "compression.zstd.level",
    doc: "The zstd level for topics that compress with zstd."
  }),
  key("config.providers", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "low",
    update: "cluster-wide",
    doc: "Accepted and without effect here: names Java plugins that look up values."
  }),
  key("controlled.shutdown.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    doc: "Accepted and without effect here: leadership always moves to other brokers before this one stops in good order."
  }),
  key("delete.topic.enable", {
    type: "boolean",
    default: true,
    importance: "high",
    doc: "Whether topics can be deleted."
  }),
  key("early.start.listeners", {
    type: "list",
    default: null,
    valid: listOf(),
    importance: "high",
    doc: "Accepted and without effect here: listeners open together, those of controllers first; clients are answered once the broker is in use."
  }),
  key("fetch.max.bytes", {
    type: "int",
    default: 57_671_680,
    valid: atLeast(1024),
    importance: "medium",
    doc: "The most bytes one fetch returns, and never more than 16 MiB here; a larger first batch still comes whole."
  }),
  key("max.incremental.fetch.session.cache.slots", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How many incremental fetch sessions are kept."
  }),
  key("max.request.partition.size.limit", {
    type: "int",
    default: 2000,
    valid: atLeast(1),
    importance: "medium",
    doc: "The most partitions one request to describe topics returns."
  }),
  key("message.max.bytes", {
    type: "int",
    default: 1_048_588,
    valid: atLeast(0),
    importance: "high",
    update: "cluster-wide",
    topic: "max.message.bytes",
    doc: "The largest record batch, as compressed, that is taken."
  }),
  key("num.io.threads", {
    type: "int",
    default: 8,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    doc: "Accepted and without effect here: requests run on the broker's one event loop."
  }),
  key("num.replica.alter.log.dirs.threads", {
    type: "int",
    default: null,
    importance: "high",
    doc: "How many replicas move between log directories at a time; unset means one for each directory."
  }),
  key("request.timeout.ms", {
    type: "int",
    default: 30_000,
    importance: "high",
    doc: "Accepted and without effect here: a request to another node waits as long as what it is for allows."
  }),
  key("socket.connection.setup.timeout.max.ms", {
    type: "long",
    default: 30_000,
    importance: "medium",
    doc: "Accepted and without effect here: every attempt to connect has socket.connection.setup.timeout.ms."
  }),
  key("socket.connection.setup.timeout.ms", {
    type: "long",
    default: 10_000,
    importance: "medium",
    doc: "How long the first attempt to connect to another node may take."
  }),
  key("unstable.api.versions.enable", {
    type: "boolean",
    default: false,
    importance: "high",
    internal: true,
    doc: "Accepted and without effect here: only stable versions are served."
  }),
  key("unstable.feature.versions.enable", {
    type: "boolean",
    default: false,
    importance: "high",
    internal: true,
    doc: "Accepted and without effect here: only stable levels are known."
  })
] as const
