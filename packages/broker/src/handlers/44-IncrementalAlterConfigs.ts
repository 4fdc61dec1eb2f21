/**
 * IncrementalAlterConfigs (key 44, KIP-339): sets, deletes, appends to and subtracts from single values. Behaviour 191. This broker
 * has no loggers whose level could be set.
 */
import { checkOnBroker, type Refusal, ResourceType } from "@klamm/config/Alter"
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse
} from "@klamm/protocol/api/44-IncrementalAlterConfigs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Asked, alterResources } from "../AlterResources.ts"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

type Resource = (typeof IncrementalAlterConfigsRequest.Type)["resources"][number]

const noLogger = ({ resourceType, configs }: Resource): Refusal | null =>
  resourceType === ResourceType.brokerLogger && configs[0] !== undefined
    ? { errorCode: ErrorCode.INVALID_CONFIG, message: `Logger ${configs[0].name} does not exist!` }
    : null

const askedFor = (services: ControlServices, asked: Resource): Asked => {
  const { resourceType, resourceName, configs } = asked
  const resource = { type: resourceType, name: resourceName }
  const operations = configs.map(({ name, configOperation: operation, value }) => ({ name, operation, value }))
  return {
    resource,
    refusal: checkOnBroker(services.config(), resource, operations) ?? noLogger(asked),
    change: { _tag: "Incremental", operations }
  }
}

export const incrementalAlterConfigs = (services: ControlServices): Handler =>
  handler(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, ({ resources, validateOnly }) => {
    const asked = resources.map((resource) => askedFor(services, resource))
    return Effect.map(alterResources(services, asked, validateOnly), (responses) => ({ responses }))
  })
