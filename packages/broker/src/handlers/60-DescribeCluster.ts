/**
 * DescribeCluster (key 60, KIP-700): cluster id, controller and brokers. Endpoint type 1 is brokers, 2 controllers (KIP-919);
 * fenced brokers are listed on demand from v2.
 */
import { DescribeClusterRequest, DescribeClusterResponse } from "@klamm/protocol/api/60-DescribeCluster"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { clusterOperations } from "../Operations.ts"
import type { Services } from "../Services.ts"

const brokerEndpoints = 1
const controllerEndpoints = 2

export const describeCluster = (services: Services): Handler =>
  handler(DescribeClusterRequest, DescribeClusterResponse, (request, { listenerName }) =>
    Effect.sync(() => {
      const { endpointType } = request
      if (endpointType !== brokerEndpoints) {
        const known = endpointType === controllerEndpoints
        return {
          throttleTimeMs: 0,
          errorCode: known ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: known
            ? "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"
            : `Unsupported endpoint type ${endpointType}`,
          clusterId: "",
          brokers: []
        }
      }
      const brokers = services
        .cluster()
        .brokers()
        .flatMap(({ id, rack, fenced, endpoints }) => {
          const endpoint = endpoints.get(listenerName)
          if (endpoint === undefined || (fenced && !request.includeFencedBrokers)) return []
          return [{ brokerId: id, host: endpoint.host, port: endpoint.port, rack, isFenced: fenced }]
        })
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        endpointType,
        clusterId: services.clusterId,
        controllerId: brokers.find((broker) => !broker.isFenced)?.brokerId ?? -1,
        brokers,
        ...(request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: clusterOperations } : {})
      }
    })
  )
