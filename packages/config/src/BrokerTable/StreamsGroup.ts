/**
 * The broker keys of streams groups (KIP-1071): their defaults and the limits within which a group may be configured. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { INT_MAX } from "../Type.ts"
import { atLeast, listOf, nonEmptyListOf } from "../Validator.ts"

export const streamsGroupKeys = [
  key("group.streams.acceptable.recovery.lag", {
    type: "long",
    default: 10_000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How far behind a streams client's state may be for it to still count as caught up."
  }),
  key("group.streams.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    awaits: "streams group",
    doc: "The least time between two target assignments of one streams group."
  }),
  key("group.streams.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    update: "cluster-wide",
    awaits: "streams group",
    doc: "Whether a streams group's assignment is computed aside from its other work."
  }),
  key("group.streams.assignors", {
    type: "list",
    default: ["sticky"],
    valid: nonEmptyListOf(),
    importance: "medium",
    awaits: "streams group",
    doc: "The server-side assignors of streams groups; the first is the default."
  }),
  key("group.streams.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How often a member of a streams group is told to send a heartbeat."
  }),
  key("group.streams.initial.rebalance.delay.ms", {
    type: "int",
    default: 3000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How long the first assignment of an empty streams group waits for more members."
  }),
  key("group.streams.max.assignment.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "The largest assignment interval a streams group may be configured with."
  }),
  key("group.streams.max.heartbeat.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The largest heartbeat interval a streams group may be configured with."
  }),
  key("group.streams.max.session.timeout.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The largest session timeout a streams group may be configured with."
  }),
  key("group.streams.max.size", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The most members one streams group may have."
  }),
  key("group.streams.max.standby.replicas", {
    type: "int",
    default: 2,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "The most standby replicas of a task a streams group may be configured with."
  }),
  key("group.streams.max.warmup.replicas", {
    type: "int",
    default: 20,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "The most warm-up replicas a streams group may be configured with."
  }),
  key("group.streams.min.assignment.interval.ms", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "The smallest assignment interval a streams group may be configured with."
  }),
  key("group.streams.min.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The smallest heartbeat interval a streams group may be configured with."
  }),
  key("group.streams.min.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The smallest session timeout a streams group may be configured with."
  }),
  key("group.streams.min.task.offset.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "The smallest task offset interval a streams group may be configured with."
  }),
  key("group.streams.num.standby.replicas", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How many standby replicas each task of a streams group has."
  }),
  key("group.streams.num.warmup.replicas", {
    type: "int",
    default: 2,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How many warm-up replicas a streams group may have at one time."
  }),
  key("group.streams.rack.aware.assignment.tags", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "low",
    awaits: "streams group",
    doc: "The client tags by which standby replicas of a task are spread."
  }),
  key("group.streams.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How long a member of a streams group may be silent before it is removed."
  }),
  key("group.streams.task.offset.interval.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How often a member of a streams group reports the offsets of its tasks."
  }),
  key("group.streams.topology.description.plugin.class", {
    type: "class",
    default: null,
    importance: "medium",
    doc: "Accepted and without effect here: names a Java plugin."
  })
] as const
