/**
 * CreateDelegationToken (key 38): creates a delegation token. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: tokens for another owner (KIP-373)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const CreatableRenewers = f.struct({
  principalType: f.string,
  principalName: f.string
})
export type CreatableRenewers = typeof CreatableRenewers.Type

export const CreateDelegationTokenRequest = message(
  "CreateDelegationTokenRequest",
  { key: 38, versions: "1-3", flexible: "2+" },
  {
    ownerPrincipalType: f.string.since("3+").nulls(),
    ownerPrincipalName: f.string.since("3+").nulls(),
    renewers: f.array(CreatableRenewers),
    maxLifetimeMs: f.int64
  }
)
export type CreateDelegationTokenRequest = typeof CreateDelegationTokenRequest.Type

export const CreateDelegationTokenResponse = message(
  "CreateDelegationTokenResponse",
  { key: 38, versions: "1-3", flexible: "2+" },
  {
    errorCode: f.int16,
    principalType: f.string,
    principalName: f.string,
    tokenRequesterPrincipalType: f.string.since("3+"),
    tokenRequesterPrincipalName: f.string.since("3+"),
    issueTimestampMs: f.int64,
    expiryTimestampMs: f.int64,
    maxTimestampMs: f.int64,
    tokenId: f.string,
    hmac: f.bytes,
    throttleTimeMs: f.int32.default(0)
  }
)
export type CreateDelegationTokenResponse = typeof CreateDelegationTokenResponse.Type
