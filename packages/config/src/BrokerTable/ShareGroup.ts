/**
 * The broker keys of share groups (KIP-932): their defaults, the limits of a group, and the share coordinator. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { atLeast, between, nonEmptyListOf } from "../Validator.ts"

export const shareGroupKeys = [
  key("group.share.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    awaits: "share group",
    doc: "The least time between two target assignments of one share group."
  }),
  key("group.share.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    update: "cluster-wide",
    awaits: "share group",
    doc: "Whether a share group's assignment is computed aside from its other work."
  }),
  key("group.share.assignors", {
    type: "list",
    default: ["simple"],
    valid: nonEmptyListOf(),
    importance: "medium",
    awaits: "share group",
    doc: "The server-side assignors of share groups; exactly one is used."
  }),
  key("group.share.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "How often a member of a share group is told to send a heartbeat."
  }),
  key("group.share.initialize.retry.interval.ms", {
    type: "int",
    default: 30_000,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    awaits: "share group",
    doc: "How long to wait before trying again to initialise the state of share partitions."
  }),
  key("group.share.max.assignment.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "share group",
    doc: "The largest assignment interval a share group may be configured with."
  }),
  key("group.share.max.heartbeat.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "The largest heartbeat interval a share group may be configured with."
  }),
  key("group.share.max.session.timeout.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "The largest session timeout a share group may be configured with."
  }),
  key("group.share.max.size", {
    type: "int",
    default: 200,
    valid: between(1, 1000),
    importance: "medium",
    awaits: "share group",
    doc: "The most members one share group may have."
  }),
  key("group.share.min.assignment.interval.ms", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    awaits: "share group",
    doc: "The smallest assignment interval a share group may be configured with."
  }),
  key("group.share.min.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "The smallest heartbeat interval a share group may be configured with."
  }),
  key("group.share.min.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "The smallest session timeout a share group may be configured with."
  }),
  key("group.share.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "How long a member of a share group may be silent before it is removed."
  }),
  key("share.coordinator.append.linger.ms", {
    type: "int",
    default: -1,
    valid: atLeast(-1),
    importance: "medium",
    awaits: "share group",
    doc: "How long the share coordinator gathers records into one append; -1 adapts to the load."
  }),
  key("share.coordinator.cached.buffer.max.bytes", {
    type: "int",
    default: 1_048_588,
    valid: atLeast(524_288),
    importance: "medium",
    update: "cluster-wide",
    awaits: "share group",
    doc: "The largest write buffer a share coordinator shard keeps for its next append."
  }),
  key("share.coordinator.cold.partition.snapshot.interval.ms", {
    type: "int",
    default: 300_000,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    awaits: "share group",
    doc: "How long a share partition may be idle before its state is snapshotted."
  }),
  key("share.coordinator.load.buffer.size", {
    type: "int",
    default: 5_242_880,
    valid: atLeast(1),
    importance: "high",
    awaits: "share group",
    doc: "How many bytes are read at a time when a shard of the share state topic is loaded."
  }),
  key("share.coordinator.snapshot.update.records.per.snapshot", {
    type: "int",
    default: 500,
    valid: between(0, 500),
    importance: "medium",
    awaits: "share group",
    doc: "How many update records follow a snapshot of share state before the next."
  }),
  key("share.coordinator.state.topic.compression.codec", {
    type: "int",
    default: 0,
    importance: "high",
    awaits: "share group",
    doc: "The codec id with which the share state topic is compressed; 0 is none."
  }),
  key("share.coordinator.state.topic.min.isr", {
    type: "short",
    default: 2,
    valid: atLeast(1),
    importance: "high",
    doc: "How many replicas of the share state topic must be in sync."
  }),
  key("share.coordinator.state.topic.num.partitions", {
    type: "int",
    default: 50,
    valid: atLeast(1),
    importance: "high",
    awaits: "share group",
    doc: "How many partitions the share state topic is created with."
  }),
  key("share.coordinator.state.topic.prune.interval.ms", {
    type: "int",
    default: 300_000,
    valid: atLeast(1),
    importance: "low",
    internal: true,
    awaits: "share group",
    doc: "How often redundant records of the share state topic are deleted."
  }),
  key("share.coordinator.state.topic.replication.factor", {
    type: "short",
    default: 3,
    valid: atLeast(1),
    importance: "high",
    doc: "How many replicas the share state topic is created with."
  }),
  key("share.coordinator.state.topic.segment.bytes", {
    type: "int",
    default: 104_857_600,
    valid: atLeast(1),
    importance: "high",
    awaits: "share group",
    doc: "The segment size of the share state topic."
  }),
  key("share.coordinator.threads", {
    type: "int",
    default: 1,
    valid: atLeast(1),
    importance: "medium",
    doc: "Accepted and without effect here: all shards share the broker's one event loop."
  }),
  key("share.coordinator.write.timeout.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "high",
    awaits: "share group",
    doc: "How long a write of share state waits for the replicas of its topic."
  }),
  key("group.share.delivery.count.limit", {
    type: "int",
    default: 5,
    valid: between(2, 10),
    importance: "medium",
    awaits: "share group",
    doc: "How often a record is delivered to a share group before it is given up."
  }),
  key("group.share.dlq.manager.class.name", {
    type: "string",
    default: "org.apache.kafka.server.share.dlq.DefaultShareGroupDLQManager",
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: names the Java class behind dead-letter topics."
  }),
  key("group.share.max.delivery.count.limit", {
    type: "int",
    default: 10,
    valid: between(5, 25),
    importance: "medium",
    awaits: "share group",
    doc: "The largest delivery count limit a share group may be configured with."
  }),
  key("group.share.max.partition.max.record.locks", {
    type: "int",
    default: 4000,
    valid: between(2000, 10_000),
    importance: "medium",
    awaits: "share group",
    doc: "The largest limit of record locks a share group may be configured with."
  }),
  key("group.share.max.record.lock.duration.ms", {
    type: "int",
    default: 60_000,
    valid: between(30_000, 3_600_000),
    importance: "medium",
    awaits: "share group",
    doc: "The longest record lock a share group may be configured with."
  }),
  key("group.share.max.share.sessions", {
    type: "int",
    default: 2000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "How many share sessions a broker keeps."
  }),
  key("group.share.min.delivery.count.limit", {
    type: "int",
    default: 2,
    valid: between(2, 5),
    importance: "medium",
    awaits: "share group",
    doc: "The smallest delivery count limit a share group may be configured with."
  }),
  key("group.share.min.partition.max.record.locks", {
    type: "int",
    default: 100,
    valid: between(100, 2000),
    importance: "medium",
    awaits: "share group",
    doc: "The smallest limit of record locks a share group may be configured with."
  }),
  key("group.share.min.record.lock.duration.ms", {
    type: "int",
    default: 15_000,
    valid: between(1000, 30_000),
    importance: "medium",
    awaits: "share group",
    doc: "The shortest record lock a share group may be configured with."
  }),
  key("group.share.partition.max.record.locks", {
    type: "int",
    default: 2000,
    valid: between(100, 10_000),
    importance: "medium",
    awaits: "share group",
    doc: "How many records of one share partition may be locked at a time."
  }),
  key("group.share.persister.class.name", {
    type: "string",
    default: "org.apache.kafka.server.share.persister.DefaultStatePersister",
    importance: "medium",
    internal: true,
    doc: "Accepted and without effect here: names the Java class that keeps share state."
  }),
  key("group.share.record.lock.duration.ms", {
    type: "int",
    default: 30_000,
    valid: between(1000, 3_600_000),
    importance: "medium",
    awaits: "share group",
    doc: "How long a record acquired by a share consumer stays locked."
  }),
  key("share.fetch.purgatory.purge.interval.requests", {
    type: "int",
    default: 1000,
    importance: "medium",
    doc: "Accepted and without effect here: waiting requests leave their queue at once."
  })
] as const
