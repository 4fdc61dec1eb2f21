/**
 * Whether a change of configuration is allowed, and what it would write. Kafka decides in two places, and so do we:
 * `checkOnBroker` is the broker that received the request (form, and rules of broker keys), `decide` and `replaceAll` are the
 * controller (result of the operations, and rules of all other resources). Invariant: pure; a refused resource changes
 * nothing. Error codes and sentences are Kafka's (ConfigAdminManager, ConfigurationControlManager). Neighbours:
 * AlterRules.ts (the rules by kind of resource), Describe.ts (the same resources, told).
 */
import * as Result from "effect/Result"
import type { Refusal, Resource } from "./AlterRules.ts"
import {
  INVALID_CONFIG,
  INVALID_REQUEST,
  ResourceType,
  refuse,
  validateBroker,
  validateResource
} from "./AlterRules.ts"
import type { BrokerSnapshot, Overrides } from "./BrokerConfig.ts"
import { brokerTable } from "./BrokerTable.ts"
import type { Key } from "./Table.ts"
import { defaultOf } from "./Table.ts"
import { topicTable } from "./TopicTable.ts"

export type { Refusal, Resource } from "./AlterRules.ts"
export { ResourceType, validateTopic } from "./AlterRules.ts"

/** The operation codes of IncrementalAlterConfigs (key 44). */
export const Operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export interface ConfigOperation {
  readonly name: string
  /** One of `Operation`; any other code is refused. */
  readonly operation: number
  readonly value: string | null
}

/** What to write: a value, or null to remove the key. */
export type ConfigChange = ReadonlyMap<string, string | null>

const hasRepeats = (names: ReadonlyArray<string>): boolean => new Set(names).size !== names.length

const nullValues = (operations: ReadonlyArray<ConfigOperation>): ReadonlyArray<string> =>
  operations.flatMap((each) => (each.operation !== Operation.delete && each.value === null ? [each.name] : []))

const isKnown = (code: number): boolean => code >= Operation.set && code <= Operation.subtract

const splitParts = (text: string | null): ReadonlyArray<string> => (text ?? "").split(",").filter((part) => part !== "")

/** APPEND adds what is not there yet; SUBTRACT removes each part once. */
const combine = (code: number, current: string | null, value: string): string => {
  const parts = [...splitParts(current)]
  for (const part of value.split(",")) {
    const at = parts.indexOf(part)
    if (code === Operation.append && at === -1) parts.push(part)
    if (code === Operation.subtract && at !== -1) parts.splice(at, 1)
  }
  return parts.join(",")
}

const defaultText = (row: Key | undefined): string | null => (row === undefined ? null : (defaultOf(row)?.text ?? null))

/** Applies operations on a broker's keys the way the receiving broker foresees them. */
const foresee = (current: Overrides, operations: ReadonlyArray<ConfigOperation>): Result.Result<Overrides, Refusal> => {
  const next = new Map(current)
  for (const { name, operation, value } of operations) {
    if (operation === Operation.delete || value === null) next.delete(name)
    else if (operation === Operation.set) next.set(name, value)
    else {
      const row = brokerTable.get(name)
      if (row === undefined) return Result.fail(refuse(INVALID_CONFIG, `Unknown config name: ${name}`))
      if (row.type !== "list") {
        const word = operation === Operation.append ? "append" : "subtract"
        return Result.fail(refuse(INVALID_CONFIG, `Config value ${word} is not allowed for config key: ${name}`))
      }
      next.set(name, combine(operation, current.get(name) ?? defaultText(row), value))
    }
  }
  return Result.succeed(next)
}

/** Whether a resource occurs twice in a request; each of them is then refused. */
export const repeatedResource: Refusal = refuse(INVALID_REQUEST, "Each resource must appear at most once.")

/** What a request may not say whatever its resource is. */
const checkForm = (operations: ReadonlyArray<ConfigOperation>): Refusal | null => {
  if (hasRepeats(operations.map((each) => each.name)))
    return refuse(INVALID_REQUEST, "Error due to duplicate config keys")
  const nulls = nullValues(operations)
  if (nulls.length > 0) return refuse(INVALID_REQUEST, `Null value not supported for : ${nulls.join(", ")}`)
  const unknown = operations.find((each) => !isKnown(each.operation))
  return unknown === undefined ? null : refuse(INVALID_REQUEST, `Unknown operations type ${unknown.operation}`)
}

