/**
 * The configuration of one group of any kind: its own values over the broker's `group.` keys. Invariant: every group key
 * has a value. Neighbours: GroupTable.ts (the keys), TopicConfig.ts (the same idea for topics), Describe.ts and Alter.ts.
 */
import type { BrokerSnapshot, Overrides } from "./BrokerConfig.ts"
import { brokerTable } from "./BrokerTable.ts"
import type { GroupValues } from "./GroupTable.ts"
import { groupTable } from "./GroupTable.ts"
import type { Key } from "./Table.ts"
import { defaultOf } from "./Table.ts"
import { overlay, valuesOf } from "./TopicConfig.ts"
import type { Parsed } from "./Type.ts"

export interface GroupConfig {
  /** Every key of the group table by its name. */
  readonly values: GroupValues
  /** Value and printed text of every key. */
  readonly parsed: ReadonlyMap<string, Parsed>
}

/** The broker key that is the default of a group key, if it has one. */
export const brokerKeyOfGroup = (name: string): Key | undefined => brokerTable.get(`group.${name}`)

const groupDefault = (snapshot: BrokerSnapshot, row: Key): Parsed => {
  const broker = brokerKeyOfGroup(row.name)
  const fromBroker = broker === undefined ? undefined : (snapshot.set.get(broker.name) ?? defaultOf(broker))
  return fromBroker ?? defaultOf(row) ?? { value: null, text: null }
}

/** The group's values now. */
export const groupConfig = (snapshot: BrokerSnapshot, overrides: Overrides): GroupConfig => {
  const parsed = overlay(groupTable, overrides, (row) => groupDefault(snapshot, row))
  return { parsed, values: valuesOf(parsed) as GroupValues }
}
