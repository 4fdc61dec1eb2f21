/**
 * A node's configuration, resolved: defaults, below the layers given at start, below the cluster-wide and the per-broker
 * values from the metadata. Invariant: a `StaticConfig` exists only if every key was known, every value allowed and no
 * rule between keys broken; a dynamic value that breaks its key's rule is left out and told, never half taken.
 * Neighbours: Layers.ts (where values come from), Synonyms.ts (which names replace which), Startup.ts (rules between
 * keys), TopicConfig.ts, GroupConfig.ts, Describe.ts and Alter.ts (which read the snapshot).
 */
import * as Context from "effect/Context"
import * as EffectLayer from "effect/Layer"
import * as Result from "effect/Result"
import type { BrokerValues } from "./BrokerTable.ts"
import { brokerKeys, brokerTable } from "./BrokerTable.ts"
import type { Given, Layer } from "./Layers.ts"
import type { Endpoints } from "./Listeners.ts"
import { nearest } from "./Nearest.ts"
import type { ConfigProblem, Origin } from "./Problem.ts"
import * as Startup from "./Startup.ts"
import { brokerRow, isPluginKey, listenerBase, replacedBy, replacedByStatic } from "./Synonyms.ts"
import { defaultOf, parse, required } from "./Table.ts"
import type { Parsed, Value } from "./Type.ts"

/** A value some static layer gave, as written (unless it is a password) and as read. */
export interface Entry {
  readonly name: string
  readonly raw: string
  readonly parsed: Parsed
  readonly origin: Origin
}

/** What a node was started with. */
export interface StaticConfig {
  /** Every key of the broker table by its name. */
  readonly values: BrokerValues
  /** What was given, by name: also keys under a listener's prefix and plugins' keys. */
  readonly entries: ReadonlyMap<string, Entry>
  readonly endpoints: Endpoints
}

/** Values set in the metadata, by key, as text. */
export type Overrides = ReadonlyMap<string, string>
export const noOverrides: Overrides = new Map()

/** The configuration at one moment: the static one under what the metadata says. */
export interface BrokerSnapshot {
  readonly static: StaticConfig
  readonly clusterDefault: Overrides
  readonly perBroker: Overrides
  readonly values: BrokerValues
  /** Value and text of everything that is not at its default, by name. */
  readonly set: ReadonlyMap<string, Parsed>
  /** Dynamic values that were left out. */
  readonly ignored: ReadonlyArray<{ readonly name: string; readonly reason: string }>
}

const valuesFrom = (set: ReadonlyMap<string, Parsed>): BrokerValues => {
  const values: Record<string, Value> = {}
  for (const row of brokerKeys) values[row.name] = (set.get(row.name) ?? defaultOf(row))?.value ?? null
  return values as BrokerValues
}

const readGiven = (given: Given): Result.Result<Entry, ConfigProblem> => {
  const { name, text, origin, valueOrigin } = given
  const row = brokerRow(name)
  if (row === undefined) {
    if (isPluginKey(name)) return Result.succeed({ name, raw: text, parsed: { value: text, text }, origin })
    const base = listenerBase(name)
    const near = nearest(base ?? name, brokerTable.keys())
    const hint = near === null || base === null ? near : `${name.slice(0, -base.length)}${near}`
    return Result.fail({ _tag: "UnknownKey", name, nearest: hint, origin })
  }
  const parsed = parse(row, text)
  const raw = row.type === "password" ? "[hidden]" : text
  if (Result.isSuccess(parsed)) return Result.succeed({ name, raw, parsed: parsed.success, origin })
  return Result.fail({ _tag: "InvalidValue", name, reason: parsed.failure, origin: valueOrigin })
}

/** A stronger layer's value takes the place of the same setting under every name, in weaker layers only. */
const overlay = (layers: ReadonlyArray<Layer>, problems: Array<ConfigProblem>): Map<string, Entry> => {
  const entries = new Map<string, Entry>()
  for (const layer of layers) {
    problems.push(...layer.problems)
    for (const { name } of layer.given) for (const replaced of replacedByStatic(name)) entries.delete(replaced)
    for (const given of new Map(layer.given.map((each) => [each.name, each])).values()) {
      const entry = readGiven(given)
      if (Result.isSuccess(entry)) entries.set(entry.success.name, entry.success)
      else problems.push(entry.failure)
    }
  }
  return entries
}

