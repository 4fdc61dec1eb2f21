/**
 * The configuration of one topic: its own values over the broker's defaults for topics. Invariant: every topic key has a
 * value; a topic's value that its key's rule refuses is left out, as one written by a newer version may be. Neighbours:
 * TopicTable.ts (the keys), Derived.ts (defaults said in several keys), Describe.ts and Alter.ts.
 */
import * as Result from "effect/Result"
import type { BrokerSnapshot, Overrides } from "./BrokerConfig.ts"
import { brokerKeys } from "./BrokerTable.ts"
import * as Derived from "./Derived.ts"
import type { Index, Key } from "./Table.ts"
import { defaultOf, parse } from "./Table.ts"
import type { TopicValues } from "./TopicTable.ts"
import { topicTable } from "./TopicTable.ts"
import type { Parsed, Value } from "./Type.ts"
import { printValue } from "./Type.ts"

export interface TopicConfig {
  /** Every key of the topic table by its name. */
  readonly values: TopicValues
  /** Value and printed text of every key. */
  readonly parsed: ReadonlyMap<string, Parsed>
}

/** The broker key that is the default of a topic key. */
export const brokerKeyOfTopic: ReadonlyMap<string, Key> = new Map(
  brokerKeys.flatMap((row) => (row.topic === null ? [] : [[row.topic, row] as const]))
)

const long = (value: number): Parsed => ({ value, text: printValue("long", value) })

/** The topic keys whose broker key has other names and units. */
const derivedDefault = (snapshot: BrokerSnapshot, name: string): Parsed | null => {
  switch (name) {
    case "retention.ms":
      return snapshot.set.get("log.retention.ms") ?? long(Derived.logRetentionMs(snapshot.values))
    case "segment.ms":
      return snapshot.set.get("log.roll.ms") ?? long(Derived.logRollMs(snapshot.values))
    case "segment.jitter.ms":
      return snapshot.set.get("log.roll.jitter.ms") ?? long(Derived.logRollJitterMs(snapshot.values))
    case "flush.ms":
      return snapshot.set.get("log.flush.interval.ms") ?? long(Derived.logFlushIntervalMs(snapshot.values))
    default:
      return null
  }
}

const NULL: Parsed = { value: null, text: null }

/** What a topic that says nothing of a key gets. */
const topicDefault = (snapshot: BrokerSnapshot, row: Key): Parsed => {
  const broker = brokerKeyOfTopic.get(row.name)
  if (broker === undefined) return defaultOf(row) ?? NULL
  return derivedDefault(snapshot, row.name) ?? snapshot.set.get(broker.name) ?? defaultOf(broker) ?? NULL
}

/** Every key of a table: the override if there is a valid one, else `fallback`. Shared with groups. */
export const overlay = (
  table: Index,
  overrides: Overrides,
  fallback: (row: Key) => Parsed
): ReadonlyMap<string, Parsed> => {
  const parsed = new Map<string, Parsed>()
  for (const row of table.values()) {
    const text = overrides.get(row.name)
    const read = text === undefined ? null : parse(row, text)
    parsed.set(row.name, read !== null && Result.isSuccess(read) ? read.success : fallback(row))
  }
  return parsed
}

/** The plain values of parsed ones. Shared with groups. */
export const valuesOf = (parsed: ReadonlyMap<string, Parsed>): Record<string, Value> =>
  Object.fromEntries([...parsed].map(([name, each]) => [name, each.value]))

/** The topic's values now. */
export const topicConfig = (snapshot: BrokerSnapshot, overrides: Overrides): TopicConfig => {
  const parsed = overlay(topicTable, overrides, (row) => topicDefault(snapshot, row))
  return { parsed, values: valuesOf(parsed) as TopicValues }
}
