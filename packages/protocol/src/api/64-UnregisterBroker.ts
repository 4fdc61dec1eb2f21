/**
 * UnregisterBroker (key 64): removes a broker's registration. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const UnregisterBrokerRequest = message(
  "UnregisterBrokerRequest",
  { key: 64, versions: "0", flexible: "0+" },
  {
    brokerId: f.int32
  }
)
export type UnregisterBrokerRequest = typeof UnregisterBrokerRequest.Type

export const UnregisterBrokerResponse = message(
  "UnregisterBrokerResponse",
  { key: 64, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls()
  }
)
export type UnregisterBrokerResponse = typeof UnregisterBrokerResponse.Type
