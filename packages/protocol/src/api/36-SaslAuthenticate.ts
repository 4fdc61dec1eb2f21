/**
 * SaslAuthenticate (key 36): carries one message of a SASL exchange. Flexible from v2.
 *
 * - v0: the first supported
 * - v1: session lifetime, for re-authentication (KIP-368)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const SaslAuthenticateRequest = message(
  "SaslAuthenticateRequest",
  { key: 36, versions: "0-2", flexible: "2+" },
  {
    authBytes: f.bytes
  }
)
export type SaslAuthenticateRequest = typeof SaslAuthenticateRequest.Type

export const SaslAuthenticateResponse = message(
  "SaslAuthenticateResponse",
  { key: 36, versions: "0-2", flexible: "2+" },
  {
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    authBytes: f.bytes,
    sessionLifetimeMs: f.int64.since("1+").ignorable()
  }
)
export type SaslAuthenticateResponse = typeof SaslAuthenticateResponse.Type
