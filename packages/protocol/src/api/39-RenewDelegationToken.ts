/**
 * RenewDelegationToken (key 39): extends the life of a delegation token. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const RenewDelegationTokenRequest = message(
  "RenewDelegationTokenRequest",
  { key: 39, versions: "1-2", flexible: "2+" },
  {
    hmac: f.bytes,
    renewPeriodMs: f.int64
  }
)
export type RenewDelegationTokenRequest = typeof RenewDelegationTokenRequest.Type

export const RenewDelegationTokenResponse = message(
  "RenewDelegationTokenResponse",
  { key: 39, versions: "1-2", flexible: "2+" },
  {
    errorCode: f.int16,
    expiryTimestampMs: f.int64,
    throttleTimeMs: f.int32.default(0)
  }
)
export type RenewDelegationTokenResponse = typeof RenewDelegationTokenResponse.Type
