/**
 * RemoveRaftVoter (key 81, KIP-853): a voter of the metadata quorum is one no more. Any node takes the request; the leader decides.
 */
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from "@klamm/protocol/api/81-RemoveRaftVoter"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"
import { voterFault } from "../VoterRequest.ts"

export const removeRaftVoter = (services: ControlServices): Handler =>
  handler(RemoveRaftVoterRequest, RemoveRaftVoterResponse, (request) =>
    Effect.gen(function* () {
      const fault = voterFault(services, request)
      if (fault !== undefined) return fault
      const voter = { id: request.voterId, directoryId: request.voterDirectoryId }
      const { errorCode, message } = yield* services.quorum.node.removeVoter(voter)
      return { throttleTimeMs: 0, errorCode, errorMessage: message }
    })
  )
