/**
 * Envelope (key 58): carries a client's request, with its principal, from a broker to the controller. Flexible in every
 * version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const EnvelopeRequest = message(
  "EnvelopeRequest",
  { key: 58, versions: "0", flexible: "0+" },
  {
    requestData: f.bytes,
    requestPrincipal: f.bytes.nulls(),
    clientHostAddress: f.bytes
  }
)
export type EnvelopeRequest = typeof EnvelopeRequest.Type

export const EnvelopeResponse = message(
  "EnvelopeResponse",
  { key: 58, versions: "0", flexible: "0+" },
  {
    responseData: f.bytes.nulls().default(null),
    errorCode: f.int16
  }
)
export type EnvelopeResponse = typeof EnvelopeResponse.Type
