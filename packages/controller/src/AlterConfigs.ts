/**
 * Changing dynamic configuration (behaviours 191, 192): the rules are `@klamm/config/Alter`'s; here they meet the resources that
 * exist. Resources are decided one by one and commit as one.
 */
import * as Alter from "@klamm/config/Alter"
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Result from "effect/Result"
import { type Failure, failure, ok } from "./Answer.ts"
import { bounded } from "./Bounded.ts"
import { type ControllerState, configsOf, type Settings } from "./State.ts"

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

const brokerId = /^-?[0-9]+$/

/** Whether the resource is there to be configured. */
const missing = (state: ControllerState, { type, name }: Alter.Resource): Failure | undefined => {
  if (type === Alter.ResourceType.topic && Topics.byName(state.image.topics, name) === undefined) {
    return failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  }
  if (type !== Alter.ResourceType.broker || name === "") return undefined
  if (!brokerId.test(name)) return failure(ErrorCode.INVALID_REQUEST, `Invalid broker name ${name}`)
  return Brokers.get(state.image.brokers, Number(name)) === undefined
    ? failure(ErrorCode.BROKER_ID_NOT_REGISTERED, `No broker with id ${name} found.`)
    : undefined
}

const alterOne = (state: ControllerState, settings: Settings, { resource, change }: AlteredResource) => {
  const absent = missing(state, resource)
  if (absent !== undefined) return { failed: absent, records: [] }
  const current = configsOf(state, resource.type, resource.name)
  const snapshot = settings.snapshot(state.image)
  const decided =
    change._tag === "Incremental"
      ? Alter.decide(snapshot, resource, current, change.operations)
      : Alter.replaceAll(snapshot, resource, current, change.configs)
  if (Result.isFailure(decided)) {
    return { failed: failure(decided.failure.errorCode, decided.failure.message), records: [] }
  }
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
  const records: Array<MetadataRecordInput> = []
  const reply: Array<ConfigsAltered> = []
  for (const altered of command.resources) {
    const decided = alterOne(state, settings, altered)
    reply.push({ resource: altered.resource, ...decided.failed })
    if (!command.validateOnly) records.push(...decided.records)
  }
  return bounded(records, reply)
}
