/**
 * The broker keys of replication and leader election. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast, oneOf } from "../Validator.ts"

export const replicationKeys = [
  key("auto.leader.rebalance.enable", {
    type: "boolean",
    default: true,
    importance: "high",
    doc: "Whether leadership goes back to the preferred replicas by itself."
  }),
  key("controller.socket.timeout.ms", {
    type: "int",
    default: 30_000,
    importance: "medium",
    doc: "Accepted and without effect here: questions to the controller have their own limits."
  }),
  key("default.replication.factor", {
    type: "int",
    default: 1,
    importance: "medium",
    doc: "How many replicas a topic gets when its creator does not say."
  }),
  key("delete.records.purgatory.purge.interval.requests", {
    type: "int",
    default: 1,
    importance: "medium",
    doc: "Accepted and without effect here: waiting requests leave their queue at once."
  }),
  key("fetch.purgatory.purge.interval.requests", {
    type: "int",
    default: 1000,
    importance: "medium",
    doc: "Accepted and without effect here: waiting requests leave their queue at once."
  }),
  key("follower.fetch.last.tiered.offset.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    update: "cluster-wide",
    awaits: "tiered storage",
    doc: "Whether a new follower of a tiered partition starts at the last tiered offset."
  }),
  key("inter.broker.listener.name", {
    type: "string",
    default: null,
    importance: "medium",
    doc: "The listener brokers use among themselves; unset means the one named by security.inter.broker.protocol."
  }),
  key("leader.imbalance.check.interval.seconds", {
    type: "long",
    default: 300,
    valid: atLeast(1),
    importance: "high",
    doc: "How often the controller looks for leaders that are not the preferred replica."
  }),
  key("num.replica.fetchers", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "high",
    update: "cluster-wide",
    doc: "How many fetch loops, each with a connection of its own, a follower runs for each source broker; partitions are spread over them by name."
  }),
  key("producer.purgatory.purge.interval.requests", {
    type: "int",
    default: 1000,
    importance: "medium",
    doc: "Accepted and without effect here: waiting requests leave their queue at once."
  }),
  key("replica.fetch.backoff.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    doc: "How long a follower rests after a failed fetch."
  }),
  key("replica.fetch.max.bytes", {
    type: "int",
    default: 1_048_576,
    valid: atLeast(0),
    importance: "medium",
    doc: "How many bytes of one partition a follower fetches at a time; a larger first batch still comes whole."
  }),
  key("replica.fetch.min.bytes", {
    type: "int",
    default: 1,
    importance: "high",
    doc: "How many bytes must be ready before a follower's fetch is answered."
  }),
  key("replica.fetch.response.max.bytes", {
    type: "int",
    default: 10_485_760,
    valid: atLeast(0),
    importance: "medium",
    doc: "How many bytes one answer to a follower holds; a larger first batch still comes whole."
  }),
  key("replica.fetch.wait.max.ms", {
    type: "int",
    default: 500,
    importance: "high",
    doc: "How long a follower's fetch may wait for data; keep it below replica.lag.time.max.ms."
  }),
  key("replica.high.watermark.checkpoint.interval.ms", {
    type: "long",
    default: 5000,
    importance: "high",
    doc: "How often the high watermarks are written to their file."
  }),
  key("replica.lag.time.max.ms", {
    type: "long",
    default: 30_000,
    importance: "high",
    doc: "How long a follower may stay behind before it leaves the in-sync replicas."
  }),
  key("replica.selector.class", {
    type: "string",
    default: null,
    importance: "medium",
    doc: "Which replica a consumer reads from: org.apache.kafka.common.replica.RackAwareReplicaSelector names the one in the consumer's rack, and followers then hear of each move of the high watermark at once; any other is a Java plugin and without effect here."
  }),
  key("replica.socket.receive.buffer.bytes", {
    type: "int",
    default: 65_536,
    importance: "high",
    doc: "Accepted and without effect here: the system sizes the buffer."
  }),
  key("replica.socket.timeout.ms", {
    type: "int",
    default: 30_000,
    importance: "high",
    doc: "How long a follower's request waits for its answer."
  }),
  key("security.inter.broker.protocol", {
    type: "string",
    default: "PLAINTEXT",
    valid: oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    importance: "medium",
    doc: "The security protocol brokers use among themselves; set this or inter.broker.listener.name."
  }),
  key("unclean.leader.election.enable", {
    type: "boolean",
    default: false,
    importance: "high",
    update: "cluster-wide",
    topic: "unclean.leader.election.enable",
    doc: "Whether a replica that is not in sync may become leader, at the price of lost records."
  }),
  key("unclean.leader.election.interval.ms", {
    type: "long",
    default: 300_000,
    valid: atLeast(1),
    importance: "medium",
    internal: true,
    doc: "How often the controller looks for partitions that need an unclean election."
  })
] as const
