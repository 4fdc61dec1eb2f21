/**
 * UnregisterController (key 94): removes a controller's registration. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const UnregisterControllerRequest = message(
  "UnregisterControllerRequest",
  { key: 94, versions: "0", flexible: "0+" },
  {
    controllerId: f.int32
  }
)
export type UnregisterControllerRequest = typeof UnregisterControllerRequest.Type

export const UnregisterControllerResponse = message(
  "UnregisterControllerResponse",
  { key: 94, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls()
  }
)
export type UnregisterControllerResponse = typeof UnregisterControllerResponse.Type
