/**
 * DescribeConfigs (key 32): reads the configuration of topics, brokers, groups and client metrics. Flexible from v4.
 *
 * - v1: synonyms (KIP-226)
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: request +includeDocumentation; response +configType, documentation
 * - v4: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeConfigsResource = f.struct({
  resourceType: f.int8,
  resourceName: f.string,
  configurationKeys: f.array(f.string).nulls()
})
export type DescribeConfigsResource = typeof DescribeConfigsResource.Type

export const DescribeConfigsRequest = message(
  "DescribeConfigsRequest",
  { key: 32, versions: "1-4", flexible: "4+" },
  {
    resources: f.array(DescribeConfigsResource),
    includeSynonyms: f.bool.default(false),
    includeDocumentation: f.bool.since("3+")
  }
)
export type DescribeConfigsRequest = typeof DescribeConfigsRequest.Type

export const DescribeConfigsSynonym = f.struct({
  name: f.string,
  value: f.string.nulls(),
  source: f.int8
})
export type DescribeConfigsSynonym = typeof DescribeConfigsSynonym.Type

export const DescribeConfigsResourceResult = f.struct({
  name: f.string,
  value: f.string.nulls(),
  readOnly: f.bool,
  configSource: f.int8.default(-1),
  isSensitive: f.bool,
  synonyms: f.array(DescribeConfigsSynonym),
  configType: f.int8.since("3+").ignorable(),
  documentation: f.string.since("3+").nulls().ignorable()
})
export type DescribeConfigsResourceResult = typeof DescribeConfigsResourceResult.Type

export const DescribeConfigsResult = f.struct({
  errorCode: f.int16,
  errorMessage: f.string.nulls(),
  resourceType: f.int8,
  resourceName: f.string,
  configs: f.array(DescribeConfigsResourceResult)
})
export type DescribeConfigsResult = typeof DescribeConfigsResult.Type

export const DescribeConfigsResponse = message(
  "DescribeConfigsResponse",
  { key: 32, versions: "1-4", flexible: "4+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(DescribeConfigsResult)
  }
)
export type DescribeConfigsResponse = typeof DescribeConfigsResponse.Type
