/**
 * Heartbeat (key 12): keeps a member of a classic group alive and tells it of a rebalance. Flexible from v4.
 *
 * - v0: the first supported
 * - v1: response +throttleTimeMs
 * - v2: the broker answers before it throttles (KIP-219)
 * - v3: static members (KIP-345)
 * - v4: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const HeartbeatRequest = message(
  "HeartbeatRequest",
  { key: 12, versions: "0-4", flexible: "4+" },
  {
    groupId: f.string,
    generationId: f.int32,
    memberId: f.string,
    groupInstanceId: f.string.since("3+").nulls().default(null)
  }
)
export type HeartbeatRequest = typeof HeartbeatRequest.Type

export const HeartbeatResponse = message(
  "HeartbeatResponse",
  { key: 12, versions: "0-4", flexible: "4+" },
  {
    throttleTimeMs: f.int32.since("1+").ignorable(),
    errorCode: f.int16
  }
)
export type HeartbeatResponse = typeof HeartbeatResponse.Type
