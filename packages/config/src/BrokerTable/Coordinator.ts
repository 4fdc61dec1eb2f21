/**
 * The broker keys of the group coordinator itself: classic groups, committed offsets, dead letters. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { INT_MAX } from "../Type.ts"
import { atLeast, nonEmptyListOf } from "../Validator.ts"

export const coordinatorKeys = [
  key("errors.deadletterqueue.auto.create.topics.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    update: "cluster-wide",
    awaits: "share group",
    doc: "Whether the dead-letter topic of a share group is created when it is first needed."
  }),
  key("errors.deadletterqueue.topic.name.prefix", {
    type: "string",
    default: "dlq.",
    importance: "medium",
    update: "cluster-wide",
    awaits: "share group",
    doc: "What the name of a dead-letter topic must start with."
  }),
  key("group.coordinator.append.linger.ms", {
    type: "int",
    default: -1,
    valid: atLeast(-1),
    importance: "medium",
    doc: "Accepted and without effect here: what gathers while one append is under way goes out with the next."
  }),
  key("group.coordinator.background.threads", {
    type: "int",
    default: 2,
    valid: atLeast(1),
    importance: "high",
    doc: "Accepted and without effect here: background work shares the broker's one event loop."
  }),
  key("group.coordinator.cached.buffer.max.bytes", {
    type: "int",
    default: 1_048_588,
    valid: atLeast(524_288),
    importance: "medium",
    update: "cluster-wide",
    doc: "Accepted and without effect here: a shard keeps no buffer between its appends."
  }),
  key("group.coordinator.rebalance.protocols", {
    type: "list",
    default: ["classic", "consumer", "streams"],
    valid: nonEmptyListOf("consumer", "classic", "share", "streams"),
    importance: "medium",
    doc: "Accepted and without effect here: of the protocols only classic is served."
  }),
  key("group.coordinator.threads", {
    type: "int",
    default: 4,
    valid: atLeast(1),
    importance: "high",
    doc: "Accepted and without effect here: all shards share the broker's one event loop."
  }),
  key("group.initial.rebalance.delay.ms", {
    type: "int",
    default: 3000,
    importance: "medium",
    doc: "How long the first rebalance of an empty classic group waits for more members."
  }),
  key("group.max.session.timeout.ms", {
    type: "int",
    default: 1_800_000,
    importance: "medium",
    doc: "The largest session timeout a member of a classic group may ask for."
  }),
  key("group.max.size", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(1),
    importance: "medium",
    doc: "The most members one classic group may have."
  }),
  key("group.min.session.timeout.ms", {
    type: "int",
    default: 6000,
    importance: "medium",
    doc: "The smallest session timeout a member of a classic group may ask for."
  }),
  key("offset.metadata.max.bytes", {
    type: "int",
    default: 4096,
    importance: "high",
    doc: "The longest metadata text a client may store with a committed offset."
  }),
  key("offsets.commit.timeout.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "high",
    doc: "How long an offset commit waits for the replicas of the offsets topic."
  }),
  key("offsets.load.buffer.size", {
    type: "int",
    default: 5_242_880,
    valid: atLeast(1),
    importance: "high",
    doc: "Accepted and without effect here: a shard is loaded in pieces of a fixed size."
  }),
  key("offsets.retention.check.interval.ms", {
    type: "long",
    default: 600_000,
    valid: atLeast(1),
    importance: "high",
    doc: "How often expired committed offsets are looked for and removed."
  }),
  key("offsets.retention.minutes", {
    type: "int",
    default: 10_080,
    valid: atLeast(1),
    importance: "high",
    doc: "How long committed offsets are kept once their group is empty."
  }),
  key("offsets.topic.compression.codec", {
    type: "int",
    default: 0,
    importance: "high",
    doc: "Accepted and without effect here: what the group coordinator writes is not compressed."
  }),
  key("offsets.topic.num.partitions", {
    type: "int",
    default: 50,
    valid: atLeast(1),
    importance: "high",
    doc: "How many partitions the offsets topic is created with."
  }),
  key("offsets.topic.replication.factor", {
    type: "short",
    default: 3,
    valid: atLeast(1),
    importance: "high",
    doc: "How many replicas the offsets topic is created with."
  }),
  key("offsets.topic.segment.bytes", {
    type: "int",
    default: 104_857_600,
    valid: atLeast(1),
    importance: "high",
    doc: "The segment size of the offsets topic; small segments compact and load sooner."
  })
] as const
