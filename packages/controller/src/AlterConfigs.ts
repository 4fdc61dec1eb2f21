/**
 * Changing dynamic configuration (behaviours 191, 192): the rules are `@klamm/config/Alter`'s; here they meet the resources that
 * exist. Resources are decided one by one and commit as one.
 */
import * as Alter from "@klamm/config/Alter"
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Utf8 from "@klamm/protocol/Utf8"
import * as Result from "effect/Result"
import { type Failure, failure, ok } from "./Answer.ts"
import { bounded } from "./Bounded.ts"
import { type ControllerState, configsOf, type Settings } from "./State.ts"
import { illegal } from "./TopicNames.ts"

export interface AlteredResource {
  readonly resource: Alter.Resource
  readonly change:
    | { readonly _tag: "Incremental"; readonly operations: ReadonlyArray<Alter.ConfigOperation> }
    | { readonly _tag: "Replace"; readonly configs: ReadonlyMap<string, string> }
}

export interface AlterConfigs {
  readonly _tag: "AlterConfigs"
  readonly resources: ReadonlyArray<AlteredResource>
  readonly validateOnly: boolean
}

export interface ConfigsAltered extends Failure {
  readonly resource: Alter.Resource
}

/** What a value may take in the log, in bytes: as much as a string of the protocol. APPEND makes them longer than a request can. */
const maxValueBytes = 32_767

const oversized = failure(
  ErrorCode.INVALID_CONFIG,
  `The configuration value cannot be added because it exceeds the maximum value size of ${maxValueBytes} bytes.`
)

const isOversized = (value: string | null): boolean => value !== null && Utf8.byteLength(value) > maxValueBytes

/** Whether the resource is there to be configured; asked last, of a change that is sound in itself. */
const missing = (state: ControllerState, { type, name }: Alter.Resource): Failure | undefined => {
  if (type === Alter.ResourceType.topic && name === "") {
    return failure(ErrorCode.INVALID_REQUEST, "Default topic resources are not allowed.")
  }
  const reason = type === Alter.ResourceType.topic ? illegal(name) : undefined
  if (reason !== undefined) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
  if (type === Alter.ResourceType.topic && Topics.byName(state.image.topics, name) === undefined) {
    return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  }
  if (type !== Alter.ResourceType.broker || name === "") return undefined
  return Brokers.get(state.image.brokers, Number(name)) === undefined
    ? failure(ErrorCode.BROKER_ID_NOT_REGISTERED, `No node with id ${name} found.`)
    : undefined
}

const alterOne = (state: ControllerState, snapshot: BrokerSnapshot, { resource, change }: AlteredResource) => {
  const current = configsOf(state, resource.type, resource.name)
  const decided =
    change._tag === "Incremental"
      ? Alter.decide(snapshot, resource, current, change.operations)
      : Alter.replaceAll(snapshot, resource, current, change.configs)
  if (Result.isFailure(decided)) {
    return { failed: failure(decided.failure.errorCode, decided.failure.message), records: [] }
  }
  if ([...decided.success.values()].some(isOversized)) return { failed: oversized, records: [] }
  const absent = missing(state, resource)
  if (absent !== undefined) return { failed: absent, records: [] }
  const records = [...decided.success].map(
    ([name, value]): MetadataRecordInput => ({
      _tag: "Config",
      resourceType: resource.type,
      resourceName: resource.name,
      name,
      value
    })
  )
  return { failed: ok, records }
}

export const alterConfigs = (state: ControllerState, settings: Settings, command: AlterConfigs) => {
  const snapshot = settings.snapshot(state.image)
  const records: Array<MetadataRecordInput> = []
  const reply: Array<ConfigsAltered> = []
  for (const altered of command.resources) {
    const decided = alterOne(state, snapshot, altered)
    reply.push({ resource: altered.resource, ...decided.failed })
    records.push(...decided.records)
  }
  return bounded(records, reply, command.validateOnly, (each, failed) => ({ ...each, ...failed }))
}
