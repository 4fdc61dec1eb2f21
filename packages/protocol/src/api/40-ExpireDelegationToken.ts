/**
 * ExpireDelegationToken (key 40): ends the life of a delegation token. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ExpireDelegationTokenRequest = message(
  "ExpireDelegationTokenRequest",
  { key: 40, versions: "1-2", flexible: "2+" },
  {
    hmac: f.bytes,
    expiryTimePeriodMs: f.int64
  }
)
export type ExpireDelegationTokenRequest = typeof ExpireDelegationTokenRequest.Type

export const ExpireDelegationTokenResponse = message(
  "ExpireDelegationTokenResponse",
  { key: 40, versions: "1-2", flexible: "2+" },
  {
    errorCode: f.int16,
    expiryTimestampMs: f.int64,
    throttleTimeMs: f.int32.default(0)
  }
)
export type ExpireDelegationTokenResponse = typeof ExpireDelegationTokenResponse.Type
