/**
 * What each kind of resource allows its values to be. Invariant: a rule looks at the resource's whole set of values as it
 * would be after the change, never at the change alone. Neighbours: Alter.ts (the operations), Startup.ts (rules between
 * broker keys), TopicConfig.ts and GroupConfig.ts (effective values).
 */
import * as Result from "effect/Result"
import type { BrokerSnapshot, Overrides } from "./BrokerConfig.ts"
import { effective } from "./BrokerConfig.ts"
import type { BrokerKeyName } from "./BrokerTable.ts"
import { brokerTable } from "./BrokerTable.ts"
import { clientMetricsTable } from "./ClientMetricsTable.ts"
import { groupConfig } from "./GroupConfig.ts"
import type { GroupKeyName } from "./GroupTable.ts"
import { groupTable } from "./GroupTable.ts"
import * as Startup from "./Startup.ts"
import { brokerRow, listenerBase } from "./Synonyms.ts"
import type { Index } from "./Table.ts"
import { parse } from "./Table.ts"
import { topicConfig } from "./TopicConfig.ts"
import { topicTable } from "./TopicTable.ts"

/** Why a resource is refused: Kafka's error code and sentence. */
export interface Refusal {
  readonly errorCode: number
  readonly message: string
}

export const INVALID_CONFIG = 40
export const INVALID_REQUEST = 42

/** The resource types of the config APIs. */
export const ResourceType = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

export interface Resource {
  /** One of `ResourceType`. */
  readonly type: number
  /** A topic's or group's name, a broker's id, or empty for the default of all brokers. */
  readonly name: string
}

export const refuse = (errorCode: number, message: string): Refusal => ({ errorCode, message })

/** The first value that is unknown or not allowed. */
const firstInvalid = (table: Index, configs: Overrides, unknown: (name: string) => Refusal): Refusal | null => {
  for (const name of configs.keys()) if (!table.has(name)) return unknown(name)
  for (const [name, text] of configs) {
    const row = table.get(name)
    const parsed = row === undefined ? null : parse(row, text)
    if (parsed !== null && Result.isFailure(parsed)) return refuse(INVALID_CONFIG, parsed.failure)
  }
  return null
}

/** Whether a topic may have these values, also when it is only being created. The topic's name is not looked at. */
export const validateTopic = (snapshot: BrokerSnapshot, configs: Overrides): Refusal | null => {
  const unknown = (name: string): Refusal => refuse(INVALID_CONFIG, `Unknown topic config name: ${name}`)
  const invalid = firstInvalid(topicTable, configs, unknown)
  if (invalid !== null) return invalid
  const { parsed, values } = topicConfig(snapshot, configs)
  if (values["min.compaction.lag.ms"] > values["max.compaction.lag.ms"]) {
    const min = parsed.get("min.compaction.lag.ms")?.text
    const max = parsed.get("max.compaction.lag.ms")?.text
    return refuse(
      INVALID_CONFIG,
      `conflict topic config setting min.compaction.lag.ms (${min}) > max.compaction.lag.ms (${max})`
    )
  }
  if (values["remote.storage.enable"] && !snapshot.values["remote.log.storage.system.enable"]) {
    return refuse(
      INVALID_CONFIG,
      "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."
    )
  }
  return null
}

/** TLS stores can only change for one listener: the base keys are not reloaded. */
const isStoreKey = (name: string): boolean =>
  /^ssl\.(?:keystore|truststore)\./.test(name) || name === "ssl.key.password"

/** Keys that name one broker's own things and so have no cluster-wide default. */
const isPerBroker = (name: string): boolean => {
  const base = listenerBase(name)
  return base === null
    ? brokerTable.get(name)?.update === "per-broker"
    : brokerTable.get(base)?.update !== "cluster-wide"
}

const namesList = (names: ReadonlyArray<string>): string => `[${names.join(", ")}]`

/** Keys that no dynamic value may be given, or not here. */
const misplaced = (names: ReadonlyArray<string>): string | null => {
  const fixed = names.filter((name) => brokerTable.get(name)?.update === "read-only")
  if (fixed.length > 0) return `Cannot update these configs dynamically: ${namesList(fixed)}`
  const stores = names.filter(isStoreKey)
  if (stores.length === 0) return null
  return `These security configs can be dynamically updated only per-listener using the listener prefix: ${namesList(stores)}`
}

const firstIllTyped = (next: Overrides): string | null => {
  for (const [name, text] of next) {
    const row = brokerRow(name)
    const parsed = row === undefined ? null : parse(row, text)
    if (parsed !== null && Result.isFailure(parsed)) return parsed.failure
  }
  return null
}

const needsBrokerId = (names: ReadonlyArray<string>): string | null => {
  const own = names.filter(isPerBroker)
  if (own.length === 0) return null
  return `Cannot update these configs at default cluster level, broker id must be specified: ${namesList(own)}`
}

/** Whether the broker may run with these dynamic values. Kafka answers every breach with INVALID_REQUEST (KAFKA-13609). */
export const validateBroker = (snapshot: BrokerSnapshot, next: Overrides, perBroker: boolean): Refusal | null => {
  const names = [...next.keys()]
  const reason = misplaced(names) ?? firstIllTyped(next) ?? (perBroker ? null : needsBrokerId(names))
  if (reason !== null) return refuse(INVALID_REQUEST, reason)
  const { values } = perBroker
    ? effective(snapshot.static, snapshot.clusterDefault, next)
    : effective(snapshot.static, next, snapshot.perBroker)
  const checked = Startup.validate(values, (name) => snapshot.static.entries.has(name))
  const conflict = Result.isFailure(checked) ? checked.failure[0] : undefined
  return conflict === undefined ? null : refuse(INVALID_REQUEST, `requirement failed: ${conflict.reason}`)
}

