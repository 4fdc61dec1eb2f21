/**
 * ListConfigResources (key 74, KIP-1142): the resources that can be described or altered. v0 knows only client metrics.
 */
import { ResourceType } from "@klamm/config/Alter"
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from "@klamm/protocol/api/74-ListConfigResources"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

const all: ReadonlyArray<number> = [
  ResourceType.topic,
  ResourceType.brokerLogger,
  ResourceType.broker,
  ResourceType.clientMetrics,
  ResourceType.group
]

const namesOf = (services: Services, resourceType: number): ReadonlyArray<string> => {
  const cluster = services.cluster()
  switch (resourceType) {
    case ResourceType.topic:
      return cluster.topics().map((topic) => topic.name)
    case ResourceType.broker:
    case ResourceType.brokerLogger:
      return cluster.brokers().map((broker) => String(broker.id))
    default:
      return cluster.configuredResources(resourceType)
  }
}

export const listConfigResources = (services: Services): Handler =>
  handler(ListConfigResourcesRequest, ListConfigResourcesResponse, (request, { apiVersion }) =>
    Effect.sync(() => {
      const asked = apiVersion === 0 ? [ResourceType.clientMetrics] : request.resourceTypes
      const types = asked.length === 0 ? all : [...new Set(asked)]
      if (types.some((type) => !all.includes(type))) {
        return { throttleTimeMs: 0, errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
      }
      const configResources = types.flatMap((resourceType) =>
        namesOf(services, resourceType).map((resourceName) => ({ resourceName, resourceType }))
      )
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, configResources }
    })
  )
