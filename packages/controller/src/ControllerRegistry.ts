/**
 * Controllers of the cluster (KIP-919): each registers once it runs, so that every node's image says where it is reached and which
 * features it has. Invariant: a controller that does not support what is finalized is refused, and does not run.
 */
import { Controllers, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import type { ControllerState } from "./State.ts"

export interface RegisterController {
  readonly _tag: "RegisterController"
  readonly controllerId: number
  readonly incarnationId: string
  readonly endpoints: Controllers.Controller["endpoints"]
  readonly features: Controllers.Controller["features"]
}

/** A controller that is not coming back. */
export interface UnregisterController {
  readonly _tag: "UnregisterController"
  readonly controllerId: number
}

interface Decided {
  readonly records: ReadonlyArray<MetadataRecordInput>
  readonly reply: Failure
}

const refused = (failed: Failure): Decided => ({ records: [], reply: failed })

export const registerController = (state: ControllerState, command: RegisterController): Decided => {
  const { controllerId, incarnationId, endpoints, features } = command
  if (endpoints.length === 0)
    return refused(failure(ErrorCode.INVALID_REGISTRATION, "No listeners specified in request"))
  for (const [name, level] of state.image.features) {
    const range = features.find((feature) => feature.name === name)
    if (level >= (range?.minSupportedVersion ?? 0) && level <= (range?.maxSupportedVersion ?? 0)) continue
    const message = `Unable to register because the controller does not support finalized version ${level} of ${name}.`
    return refused(failure(ErrorCode.UNSUPPORTED_VERSION, message))
  }
  const known = Controllers.get(state.image.controllers, controllerId)
  if (known?.incarnationId === incarnationId) return refused(ok)
  const record: MetadataRecordInput = {
    _tag: "RegisterController",
    controllerId,
    incarnationId,
    zkMigrationReady: false,
    endPoints: endpoints,
    features
  }
  return { records: [record], reply: ok }
}

export const unregisterController = (state: ControllerState, { controllerId }: UnregisterController): Decided => {
  if (Controllers.get(state.image.controllers, controllerId) !== undefined) {
    return { records: [{ _tag: "UnregisterController", controllerId }], reply: ok }
  }
  const message = `Controller ID ${controllerId} is not currently registered`
  return refused(failure(ErrorCode.CONTROLLER_ID_NOT_REGISTERED, message))
}
