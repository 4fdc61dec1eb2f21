/**
 * ApiVersions (key 18): what this broker serves, taken from the handlers themselves, so that it can't promise more. Behaviours
 * 001 to 006: a version above ours is answered in v0 with error 35 and our own range; the header is always v0.
 */

import { ProduceRequest } from "@klamm/protocol/api/00-Produce"
import { ApiVersionsRequest, ApiVersionsResponse } from "@klamm/protocol/api/18-ApiVersions"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { Cluster } from "../Cluster.ts"
import { answerWith, apiName, completed, decodeBody, type Handler, isHangup } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof ApiVersionsRequest.Type
type Response = typeof ApiVersionsResponse.Input

/** KIP-511: names and versions are letters and digits, with dots and dashes inside. */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** librdkafka takes a Produce minimum above 0 as a sign of no compression, so 0 is told (KAFKA-18659, behaviour 006). */
const advertisedMinimum = (handler: Handler): number => (handler.key === ProduceRequest.key ? 0 : handler.minVersion)

const rangeOf = (handler: Handler) => ({
  apiKey: handler.key,
  minVersion: advertisedMinimum(handler),
  maxVersion: handler.maxVersion
})

const features = (cluster: Cluster, apiVersion: number): Partial<Response> => {
  const known = cluster.features()
  return {
    supportedFeatures: known
      .filter((feature) => apiVersion >= 4 || feature.minVersion > 0)
      .map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
    finalizedFeaturesEpoch: cluster.offset,
    finalizedFeatures: known
      .filter((feature) => feature.level > 0)
      .map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level }))
  }
}

const isWellFormed = (request: Request, apiVersion: number): boolean =>
  apiVersion < 3 || (softwareName.test(request.clientSoftwareName) && softwareName.test(request.clientSoftwareVersion))

/** KIP-1242: a client that names the cluster or the node it means to reach has to be right about both. */
const misrouted = (services: ControlServices, request: Request): number => {
  const { clusterId, nodeId } = request
  if ((clusterId === null) !== (nodeId === -1)) return ErrorCode.INVALID_REQUEST
  if (clusterId === null) return ErrorCode.NONE
  return clusterId === services.clusterId && nodeId === services.nodeId
    ? ErrorCode.NONE
    : ErrorCode.REBOOTSTRAP_REQUIRED
}

/** `handlers` is asked for late: this handler is one of them. */
export const apiVersions = (services: ControlServices, handlers: () => ReadonlyArray<Handler>): Handler => {
  const { min, max } = ApiVersionsRequest.versions
  const unsupported = {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: ApiVersionsRequest.key, minVersion: min, maxVersion: max }]
  }
  return {
    key: ApiVersionsRequest.key,
    name: apiName(ApiVersionsRequest),
    minVersion: min,
    maxVersion: max,
    pipelined: false,
    begin: (reader, frame, { apiVersion }) =>
      Effect.sync(() => {
        frame.release()
        if (apiVersion < min || apiVersion > max) return completed(answerWith(ApiVersionsResponse, 0, unsupported))
        const request = decodeBody(ApiVersionsRequest, apiVersion, reader)
        if (isHangup(request)) return completed(request)
        const errorCode = isWellFormed(request, apiVersion) ? misrouted(services, request) : ErrorCode.INVALID_REQUEST
        if (errorCode !== ErrorCode.NONE) {
          return completed(answerWith(ApiVersionsResponse, apiVersion, { errorCode, apiKeys: [] }))
        }
        const apiKeys = handlers()
          .map(rangeOf)
          .sort((one, other) => one.apiKey - other.apiKey)
        const body = { errorCode, apiKeys, ...features(services.cluster(), apiVersion) }
        return completed(answerWith(ApiVersionsResponse, apiVersion, body))
      })
  }
}
