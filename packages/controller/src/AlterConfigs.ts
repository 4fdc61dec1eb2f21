/**
 * Changing dynamic configuration (behaviours 191, 192): the rules are `@klamm/config/Alter`'s; here they meet the resources that
 * exist. Resources are decided one by one and commit as one.
 */
import * as Alter from "@klamm/config/Alter"
import type { BrokerSnapshot } from "@klamm/config/BrokerConfig"
import { Brokers, type MetadataRecordInput, normalize, PartitionIndex, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Utf8 from "@klamm/protocol/Utf8"
import * as Result from "effect/Result"
import { type Failure, failure, ok } from "./Answer.ts"
import { bounded } from "./Bounded.ts"
import * as Features from "./Features.ts"
import { partitionRules } from "./PartitionRules.ts"
import { type ControllerState, configsOf, replay, type Settings } from "./State.ts"
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

const minIsrKey = "min.insync.replicas"

/** With ELRs the smallest ISR is the topic's or the cluster's, so that all nodes agree on who is eligible (KIP-966). */
const refusedWithElrs = (
  state: ControllerState,
  { type, name }: Alter.Resource,
  changes: Alter.ConfigChange
): Failure | undefined => {
  if (type !== Alter.ResourceType.broker || !changes.has(minIsrKey) || !Features.isElrEnabled(state.image))
    return undefined
  if (name !== "") {
    const message = `Broker-level ${minIsrKey} cannot be altered while ELR is enabled.`
    return failure(ErrorCode.INVALID_CONFIG, message)
  }
  if (changes.get(minIsrKey) !== null) return undefined
  return failure(ErrorCode.INVALID_CONFIG, `Cluster-level ${minIsrKey} cannot be removed while ELR is enabled.`)
}

/**
 * Who is eligible after the smallest ISR has changed: (1) the ISR is one short, so its last member to leave is in the ELR; (2) the
 * smallest ISR is lowered, and the leader acknowledges alone; (3) who is in the ELR still would lead without that. So the ELRs change
 * with the configuration, in one batch.
 */
const withElrs = (
  state: ControllerState,
  settings: Settings,
  records: ReadonlyArray<MetadataRecordInput>
): ReadonlyArray<MetadataRecordInput> => {
  if (!records.some((record) => record._tag === "Config" && record.name === minIsrKey)) return records
  const later = replay(state, records.map(normalize))
  const rules = partitionRules(later, settings)
  const changes = Topics.partitionsOf(state.image.topics, PartitionIndex.eligible).flatMap(
    ({ topic, partition }) => rules.change(topic, partition, {}) ?? []
  )
  return [...records, ...changes]
}

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
  const absent = missing(state, resource) ?? refusedWithElrs(state, resource, decided.success)
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
  return bounded(withElrs(state, settings, records), reply, command.validateOnly, (each, failed) => ({
    ...each,
    ...failed
  }))
}
