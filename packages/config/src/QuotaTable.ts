/**
 * The keys that are set for clients, users, addresses and brokers through quotas, and are no server properties.
 * Invariant: names, types, defaults and rules are Kafka's. Neighbours: Table.ts (what a row is).
 */
import type { Index } from "./Table.ts"
import { index, key } from "./Table.ts"
import { INT_MAX, LONG_MAX } from "./Type.ts"
import { atLeast } from "./Validator.ts"

/** Of a user, a client id, or both. */
export const clientQuotaKeys = [
  key("consumer_byte_rate", {
    type: "long",
    default: LONG_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most bytes a second the client may fetch from one broker."
  }),
  key("controller_mutation_rate", {
    type: "double",
    default: INT_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most partitions a second the client may create or delete."
  }),
  key("producer_byte_rate", {
    type: "long",
    default: LONG_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most bytes a second the client may produce to one broker."
  }),
  key("request_percentage", {
    type: "double",
    default: INT_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most of the broker's request time the client may take, in percent."
  })
] as const

/** Of an address. */
export const ipQuotaKeys = [
  key("connection_creation_rate", {
    type: "int",
    default: INT_MAX,
    valid: atLeast(0),
    importance: "medium",
    awaits: "client quota",
    doc: "The most connections a second accepted from the address."
  })
] as const

/** Of a user, with the SCRAM credentials. */
export const userKeys = [
  key("SCRAM-SHA-256", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The user's SCRAM-SHA-256 credential."
  }),
  key("SCRAM-SHA-512", {
    type: "string",
    default: null,
    importance: "medium",
    awaits: "SASL",
    doc: "The user's SCRAM-SHA-512 credential."
  }),
  key("consumer_byte_rate", {
    type: "long",
    default: LONG_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most bytes a second the user may fetch from one broker."
  }),
  key("controller_mutation_rate", {
    type: "double",
    default: INT_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most partitions a second the user may create or delete."
  }),
  key("producer_byte_rate", {
    type: "long",
    default: LONG_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most bytes a second the user may produce to one broker."
  }),
  key("request_percentage", {
    type: "double",
    default: INT_MAX,
    importance: "medium",
    awaits: "client quota",
    doc: "The most of the broker's request time the user may take, in percent."
  })
] as const

/** Of a broker; set like dynamic broker configurations. */
export const brokerQuotaKeys = [
  key("follower.replication.throttled.rate", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most bytes a second this broker fetches for throttled replicas."
  }),
  key("leader.replication.throttled.rate", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most bytes a second this broker sends for throttled replicas."
  }),
  key("replica.alter.log.dirs.io.max.bytes.per.second", {
    type: "long",
    default: LONG_MAX,
    valid: atLeast(0),
    importance: "medium",
    update: "cluster-wide",
    doc: "The most bytes a second moved between the broker's log directories."
  })
] as const

export const brokerQuotaTable: Index = index(brokerQuotaKeys)
