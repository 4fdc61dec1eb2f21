/**
 * SaslHandshake (key 17): chooses the SASL mechanism of a connection. Never flexible.
 *
 * - v0: raw SASL tokens follow
 * - v1: tokens follow in SaslAuthenticate (KIP-152)
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const SaslHandshakeRequest = message(
  "SaslHandshakeRequest",
  { key: 17, versions: "0-1", flexible: "none" },
  {
    mechanism: f.string
  }
)
export type SaslHandshakeRequest = typeof SaslHandshakeRequest.Type

export const SaslHandshakeResponse = message(
  "SaslHandshakeResponse",
  { key: 17, versions: "0-1", flexible: "none" },
  {
    errorCode: f.int16,
    mechanisms: f.array(f.string)
  }
)
export type SaslHandshakeResponse = typeof SaslHandshakeResponse.Type
