/**
 * DescribeCluster (key 60): describes the cluster: id, controller, brokers or controllers. Flexible in every version.
 *
 * - v0: the first supported
 * - v1: controllers may be asked too: endpointType (KIP-919)
 * - v2: fenced brokers (KIP-1073)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeClusterRequest = message(
  "DescribeClusterRequest",
  { key: 60, versions: "0-2", flexible: "0+" },
  {
    includeClusterAuthorizedOperations: f.bool,
    endpointType: f.int8.since("1+").default(1),
    includeFencedBrokers: f.bool.since("2+")
  }
)
export type DescribeClusterRequest = typeof DescribeClusterRequest.Type

export const DescribeClusterBroker = f.struct({
  brokerId: f.int32,
  host: f.string,
  port: f.int32,
  rack: f.string.nulls().default(null),
  isFenced: f.bool.since("2+")
})
export type DescribeClusterBroker = typeof DescribeClusterBroker.Type

export const DescribeClusterResponse = message(
  "DescribeClusterResponse",
  { key: 60, versions: "0-2", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null),
    endpointType: f.int8.since("1+").default(1),
    clusterId: f.string,
    controllerId: f.int32.default(-1),
    brokers: f.array(DescribeClusterBroker),
    clusterAuthorizedOperations: f.int32.default(-2147483648)
  }
)
export type DescribeClusterResponse = typeof DescribeClusterResponse.Type
