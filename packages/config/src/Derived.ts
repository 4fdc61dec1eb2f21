/**
 * Settings that Kafka lets one say in several keys, resolved to the one value that counts. Invariant: readers use these
 * and never a key that has a stronger synonym. Neighbours: Synonyms.ts (the same chains, for DescribeConfigs), TopicConfig.ts
 * (whose defaults four of these are).
 */
import type { BrokerValues } from "./BrokerTable.ts"

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** log.dirs, else log.dir. */
export const logDirs = (values: BrokerValues): ReadonlyArray<string> => values["log.dirs"] ?? values["log.dir"]

/** metadata.log.dir, else the first log directory. */
export const metadataLogDir = (values: BrokerValues): string | undefined =>
  values["metadata.log.dir"] ?? logDirs(values)[0]

/** How long records are kept, in milliseconds; -1 is for ever, as is any negative value. */
export const logRetentionMs = (values: BrokerValues): number => {
  const minutes = values["log.retention.minutes"]
  const fallback = minutes === null ? values["log.retention.hours"] * HOUR_MS : minutes * MINUTE_MS
  const millis = values["log.retention.ms"] ?? fallback
  return millis < 0 ? -1 : millis
}

/** The age at which a segment rolls, in milliseconds. */
export const logRollMs = (values: BrokerValues): number => values["log.roll.ms"] ?? values["log.roll.hours"] * HOUR_MS

/** The most that is subtracted at random from that age, in milliseconds. */
export const logRollJitterMs = (values: BrokerValues): number =>
  values["log.roll.jitter.ms"] ?? values["log.roll.jitter.hours"] * HOUR_MS

/** How long a record may lie unsynced, in milliseconds. */
export const logFlushIntervalMs = (values: BrokerValues): number =>
  values["log.flush.interval.ms"] ?? values["log.flush.scheduler.interval.ms"]

/** What this node does. */
export const roles = (values: BrokerValues): { readonly broker: boolean; readonly controller: boolean } => ({
  broker: values["process.roles"].includes("broker"),
  controller: values["process.roles"].includes("controller")
})

/** The limits of max.connections.per.ip.overrides, by address; null when the text is malformed. */
export const connectionOverrides = (values: BrokerValues): ReadonlyMap<string, number> | null => {
  const text = values["max.connections.per.ip.overrides"].trim()
  const pairs = text === "" ? [] : text.split(",").map((pair) => /^\s*(.+?)\s*:\s*([0-9]+)\s*$/.exec(pair))
  const limits = new Map<string, number>()
  for (const pair of pairs) {
    if (pair === null) return null
    limits.set(pair[1]!, Number(pair[2]))
  }
  return limits
}
