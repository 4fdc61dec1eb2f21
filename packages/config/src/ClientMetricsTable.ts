/**
 * The keys of a client metrics subscription (KIP-714). Invariant: names, types and defaults are Kafka's. Neighbours:
 * Table.ts (what a row is), Alter.ts (their further rules).
 */
import type { Index } from "./Table.ts"
import { index, key } from "./Table.ts"
import { listOf } from "./Validator.ts"

export const clientMetricsKeys = [
  key("interval.ms", {
    type: "int",
    default: 300_000,
    importance: "medium",
    awaits: "client metrics",
    doc: "How often a matching client pushes its metrics."
  }),
  key("match", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "medium",
    awaits: "client metrics",
    doc: "Which clients the subscription is for, as selector=pattern; empty is all."
  }),
  key("metrics", {
    type: "list",
    default: [],
    valid: listOf(),
    importance: "medium",
    awaits: "client metrics",
    doc: "The prefixes of the metrics wanted; empty is none, * is all."
  })
] as const

export const clientMetricsTable: Index = index(clientMetricsKeys)
