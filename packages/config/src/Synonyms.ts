/**
 * Which names may stand for one setting: a key in other units, a key before its fallback, and a key under a listener's
 * prefix. Invariant: the first synonym that is set counts (KIP-226 and Kafka's DynamicBrokerConfig). Neighbours:
 * BrokerTable.ts (the keys), BrokerConfig.ts (resolution), Describe.ts (the synonyms DescribeConfigs shows).
 */
import { brokerTable } from "./BrokerTable.ts"
import { brokerQuotaTable } from "./QuotaTable.ts"
import type { Key } from "./Table.ts"

const ROLL = ["log.roll.ms", "log.roll.hours"]
const ROLL_JITTER = ["log.roll.jitter.ms", "log.roll.jitter.hours"]
const RETENTION = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"]
const FLUSH = ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"]

/** The scheduler interval is only the fallback of the flush interval: it has no synonym itself. */
const SYNONYMS: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ...[ROLL, ROLL_JITTER, RETENTION].flatMap((group) => group.map((name) => [name, group] as const)),
  ["log.flush.interval.ms", FLUSH]
])

/** Keys that a listener has once for each SASL mechanism: `listener.name.x.scram-sha-256.sasl.jaas.config`. */
const MECHANISM_KEYS = [
  "sasl.jaas.config",
  "sasl.login.callback.handler.class",
  "sasl.login.class",
  "sasl.server.callback.handler.class",
  "connections.max.reauth.ms"
]

const LISTENER_PREFIX = /^listener\.name\.[^.]+\.(.+)$/
/** Namespaces whose keys belong to a plugin and are passed on unread. */
const PLUGIN_PREFIXES = ["rlmm.config.", "rsm.config.", "config.providers."]

/** The key behind a listener's prefix, or null when the name has none. */
export const listenerBase = (name: string): string | null => {
  const base = LISTENER_PREFIX.exec(name)?.[1]
  if (base === undefined) return null
  return MECHANISM_KEYS.find((key) => base.endsWith(key)) ?? base
}

/** All names under which the setting may be found, the strongest first; the name itself when it has no other. */
export const brokerSynonyms = (name: string): ReadonlyArray<string> => {
  const base = listenerBase(name)
  return base === null ? (SYNONYMS.get(name) ?? [name]) : [name, base]
}

/** The names a stronger layer takes the place of when it sets `name`. Listener prefixes leave the base key alone. */
export const replacedBy = (name: string): ReadonlyArray<string> => SYNONYMS.get(name) ?? [name]

/** Keys of which a static layer that sets one takes the place of all, in weaker layers. */
const STATIC_PAIRS = [
  ["log.dirs", "log.dir"],
  ["node.id", "broker.id"]
]
export const replacedByStatic = (name: string): ReadonlyArray<string> =>
  STATIC_PAIRS.find((pair) => pair.includes(name)) ?? replacedBy(name)

/** The row that says how to read `name`: its own, or that of the key behind a listener's prefix. */
export const brokerRow = (name: string): Key | undefined => {
  const base = listenerBase(name)
  return brokerTable.get(name) ?? brokerQuotaTable.get(name) ?? (base === null ? undefined : brokerTable.get(base))
}

/** Whether a static layer may use the name although no row describes it. */
export const isPluginKey = (name: string): boolean => PLUGIN_PREFIXES.some((prefix) => name.startsWith(prefix))
