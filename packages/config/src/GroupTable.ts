/**
 * Every group key. Invariant: names, types, defaults and rules are Kafka's; a group without a value of its own takes the
 * broker key of the same name with `group.` before it. Neighbours: Table.ts (what a row is), GroupConfig.ts (effective values).
 */
import type { Index, ValuesOf } from "./Table.ts"
import { index, key } from "./Table.ts"
import { atLeast, listOf, offsetReset, oneOf } from "./Validator.ts"

export const groupKeys = [
  key("consumer.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "The least time between two target assignments of the consumer group."
  }),
  key("consumer.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "Whether the consumer group's assignment is computed aside from its other work."
  }),
  key("consumer.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "How often a member of the consumer group is told to send a heartbeat."
  }),
  key("consumer.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "consumer group of the new protocol",
    doc: "How long a member of the consumer group may be silent before it is removed."
  }),
  key("errors.deadletterqueue.copy.record.enable", {
    type: "boolean",
    default: false,
    importance: "medium",
    awaits: "share group",
    doc: "Whether a dead letter carries the whole record or only where it was."
  }),
  key("errors.deadletterqueue.topic.name", {
    type: "string",
    default: "",
    importance: "medium",
    awaits: "share group",
    doc: "The topic for the share group's dead letters; empty drops them."
  }),
  key("share.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "share group",
    doc: "The least time between two target assignments of the share group."
  }),
  key("share.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    awaits: "share group",
    doc: "Whether the share group's assignment is computed aside from its other work."
  }),
  key("share.auto.offset.reset", {
    type: "string",
    default: "latest",
    valid: offsetReset,
    importance: "medium",
    awaits: "share group",
    doc: "Where the share group starts a partition it has not read before."
  }),
  key("share.delivery.count.limit", {
    type: "int",
    default: 5,
    valid: atLeast(2),
    importance: "medium",
    awaits: "share group",
    doc: "How often a record is delivered to the share group before it is given up."
  }),
  key("share.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "How often a member of the share group is told to send a heartbeat."
  }),
  key("share.isolation.level", {
    type: "string",
    default: "read_uncommitted",
    valid: oneOf("read_committed", "read_uncommitted"),
    importance: "medium",
    awaits: "share group",
    doc: "Whether the share group sees records of transactions that are open or aborted."
  }),
  key("share.partition.max.record.locks", {
    type: "int",
    default: 2000,
    valid: atLeast(100),
    importance: "medium",
    awaits: "share group",
    doc: "How many records of one share partition may be locked at a time."
  }),
  key("share.record.lock.duration.ms", {
    type: "int",
    default: 30_000,
    valid: atLeast(1000),
    importance: "medium",
    awaits: "share group",
    doc: "How long a record acquired by a share consumer stays locked."
  }),
  key("share.renew.acknowledge.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    awaits: "share group",
    doc: "Whether a share consumer may renew the lock of a record."
  }),
  key("share.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "share group",
    doc: "How long a member of the share group may be silent before it is removed."
  }),
  key("streams.acceptable.recovery.lag", {
    type: "long",
    default: 10_000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How far behind a streams client's state may be for it to still count as caught up."
  }),
  key("streams.assignment.interval.ms", {
    type: "int",
    default: 1000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "The least time between two target assignments of the streams group."
  }),
  key("streams.assignor.name", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "streams group",
    doc: "The assignor of the streams group; unset means the broker's first."
  }),
  key("streams.assignor.offload.enable", {
    type: "boolean",
    default: true,
    importance: "medium",
    awaits: "streams group",
    doc: "Whether the streams group's assignment is computed aside from its other work."
  }),
  key("streams.heartbeat.interval.ms", {
    type: "int",
    default: 5000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How often a member of the streams group is told to send a heartbeat."
  }),
  key("streams.initial.rebalance.delay.ms", {
    type: "int",
    default: 3000,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How long the first assignment of the empty streams group waits for more members."
  }),
  key("streams.num.standby.replicas", {
    type: "int",
    default: 0,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How many standby replicas each task of the streams group has."
  }),
  key("streams.num.warmup.replicas", {
    type: "int",
    default: 2,
    valid: atLeast(0),
    importance: "medium",
    awaits: "streams group",
    doc: "How many warm-up replicas the streams group may have at one time."
  }),
  key("streams.rack.aware.assignment.tags", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "low",
    awaits: "streams group",
    doc: "The client tags by which standby replicas of a task are spread."
  }),
  key("streams.session.timeout.ms", {
    type: "int",
    default: 45_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How long a member of the streams group may be silent before it is removed."
  }),
  key("streams.task.offset.interval.ms", {
    type: "int",
    default: 60_000,
    valid: atLeast(1),
    importance: "medium",
    awaits: "streams group",
    doc: "How often a member of the streams group reports the offsets of its tasks."
  })
] as const

/** The resolved values of one group. */
export type GroupValues = ValuesOf<typeof groupKeys>
export type GroupKeyName = keyof GroupValues
export const groupTable: Index = index(groupKeys)
