/**
 * AddRaftVoter (key 80, KIP-853): a node that follows the quorum becomes one of its voters. Any node takes the request; the leader
 * decides, once the new voter has caught up.
 */
import { AddRaftVoterRequest, AddRaftVoterResponse } from "@klamm/protocol/api/80-AddRaftVoter"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"
import { voterFault } from "../VoterRequest.ts"

type Listeners = (typeof AddRaftVoterRequest.Type)["listeners"]

/** The other voters reach it by the first listener of controllers. */
const endpointFault = ({ staticConfig }: ControlServices, listeners: Listeners): string | undefined => {
  const [wanted] = staticConfig.endpoints.controllerListenerNames
  const isThere = wanted === undefined || listeners.some(({ name }) => name === wanted)
  return isThere ? undefined : `The voter has no endpoint for the listener ${wanted}.`
}

export const addRaftVoter = (services: ControlServices): Handler =>
  handler(AddRaftVoterRequest, AddRaftVoterResponse, (request) =>
    Effect.gen(function* () {
      const { quorum } = services
      const fault = voterFault(services, request)
      if (fault !== undefined) return fault
      const missing = endpointFault(services, request.listeners)
      if (missing !== undefined) {
        return { throttleTimeMs: 0, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: missing }
      }
      const voter = { id: request.voterId, directoryId: request.voterDirectoryId }
      const { listeners, timeoutMs, ackWhenCommitted } = request
      const { errorCode, message } = yield* quorum.node.addVoter(voter, listeners, timeoutMs, ackWhenCommitted)
      return { throttleTimeMs: 0, errorCode, errorMessage: message }
    })
  )
