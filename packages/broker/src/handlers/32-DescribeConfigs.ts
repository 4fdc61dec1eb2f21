/**
 * DescribeConfigs (key 32): the configuration of topics, this broker, the cluster's default, groups and client metrics. What is told
 * is `@klamm/config/Describe`'s; here a resource is found or refused (Kafka's ConfigHelper, behaviours 187 to 190).
 */
import { ResourceType } from "@klamm/config/Alter"
import { noOverrides } from "@klamm/config/BrokerConfig"
import * as Describe from "@klamm/config/Describe"
import { illegalTopicName } from "@klamm/controller"
import { DescribeConfigsRequest, DescribeConfigsResponse } from "@klamm/protocol/api/32-DescribeConfigs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof DescribeConfigsRequest.Type
type Resource = Request["resources"][number]
type Found = ReadonlyArray<Describe.Described> | { readonly errorCode: number; readonly message: string | null }

const invalid = (message: string): Found => ({ errorCode: ErrorCode.INVALID_REQUEST, message })

const describeTopic = (services: ControlServices, name: string, options: Describe.DescribeOptions): Found => {
  const reason = illegalTopicName(name)
  if (reason !== undefined) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, message: reason }
  const cluster = services.cluster()
  if (cluster.topicByName(name) === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message: "" }
  return Describe.topic(services.config(), cluster.configs(ResourceType.topic, name), options)
}

/** Only the broker itself knows its own configuration. */
const otherBroker = (services: ControlServices, name: string, expected: string): Found | undefined => {
  if (!/^[+-]?[0-9]+$/.test(name)) return invalid(`Broker id must be an integer, but it is: ${name}`)
  return Number(name) === services.nodeId
    ? undefined
    : invalid(`Unexpected broker id, expected ${expected} but received ${name}`)
}

const describe = (services: ControlServices, resource: Resource, options: Describe.DescribeOptions): Found => {
  const { resourceType, resourceName: name } = resource
  const overrides = services.cluster().configs(resourceType, name)
  switch (resourceType) {
    case ResourceType.topic:
      return describeTopic(services, name, options)
    case ResourceType.broker:
      if (name === "") return Describe.clusterDefault(services.config(), options)
      return (
        otherBroker(services, name, `${services.nodeId} or empty string,`) ??
        Describe.broker(services.config(), options)
      )
    case ResourceType.brokerLogger:
      if (name === "") return invalid("Broker id must not be empty")
      return otherBroker(services, name, `${services.nodeId}`) ?? Describe.brokerLoggers(noOverrides, options)
    case ResourceType.clientMetrics:
      if (name === "") return invalid("Client metrics subscription name must not be empty")
      return Describe.clientMetrics(overrides, options)
    case ResourceType.group:
      if (name === "") return invalid("Group name must not be empty")
      return Describe.group(services.config(), overrides, options)
    default:
      return invalid(`Unsupported resource type: ${resourceType}`)
  }
}

const configAnswer = (described: Describe.Described) => ({
  name: described.name,
  value: described.value,
  readOnly: described.readOnly,
  configSource: described.source,
  isSensitive: described.isSensitive,
  synonyms: described.synonyms,
  configType: described.type,
  documentation: described.documentation
})

const resourceAnswer = (services: ControlServices, request: Request, resource: Resource) => {
  const { resourceType, resourceName, configurationKeys: names } = resource
  const { includeSynonyms, includeDocumentation } = request
  const found = describe(services, resource, { names, includeSynonyms, includeDocumentation })
  if ("errorCode" in found) {
    return { resourceType, resourceName, errorCode: found.errorCode, errorMessage: found.message, configs: [] }
  }
  const configs = found.map(configAnswer)
  return { resourceType, resourceName, errorCode: ErrorCode.NONE, errorMessage: "", configs }
}

export const describeConfigs = (services: ControlServices): Handler =>
  handler(DescribeConfigsRequest, DescribeConfigsResponse, (request) =>
    Effect.sync(() => ({
      results: request.resources.map((resource) => resourceAnswer(services, request, resource))
    }))
  )
