/**
 * What DescribeConfigs (key 32) tells of a resource: each key with its value, where the value comes from, and its synonyms
 * in order of precedence. Invariant: a password, and a key of unknown type, is told without its value. The codes and the
 * shape of the synonyms are those of Kafka's ConfigHelper. Neighbours: BrokerConfig.ts, TopicConfig.ts and GroupConfig.ts
 * (the values), Synonyms.ts (the names).
 */
import type { BrokerSnapshot, Overrides } from "./BrokerConfig.ts"
import { brokerKeys, brokerTable } from "./BrokerTable.ts"
import { clientMetricsTable } from "./ClientMetricsTable.ts"
import { brokerKeyOfGroup, groupConfig } from "./GroupConfig.ts"
import { groupTable } from "./GroupTable.ts"
import { brokerRow, brokerSynonyms } from "./Synonyms.ts"
import type { Key } from "./Table.ts"
import { defaultOf, isSensitive } from "./Table.ts"
import { brokerKeyOfTopic, overlay, topicConfig } from "./TopicConfig.ts"
import { topicTable } from "./TopicTable.ts"
import type { ConfigType, Parsed } from "./Type.ts"

/** The config source codes of DescribeConfigs v1 and later. */
export const Source = {
  topic: 1,
  dynamicBroker: 2,
  clusterDefault: 3,
  static: 4,
  default: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8
} as const
export type Source = (typeof Source)[keyof typeof Source]

/** The config type codes of DescribeConfigs v3 and later; 0 is unknown. */
const TYPE_CODES: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9
}

export interface Synonym {
  readonly name: string
  readonly value: string | null
  readonly source: Source
}

export interface Described {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly source: Source
  readonly isSensitive: boolean
  readonly synonyms: ReadonlyArray<Synonym>
  readonly type: number
  readonly documentation: string | null
}

export interface DescribeOptions {
  /** The keys asked for; null or empty is all. */
  readonly names: ReadonlyArray<string> | null
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
}

/** Where a broker setting was found, strongest first. Each source is searched for all names before the next. */
const brokerChain = (snapshot: BrokerSnapshot, name: string, names: ReadonlyArray<string>): ReadonlyArray<Synonym> => {
  const hidden = isSensitive(brokerRow(name))
  const from = (source: Source, find: (each: string) => string | null | undefined): ReadonlyArray<Synonym> =>
    names.flatMap((each) => {
      const value = find(each)
      return value === undefined || value === null ? [] : [{ name: each, value: hidden ? null : value, source }]
    })
  const found = [
    ...from(Source.dynamicBroker, (each) => snapshot.perBroker.get(each)),
    ...from(Source.clusterDefault, (each) => snapshot.clusterDefault.get(each)),
    ...from(Source.static, (each) => snapshot.static.entries.get(each)?.raw),
    ...from(Source.default, (each) => {
      const row = brokerTable.get(each)
      return row === undefined ? null : defaultOf(row)?.text
    })
  ]
  const start = found.findIndex((synonym) => synonym.name === name)
  return start === -1 ? [] : found.slice(start)
}

interface Row {
  readonly name: string
  readonly row: Key | undefined
  readonly value: string | null
  readonly readOnly: boolean
  readonly chain: ReadonlyArray<Synonym>
}

const described = ({ name, row, value, readOnly, chain }: Row, options: DescribeOptions): Described => {
  const hidden = isSensitive(row)
  return {
    name,
    value: hidden ? null : value,
    readOnly,
    source: chain[0]?.source ?? Source.default,
    isSensitive: hidden,
    synonyms: options.includeSynonyms ? chain : [],
    type: row === undefined ? 0 : TYPE_CODES[row.type],
    documentation: options.includeDocumentation ? (row?.doc ?? null) : null
  }
}

const asked = (rows: ReadonlyArray<Row>, options: DescribeOptions): ReadonlyArray<Described> => {
  const { names } = options
  const wanted = names === null || names.length === 0 ? rows : rows.filter((row) => names.includes(row.name))
  return wanted.map((row) => described(row, options))
}

const own = (name: string, value: string | null, source: Source): Synonym => ({ name, value, source })

/** Internal keys are told only when they were set. */
const visible = (table: Iterable<Key>, isSet: (name: string) => boolean): ReadonlyArray<Key> =>
  [...table].filter((row) => !row.internal || isSet(row.name))

const textOf = (parsed: ReadonlyMap<string, Parsed>, name: string): string | null => parsed.get(name)?.text ?? null

