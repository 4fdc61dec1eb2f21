/**
 * Controllers in the metadata log. Each is stored behind a frame version, its type (the key here) and its version.
 */
import { message } from "../../Api.ts"
import { f } from "../../Field.ts"

export const ControllerEndpoint = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16,
  securityProtocol: f.int16
})
export type ControllerEndpoint = typeof ControllerEndpoint.Type

export const ControllerFeature = f.struct({
  name: f.string,
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type ControllerFeature = typeof ControllerFeature.Type

export const RegisterControllerRecord = message(
  "RegisterControllerRecord",
  { key: 27, versions: "0", flexible: "0+" },
  {
    controllerId: f.int32,
    incarnationId: f.uuid,
    zkMigrationReady: f.bool,
    endPoints: f.array(ControllerEndpoint),
    features: f.array(ControllerFeature)
  }
)
export type RegisterControllerRecord = typeof RegisterControllerRecord.Type

export const UnregisterControllerRecord = message(
  "UnregisterControllerRecord",
  { key: 29, versions: "0", flexible: "0+" },
  {
    controllerId: f.int32
  }
)
export type UnregisterControllerRecord = typeof UnregisterControllerRecord.Type
