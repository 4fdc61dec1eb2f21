/**
 * FindCoordinator (key 10): names the broker that coordinates a group, a transactional id or a share partition. Flexible
 * from v3.
 *
 * - v0: the first supported
 * - v1: request +keyType; response +throttleTimeMs, errorMessage
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: flexible
 * - v4: request +coordinatorKeys; response +coordinators; no more key, errorCode, errorMessage, nodeId, host, port
 *   (KIP-699)
 * - v5: may answer TRANSACTION_ABORTABLE (KIP-890)
 * - v6: share coordinators, by keys of group, topic id and partition (KIP-932)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const FindCoordinatorRequest = message(
  "FindCoordinatorRequest",
  { key: 10, versions: "0-6", flexible: "3+" },
  {
    key: f.string.since("0-3"),
    keyType: f.int8.since("1+"),
    coordinatorKeys: f.array(f.string).since("4+")
  }
)
export type FindCoordinatorRequest = typeof FindCoordinatorRequest.Type

export const Coordinator = f.struct({
  key: f.string,
  nodeId: f.int32,
  host: f.string,
  port: f.int32,
  errorCode: f.int16,
  errorMessage: f.string.nulls().ignorable()
})
export type Coordinator = typeof Coordinator.Type

export const FindCoordinatorResponse = message(
  "FindCoordinatorResponse",
  { key: 10, versions: "0-6", flexible: "3+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    errorCode: f.int16.since("0-3"),
    errorMessage: f.string.since("1-3").nulls().ignorable(),
    nodeId: f.int32.since("0-3"),
    host: f.string.since("0-3"),
    port: f.int32.since("0-3"),
    coordinators: f.array(Coordinator).since("4+")
  }
)
export type FindCoordinatorResponse = typeof FindCoordinatorResponse.Type