/** All keys of a topic. */
export const topic = (
  snapshot: BrokerSnapshot,
  overrides: Overrides,
  options: DescribeOptions
): ReadonlyArray<Described> => {
  const { parsed } = topicConfig(snapshot, overrides)
  const rows = visible(topicTable.values(), (name) => overrides.has(name)).map((row): Row => {
    const { name } = row
    const value = textOf(parsed, name)
    const broker = brokerKeyOfTopic.get(name)?.name
    const inherited = broker === undefined ? [] : brokerChain(snapshot, broker, brokerSynonyms(broker))
    const chain = overrides.has(name) ? [own(name, value, Source.topic), ...inherited] : inherited
    return { name, row, value, readOnly: false, chain }
  })
  return asked(rows, options)
}

/** Dynamic keys are writable under their own name; Kafka calls everything under a listener's prefix read-only. */
const isReadOnly = (name: string): boolean => {
  const row = brokerRow(name)
  return row === undefined || row.name !== name || row.update === "read-only"
}

const brokerValue = (snapshot: BrokerSnapshot, name: string): string | null => {
  const row = brokerTable.get(name)
  return snapshot.set.get(name)?.text ?? (row === undefined ? null : (defaultOf(row)?.text ?? null))
}

/** All keys of this broker: the public ones, and whatever else was set. */
export const broker = (snapshot: BrokerSnapshot, options: DescribeOptions): ReadonlyArray<Described> => {
  const names = new Set(brokerKeys.filter((row) => !row.internal).map((row) => row.name))
  for (const name of snapshot.set.keys()) names.add(name)
  const rows = [...names].map((name): Row => {
    const chain = brokerChain(snapshot, name, brokerSynonyms(name))
    return { name, row: brokerRow(name), value: brokerValue(snapshot, name), readOnly: isReadOnly(name), chain }
  })
  return asked(rows, options)
}

/** The cluster-wide defaults of brokers: only what was set there. */
export const clusterDefault = (snapshot: BrokerSnapshot, options: DescribeOptions): ReadonlyArray<Described> => {
  const rows = [...snapshot.clusterDefault].map(([name, value]): Row => {
    const chain = brokerChain(snapshot, name, brokerSynonyms(name))
    const chainHere = chain.filter((synonym) => synonym.source === Source.clusterDefault)
    return { name, row: brokerRow(name), value, readOnly: isReadOnly(name), chain: chainHere }
  })
  return asked(rows, options)
}

/** All keys of a group. */
export const group = (
  snapshot: BrokerSnapshot,
  overrides: Overrides,
  options: DescribeOptions
): ReadonlyArray<Described> => {
  const { parsed } = groupConfig(snapshot, overrides)
  const rows = [...groupTable.values()].map((row): Row => {
    const { name } = row
    const value = textOf(parsed, name)
    const brokerKey = brokerKeyOfGroup(name)?.name
    const text = defaultOf(row)?.text ?? null
    const inherited =
      brokerKey !== undefined
        ? brokerChain(snapshot, brokerKey, [brokerKey])
        : text === null
          ? []
          : [own(name, text, Source.default)]
    const chain = overrides.has(name) ? [own(name, value, Source.group), ...inherited] : inherited
    return { name, row, value, readOnly: false, chain }
  })
  return asked(rows, options)
}

/** All keys of a client metrics subscription; only what was set has a synonym. */
export const clientMetrics = (overrides: Overrides, options: DescribeOptions): ReadonlyArray<Described> => {
  const parsed = overlay(clientMetricsTable, overrides, (row) => defaultOf(row) ?? { value: null, text: null })
  const rows = [...clientMetricsTable.values()].map((row): Row => {
    const value = textOf(parsed, row.name)
    const chain = overrides.has(row.name) ? [own(row.name, value, Source.clientMetrics)] : []
    return { name: row.name, row, value, readOnly: false, chain }
  })
  return asked(rows, options)
}

/** The levels of loggers; they have no type and no synonyms. */
export const brokerLoggers = (levels: Overrides, options: DescribeOptions): ReadonlyArray<Described> => {
  const all = [...levels].map(
    ([name, value]): Described => ({
      name,
      value,
      readOnly: false,
      source: Source.brokerLogger,
      isSensitive: false,
      synonyms: [],
      type: 0,
      documentation: null
    })
  )
  const { names } = options
  return names === null || names.length === 0 ? all : all.filter((each) => names.includes(each.name))
}
