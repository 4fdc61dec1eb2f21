/**
 * DescribeDelegationToken (key 41): lists delegation tokens. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 * - v3: tokens for another owner (KIP-373)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const DescribeDelegationTokenOwner = f.struct({
  principalType: f.string,
  principalName: f.string
})
export type DescribeDelegationTokenOwner = typeof DescribeDelegationTokenOwner.Type

export const DescribeDelegationTokenRequest = message(
  "DescribeDelegationTokenRequest",
  { key: 41, versions: "1-3", flexible: "2+" },
  {
    owners: f.array(DescribeDelegationTokenOwner).nulls()
  }
)
export type DescribeDelegationTokenRequest = typeof DescribeDelegationTokenRequest.Type

export const DescribedDelegationTokenRenewer = f.struct({
  principalType: f.string,
  principalName: f.string
})
export type DescribedDelegationTokenRenewer = typeof DescribedDelegationTokenRenewer.Type

export const DescribedDelegationToken = f.struct({
  principalType: f.string,
  principalName: f.string,
  tokenRequesterPrincipalType: f.string.since("3+"),
  tokenRequesterPrincipalName: f.string.since("3+"),
  issueTimestamp: f.int64,
  expiryTimestamp: f.int64,
  maxTimestamp: f.int64,
  tokenId: f.string,
  hmac: f.bytes,
  renewers: f.array(DescribedDelegationTokenRenewer)
})
export type DescribedDelegationToken = typeof DescribedDelegationToken.Type

export const DescribeDelegationTokenResponse = message(
  "DescribeDelegationTokenResponse",
  { key: 41, versions: "1-3", flexible: "2+" },
  {
    errorCode: f.int16,
    tokens: f.array(DescribedDelegationToken),
    throttleTimeMs: f.int32.default(0)
  }
)
export type DescribeDelegationTokenResponse = typeof DescribeDelegationTokenResponse.Type