/** node.id and broker.id stand for each other when only one is set. */
const withNodeId = (entries: ReadonlyMap<string, Entry>): ReadonlyMap<string, Entry> => {
  const completed = new Map(entries)
  const node = entries.get("node.id")
  const broker = entries.get("broker.id")
  if (node === undefined && broker !== undefined) completed.set("node.id", { ...broker, name: "node.id" })
  if (broker === undefined && node !== undefined) completed.set("broker.id", { ...node, name: "broker.id" })
  return completed
}

/** A required key whose value was refused has its problem already. */
const missing = (entries: ReadonlyMap<string, Entry>, refused: ReadonlySet<string>): ReadonlyArray<ConfigProblem> =>
  brokerKeys
    .filter((row) => row.default === required && !entries.has(row.name) && !refused.has(row.name))
    .map((row) => ({ _tag: "MissingKey", name: row.name }))

const parsedOf = (entries: ReadonlyMap<string, Entry>): Map<string, Parsed> =>
  new Map([...entries].map(([name, entry]) => [name, entry.parsed]))

/**
 * Lays the layers over the defaults, the weakest first: preset, file, environment, command line. Fails with everything
 * that is wrong; rules between keys are checked once every single value is right.
 */
export const resolve = (layers: ReadonlyArray<Layer>): Result.Result<StaticConfig, ReadonlyArray<ConfigProblem>> => {
  const problems: Array<ConfigProblem> = []
  const entries = withNodeId(overlay(layers, problems))
  const refused = new Set(problems.flatMap((each) => ("name" in each ? [each.name] : [])))
  problems.push(...missing(entries, refused))
  if (problems.length > 0) return Result.fail(problems)
  const values = valuesFrom(parsedOf(entries))
  const isSet = (name: string): boolean => entries.has(name)
  const endpoints = Startup.validate(values, isSet)
  if (Result.isSuccess(endpoints)) return Result.succeed({ values, entries, endpoints: endpoints.success })
  return Result.fail(
    endpoints.failure.map(({ names, reason }) => ({
      _tag: "Conflict",
      names,
      reason,
      origins: names.flatMap((name) => entries.get(name)?.origin ?? [])
    }))
  )
}

/** Why a dynamic value may not take effect, or its reading. Unknown keys are kept as text, as Kafka keeps them. */
const readOverride = (name: string, text: string): Result.Result<Parsed, string> => {
  const row = brokerRow(name)
  if (row === undefined) return Result.succeed({ value: text, text })
  if (row.update === "read-only" && row.name === name) {
    return Result.fail(`Cannot update these configs dynamically: [${name}]`)
  }
  return parse(row, text)
}

/** The static configuration under the dynamic ones, the per-broker values strongest. */
export const effective = (config: StaticConfig, clusterDefault: Overrides, perBroker: Overrides): BrokerSnapshot => {
  const set = parsedOf(config.entries)
  const ignored: Array<{ readonly name: string; readonly reason: string }> = []
  for (const overrides of [clusterDefault, perBroker]) {
    for (const [name, text] of overrides) {
      const parsed = readOverride(name, text)
      if (Result.isFailure(parsed)) {
        ignored.push({ name, reason: parsed.failure })
        continue
      }
      for (const replaced of replacedBy(name)) set.delete(replaced)
      set.set(name, parsed.success)
    }
  }
  return { static: config, clusterDefault, perBroker, values: valuesFrom(set), set, ignored }
}

/** The value of a key for one listener: `listener.name.x.key` if that is set, else the key itself. */
export const forListener = (snapshot: BrokerSnapshot, listener: string, name: string): Value => {
  const prefixed = snapshot.set.get(`listener.name.${listener.toLowerCase()}.${name}`)
  const row = brokerRow(name)
  return (prefixed ?? snapshot.set.get(name) ?? (row === undefined ? null : defaultOf(row)))?.value ?? null
}

/** What this node was started with. `effective` gives the values of a moment. */
export class BrokerConfig extends Context.Service<BrokerConfig, StaticConfig>()("config/BrokerConfig") {
  static readonly layer = (config: StaticConfig): EffectLayer.Layer<BrokerConfig> =>
    EffectLayer.succeed(BrokerConfig, config)
}
