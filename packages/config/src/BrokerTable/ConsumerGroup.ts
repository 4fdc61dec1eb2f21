/**
 * The broker keys of consumer groups (KIP-848): their defaults and the limits within which a group may be configured. Invariant: names, types,
 * defaults and rules are Kafka's. Neighbours: Table.ts (what a row is), BrokerTable.ts (which joins these files).
 */
import { key } from "../Table.ts"
import { INT_MAX } from "../Type.ts"
import { atLeast, nonEmptyListOf, oneOfIgnoringCase } from "../Validator.ts"

export const consumerGroupKeys = [
  key("group.consumer.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    awaits: "consumer group of the new protocol",
    doc: "The least time between two target assignments of one consumer group."
  }),
  key("group.consumer.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    update: "cluster-wide",
    awaits: "consumer group of the new protocol",
    doc: "Whether a consumer group's assignment is computed aside from its other work."
  }),
  key("group.consumer.assignors", {
    type: "list",
    default: ["uniform", "range"],
    valid: nonEmptyListOf(),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The server-side assignors of consumer groups; the first is the default."
  }),
  key("group.consumer.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "How often a member of a consumer group is told to send a heartbeat."
  }),
  key("group.consumer.max.assignment.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The largest assignment interval a consumer group may be configured with."
  }),
  key("group.consumer.max.heartbeat.interval.ms", {
    type: "int",
    default: 15_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The largest heartbeat interval a consumer group may be configured with."
  }),
  key("group.consumer.max.session.timeout.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The largest session timeout a consumer group may be configured with."
  }),
  key("group.consumer.max.size", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The most members one consumer group may have."
  }),
  key("group.consumer.migration.policy", {
    type: "string",
    default: "bidirectional",
    valid: oneOfIgnoringCase("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "Whether a classic group may become a consumer group when its members change protocol, and back."
  }),
  key("group.consumer.min.assignment.interval.ms", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The smallest assignment interval a consumer group may be configured with."
  }),
  key("group.consumer.min.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The smallest heartbeat interval a consumer group may be configured with."
  }),
  key("group.consumer.min.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The smallest session timeout a consumer group may be configured with."
  }),
  key("group.consumer.regex.refresh.interval.ms", {
    type: "int",
    default: 600_000,
    valid: atLeast(10_000),
    importance: "medium",
    internal: true,
    awaits: "consumer group of the new protocol",
    doc: "How often the topics that match a member's regular expression are found anew."
  }),
  key("group.consumer.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "How long a member of a consumer group may be silent before it is removed."
  })
] as const
