/**
 * DescribeCluster (key 60, KIP-700): cluster id, controller and nodes. Endpoint type 1 is brokers, told on brokers' listeners; 2 is
 * controllers, told on controllers' (KIP-919). Fenced brokers are listed on demand from v2.
 */
import { DescribeClusterRequest, DescribeClusterResponse } from "@klamm/protocol/api/60-DescribeCluster"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { clusterOperations } from "../Operations.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof DescribeClusterRequest.Type
type Nodes = (typeof DescribeClusterResponse.Input)["brokers"]

const brokerEndpoints = 1
const controllerEndpoints = 2
const names = new Map([
  [brokerEndpoints, "BROKER"],
  [controllerEndpoints, "CONTROLLER"]
])

const refuse = (asked: number, served: number) => {
  const wanted = names.get(asked)
  return {
    throttleTimeMs: 0,
    errorCode: wanted === undefined ? ErrorCode.UNSUPPORTED_ENDPOINT_TYPE : ErrorCode.MISMATCHED_ENDPOINT_TYPE,
    errorMessage:
      wanted === undefined
        ? `Unsupported endpoint type ${asked}`
        : `The request was sent to an endpoint of type ${names.get(served)}, but we wanted an endpoint of type ${wanted}`,
    clusterId: "",
    brokers: []
  }
}

const answer = (services: ControlServices, request: Request, controllerId: number, brokers: Nodes) => ({
  throttleTimeMs: 0,
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  endpointType: request.endpointType,
  clusterId: services.clusterId,
  controllerId,
  brokers,
  ...(request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: clusterOperations } : {})
})

/** On the listeners of brokers. */
export const describeCluster = (services: ControlServices): Handler =>
  handler(DescribeClusterRequest, DescribeClusterResponse, (request, { listenerName }) =>
    Effect.sync(() => {
      if (request.endpointType !== brokerEndpoints) return refuse(request.endpointType, brokerEndpoints)
      const brokers = services
        .cluster()
        .brokers()
        .flatMap(({ id, rack, fenced, endpoints }) => {
          const endpoint = endpoints.get(listenerName)
          if (endpoint === undefined || (fenced && !request.includeFencedBrokers)) return []
          return [{ brokerId: id, host: endpoint.host, port: endpoint.port, rack, isFenced: fenced }]
        })
      return answer(services, request, brokers.find((broker) => !broker.isFenced)?.brokerId ?? -1, brokers)
    })
  )

/** On the listeners of controllers. */
export const describeControllers = (services: ControlServices): Handler =>
  handler(DescribeClusterRequest, DescribeClusterResponse, (request, { listenerName }) =>
    Effect.sync(() => {
      if (request.endpointType !== controllerEndpoints) return refuse(request.endpointType, controllerEndpoints)
      const controllers = services
        .cluster()
        .controllers()
        .flatMap(({ id, endpoints }) => {
          const endpoint = endpoints.get(listenerName)
          return endpoint === undefined ? [] : [{ brokerId: id, host: endpoint.host, port: endpoint.port, rack: null }]
        })
      return answer(services, request, services.quorum.node.leader().id, controllers)
    })
  )
