/**
 * AlterConfigs (key 33): replaces all dynamic values of each resource. Behaviour 192.
 */
import { checkReplacementOnBroker } from "@klamm/config/Alter"
import { AlterConfigsRequest, AlterConfigsResponse } from "@klamm/protocol/api/33-AlterConfigs"
import * as Effect from "effect/Effect"
import { type Asked, alterResources } from "../AlterResources.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Resource = (typeof AlterConfigsRequest.Type)["resources"][number]

const askedFor = (services: Services, { resourceType, resourceName, configs }: Resource): Asked => {
  const resource = { type: resourceType, name: resourceName }
  return {
    resource,
    refusal: checkReplacementOnBroker(services.config(), resource, configs),
    change: { _tag: "Replace", configs: new Map(configs.map(({ name, value }) => [name, value ?? ""])) }
  }
}

export const alterConfigs = (services: Services): Handler =>
  handler(AlterConfigsRequest, AlterConfigsResponse, ({ resources, validateOnly }) => {
    const asked = resources.map((resource) => askedFor(services, resource))
    return Effect.map(alterResources(services, asked, validateOnly), (responses) => ({ responses }))
  })