/** Each group key that the broker bounds: below by the first key, above by the second. */
const GROUP_LIMITS: ReadonlyArray<readonly [GroupKeyName, BrokerKeyName | null, BrokerKeyName | null]> = [
  ...(["consumer", "share", "streams"] as const).flatMap((kind) =>
    (["heartbeat.interval.ms", "session.timeout.ms", "assignment.interval.ms"] as const).map(
      (what) => [`${kind}.${what}`, `group.${kind}.min.${what}`, `group.${kind}.max.${what}`] as const
    )
  ),
  ...(["record.lock.duration.ms", "delivery.count.limit", "partition.max.record.locks"] as const).map(
    (what) => [`share.${what}`, `group.share.min.${what}`, `group.share.max.${what}`] as const
  ),
  ["streams.num.standby.replicas", null, "group.streams.max.standby.replicas"],
  ["streams.num.warmup.replicas", null, "group.streams.max.warmup.replicas"],
  ["streams.task.offset.interval.ms", "group.streams.min.task.offset.interval.ms", null]
]

/** Whether a group may have these values. */
export const validateGroup = (snapshot: BrokerSnapshot, configs: Overrides): Refusal | null => {
  const unknown = (name: string): Refusal => refuse(INVALID_CONFIG, `Unknown group config name: ${name}`)
  const invalid = firstInvalid(groupTable, configs, unknown)
  if (invalid !== null) return invalid
  const { values } = groupConfig(snapshot, configs)
  for (const [name, min, max] of GROUP_LIMITS) {
    const value = Number(values[name])
    if (min !== null && value < Number(snapshot.values[min])) {
      return refuse(INVALID_CONFIG, `${name} must be greater than or equal to ${min}`)
    }
    if (max !== null && value > Number(snapshot.values[max])) {
      return refuse(INVALID_CONFIG, `${name} must be less than or equal to ${max}`)
    }
  }
  for (const kind of ["consumer", "share", "streams"] as const) {
    const session = `${kind}.session.timeout.ms` as const
    const heartbeat = `${kind}.heartbeat.interval.ms` as const
    if (values[session] <= values[heartbeat]) {
      return refuse(INVALID_CONFIG, `${session} must be greater than ${heartbeat}`)
    }
  }
  return null
}

const INTERVAL_MIN_MS = 100
const INTERVAL_MAX_MS = 3_600_000
/** What a client metrics subscription may select by (KIP-714). */
const SELECTORS = [
  "client_instance_id",
  "client_id",
  "client_software_name",
  "client_software_version",
  "client_source_address",
  "client_source_port"
]

const isPattern = (source: string): boolean => Result.isSuccess(Result.try(() => new RegExp(source)))

const isSelector = (selector: string): boolean => {
  const [name = "", pattern, ...rest] = selector.split("=")
  return (
    pattern !== undefined &&
    pattern !== "" &&
    rest.length === 0 &&
    SELECTORS.includes(name.trim()) &&
    isPattern(pattern)
  )
}

/** Whether a client metrics subscription may have these values. */
export const validateClientMetrics = (configs: Overrides): Refusal | null => {
  const unknown = (name: string): Refusal => refuse(INVALID_REQUEST, `Unknown client metrics configuration: ${name}`)
  const invalid = firstInvalid(clientMetricsTable, configs, unknown)
  if (invalid !== null) return invalid
  const interval = configs.get("interval.ms")
  if (interval !== undefined && (Number(interval) < INTERVAL_MIN_MS || Number(interval) > INTERVAL_MAX_MS)) {
    const limits = `${INTERVAL_MIN_MS} and ${INTERVAL_MAX_MS} (1 hour)`
    return refuse(INVALID_REQUEST, `Invalid value ${interval} for interval.ms, interval must be between ${limits}`)
  }
  const selectors = (configs.get("match") ?? "").split(",").filter((each) => each.trim() !== "")
  const illegal = selectors.find((each) => !isSelector(each))
  return illegal === undefined ? null : refuse(INVALID_CONFIG, `Illegal client matching pattern: ${illegal}`)
}

const BROKER_ID = /^[+-]?[0-9]+$/

const validateBrokerName = (name: string): Refusal | null => {
  if (name === "") return null
  if (!BROKER_ID.test(name)) return refuse(INVALID_REQUEST, "Unable to parse broker name as a base 10 number.")
  return Number(name) < 0 ? refuse(INVALID_REQUEST, "Invalid negative broker ID.") : null
}

/** The controller's rules for a resource's values after the change. The name of a topic is the controller's to check. */
export const validateResource = (snapshot: BrokerSnapshot, resource: Resource, next: Overrides): Refusal | null => {
  switch (resource.type) {
    case ResourceType.topic:
      return resource.name === ""
        ? refuse(INVALID_REQUEST, "Default topic resources are not allowed.")
        : validateTopic(snapshot, next)
    case ResourceType.broker:
      return validateBrokerName(resource.name)
    case ResourceType.group:
      return resource.name === ""
        ? refuse(INVALID_REQUEST, "Default group resources are not allowed.")
        : validateGroup(snapshot, next)
    case ResourceType.clientMetrics:
      return resource.name === ""
        ? refuse(INVALID_REQUEST, "Subscription name can't be empty")
        : validateClientMetrics(next)
    default:
      return refuse(INVALID_REQUEST, `Unknown resource type ${resource.type}`)
  }
}
