/** Configurations of topics, brokers, groups, loggers and client metrics: described, altered key by key, listed. */
import { DescribeConfigsRequest, DescribeConfigsResponse } from "@klamm/protocol/api/32-DescribeConfigs"
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse
} from "@klamm/protocol/api/44-IncrementalAlterConfigs"
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from "@klamm/protocol/api/74-ListConfigResources"
import * as Effect from "effect/Effect"
import {
  type Admin,
  anyBroker,
  ask,
  broker,
  failureOf,
  failuresOf,
  groupBy,
  names,
  outcome,
  type Target
} from "./Call.ts"

const resourceTypes = names({ topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 })
/** What has settings of its own. */
export type ConfigResourceType = Parameters<typeof resourceTypes.numberOf>[0]

/** `{ type: "broker", name: "" }` are the defaults of all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

const sources = names({
  topic: 1,
  dynamicBroker: 2,
  dynamicBrokerDefault: 3,
  static: 4,
  default: 5,
  dynamicBrokerLogger: 6,
  clientMetrics: 7,
  group: 8
})
const types = names({ boolean: 1, string: 2, int: 3, short: 4, long: 5, double: 6, list: 7, class: 8, password: 9 })

/** One setting as the broker sees it: its value, where that comes from, and whether it can be changed. */
export interface ConfigEntry {
  readonly name: string
  /** Null when it is unset, or sensitive. */
  readonly value: string | null
  readonly source: ReturnType<typeof sources.nameOf>
  readonly type: ReturnType<typeof types.nameOf>
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  /** Where the value could come from, the strongest first; with `synonyms`. */
  readonly synonyms: ReadonlyArray<{
    readonly name: string
    readonly value: string | null
    readonly source: ReturnType<typeof sources.nameOf>
  }>
  /** With `documentation`. */
  readonly documentation: string | null
}

/** The settings of one resource. */
export interface ResourceConfig {
  readonly resource: ConfigResource
  readonly configs: ReadonlyArray<ConfigEntry>
}

const printed = (type: number, name: string): string => `${resourceTypes.nameOf(type)} ${name}`

/** What only the broker itself knows, and can be asked for. */
const targetOf = ({ type, name }: ConfigResource): Target =>
  (type === "broker" && name !== "") || type === "brokerLogger" ? broker(Number(name)) : anyBroker

/** Each resource where it can be answered, all at once. */
const perTarget = <R extends ConfigResource, A>(
  resources: ReadonlyArray<R>,
  each: (target: Target, mine: ReadonlyArray<R>) => Admin<ReadonlyArray<A>>
): Admin<ReadonlyArray<A>> => {
  const groups = groupBy(resources, (resource) => JSON.stringify(targetOf(resource)))
  const calls = groups.map(([, mine]) => each(targetOf(mine[0]!), mine))
  return Effect.map(Effect.all(calls, { concurrency: "unbounded" }), (answers) => answers.flat())
}

/** What is told of each setting besides its value. */
export interface DescribeConfigsOptions {
  /** Only these. */
  readonly keys?: ReadonlyArray<string>
  readonly synonyms?: boolean
  readonly documentation?: boolean
}

/**
 * The settings of resources, by Kafka's names, those with default values included. Settings of one broker are asked of
 * that broker. Fails with AdminError, which names the resources.
 */
export const describeConfigs = (
  resources: ReadonlyArray<ConfigResource>,
  options: DescribeConfigsOptions = {}
): Admin<ReadonlyArray<ResourceConfig>> =>
  perTarget(resources, (target, mine) =>
    ask({
      operation: "describeConfigs",
      target,
      api: { request: DescribeConfigsRequest, response: DescribeConfigsResponse },
      body: {
        resources: mine.map(({ type, name }) => ({
          resourceType: resourceTypes.numberOf(type),
          resourceName: name,
          configurationKeys: options.keys ?? null
        })),
        includeSynonyms: options.synonyms ?? false,
        includeDocumentation: options.documentation ?? false
      },
      read: ({ results }) =>
        outcome(
          results.map(({ resourceType, resourceName, configs }): ResourceConfig => {
            const type = resourceTypes.nameOf(resourceType)
            return {
              resource: { type: type === "unknown" ? "topic" : type, name: resourceName },
              configs: configs.map((entry) => ({
                name: entry.name,
                value: entry.value,
                source: sources.nameOf(entry.configSource),
                type: types.nameOf(entry.configType),
                isReadOnly: entry.readOnly,
                isSensitive: entry.isSensitive,
                synonyms: entry.synonyms.map(({ name, value, source }) => ({
                  name,
                  value,
                  source: sources.nameOf(source)
                })),
                documentation: entry.documentation
              }))
            }
          }),
          failuresOf(results, ({ resourceType, resourceName }) => printed(resourceType, resourceName)),
          results.length
        )
    })
  )

/** `set` a value, `delete` what was set, `append` to a list, `subtract` from it. */
export type ConfigChange =
  | { readonly name: string; readonly set: string }
  | { readonly name: string; readonly delete: true }
  | { readonly name: string; readonly append: string }
  | { readonly name: string; readonly subtract: string }

const operationOf = (change: ConfigChange): { configOperation: number; value: string | null } => {
  if ("set" in change) return { configOperation: 0, value: change.set }
  if ("append" in change) return { configOperation: 2, value: change.append }
  if ("subtract" in change) return { configOperation: 3, value: change.subtract }
  return { configOperation: 1, value: null }
}

/** Changes the keys named, and no other (KIP-339). */
export const alterConfigs = (
  resources: ReadonlyArray<ConfigResource & { readonly changes: ReadonlyArray<ConfigChange> }>,
  options: { readonly validateOnly?: boolean } = {}
): Admin<void> =>
  Effect.asVoid(
    perTarget(resources, (target, mine) =>
      ask({
        operation: "alterConfigs",
        target,
        api: { request: IncrementalAlterConfigsRequest, response: IncrementalAlterConfigsResponse },
        body: {
          resources: mine.map(({ type, name, changes }) => ({
            resourceType: resourceTypes.numberOf(type),
            resourceName: name,
            configs: changes.map((change) => ({ name: change.name, ...operationOf(change) }))
          })),
          validateOnly: options.validateOnly ?? false
        },
        read: ({ responses }) =>
          outcome<ReadonlyArray<never>>(
            [],
            failuresOf(responses, ({ resourceType, resourceName }) => printed(resourceType, resourceName)),
            responses.length
          )
      })
    )
  )

/** Resources that have a configuration of their own; of all types unless said (KIP-1142). */
export const listConfigResources = (
  kinds: ReadonlyArray<ConfigResourceType> = []
): Admin<ReadonlyArray<ConfigResource>> =>
  ask({
    operation: "listConfigResources",
    target: anyBroker,
    api: { request: ListConfigResourcesRequest, response: ListConfigResourcesResponse },
    body: (version) => (version === 0 ? {} : { resourceTypes: kinds.map(resourceTypes.numberOf) }),
    read: (answer) =>
      outcome(
        answer.configResources.flatMap(({ resourceType, resourceName }): ReadonlyArray<ConfigResource> => {
          const type = resourceTypes.nameOf(resourceType)
          return type === "unknown" ? [] : [{ type, name: resourceName }]
        }),
        failureOf("", answer)
      )
  })
