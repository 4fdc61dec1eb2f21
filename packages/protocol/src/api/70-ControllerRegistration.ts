/**
 * ControllerRegistration (key 70): registers a controller with the active one. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const Listener = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16,
  securityProtocol: f.int16
})
export type Listener = typeof Listener.Type

export const Feature = f.struct({
  name: f.string,
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type Feature = typeof Feature.Type

export const ControllerRegistrationRequest = message(
  "ControllerRegistrationRequest",
  { key: 70, versions: "0", flexible: "0+" },
  {
    controllerId: f.int32,
    incarnationId: f.uuid,
    zkMigrationReady: f.bool,
    listeners: f.array(Listener),
    features: f.array(Feature)
  }
)
export type ControllerRegistrationRequest = typeof ControllerRegistrationRequest.Type

export const ControllerRegistrationResponse = message(
  "ControllerRegistrationResponse",
  { key: 70, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls()
  }
)
export type ControllerRegistrationResponse = typeof ControllerRegistrationResponse.Type