/**
 * The receiving broker's check of one resource of IncrementalAlterConfigs, before it is sent to the controller. For a
 * broker resource `snapshot` must be that of the broker named.
 */
export const checkOnBroker = (
  snapshot: BrokerSnapshot,
  resource: Resource,
  operations: ReadonlyArray<ConfigOperation>
): Refusal | null => {
  const malformed = checkForm(operations)
  if (malformed !== null || resource.type !== ResourceType.broker) return malformed
  const perBroker = resource.name !== ""
  const next = foresee(perBroker ? snapshot.perBroker : snapshot.clusterDefault, operations)
  return Result.isFailure(next) ? next.failure : validateBroker(snapshot, next.success, perBroker)
}

/** The receiving broker's check of one resource of AlterConfigs (key 33), which replaces all values. */
export const checkReplacementOnBroker = (
  snapshot: BrokerSnapshot,
  resource: Resource,
  configs: ReadonlyArray<{ readonly name: string; readonly value: string | null }>
): Refusal | null => {
  const malformed = checkForm(configs.map(({ name, value }) => ({ name, operation: Operation.set, value })))
  if (malformed !== null) return malformed
  if (resource.type === ResourceType.brokerLogger) {
    return refuse(INVALID_REQUEST, `Unknown resource type ${resource.type}`)
  }
  if (resource.type !== ResourceType.broker) return null
  const next = new Map(configs.map(({ name, value }) => [name, value ?? ""]))
  return validateBroker(snapshot, next, resource.name !== "")
}

/** Only topics and brokers have keys the controller knows to be lists. */
const listRow = (resource: Resource, name: string): Key | null => {
  const table = resource.type === ResourceType.topic ? topicTable : brokerTable
  const row =
    resource.type === ResourceType.topic || resource.type === ResourceType.broker ? table.get(name) : undefined
  return row?.type === "list" ? row : null
}

const nextValue = (
  resource: Resource,
  current: Overrides,
  { name, operation, value }: ConfigOperation
): Result.Result<string | null, Refusal> => {
  if (operation === Operation.delete) return Result.succeed(null)
  if (operation === Operation.set) return Result.succeed(value)
  const row = listRow(resource, name)
  if (row === null) {
    const word = operation === Operation.append ? "APPEND" : "SUBTRACT"
    return Result.fail(refuse(INVALID_CONFIG, `Can't ${word} to key ${name} because its type is not LIST.`))
  }
  return Result.succeed(combine(operation, current.get(name) ?? defaultText(row), value ?? ""))
}

const after = (current: Overrides, change: ConfigChange): Overrides => {
  const next = new Map(current)
  for (const [name, value] of change) {
    if (value === null) next.delete(name)
    else next.set(name, value)
  }
  return next
}

/** A broker's values are written anew though unchanged, so that files they name are read again (KAFKA-14136). */
const isNews = (resource: Resource, current: Overrides, name: string, value: string | null): boolean =>
  resource.type === ResourceType.broker || (current.get(name) ?? null) !== value

/**
 * The controller's decision on one resource of IncrementalAlterConfigs. `current` are the resource's values in the metadata;
 * whether the resource exists is for the caller to say.
 */
export const decide = (
  snapshot: BrokerSnapshot,
  resource: Resource,
  current: Overrides,
  operations: ReadonlyArray<ConfigOperation>
): Result.Result<ConfigChange, Refusal> => {
  const change = new Map<string, string | null>()
  for (const operation of operations) {
    const value = nextValue(resource, current, operation)
    if (Result.isFailure(value)) return Result.fail(value.failure)
    if (isNews(resource, current, operation.name, value.success)) change.set(operation.name, value.success)
  }
  const refusal = validateResource(snapshot, resource, after(current, change))
  return refusal === null ? Result.succeed(change) : Result.fail(refusal)
}

/** The controller's decision on one resource of AlterConfigs: what is not named falls back to its default. */
export const replaceAll = (
  snapshot: BrokerSnapshot,
  resource: Resource,
  current: Overrides,
  configs: Overrides
): Result.Result<ConfigChange, Refusal> => {
  const change = new Map<string, string | null>()
  for (const [name, value] of configs) if (isNews(resource, current, name, value)) change.set(name, value)
  for (const name of current.keys()) if (!configs.has(name)) change.set(name, null)
  const refusal = validateResource(snapshot, resource, configs)
  return refusal === null ? Result.succeed(change) : Result.fail(refusal)
}
