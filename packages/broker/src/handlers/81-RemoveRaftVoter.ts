/**
 * RemoveRaftVoter (key 81, KIP-853): a voter of the metadata quorum is one no more. Any node takes the request; the leader decides.
 */
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from "@klamm/protocol/api/81-RemoveRaftVoter"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

export const removeRaftVoter = ({ clusterId, quorum }: ControlServices): Handler =>
  handler(RemoveRaftVoterRequest, RemoveRaftVoterResponse, (request) =>
    Effect.gen(function* () {
      if (request.clusterId !== null && request.clusterId !== clusterId) {
        return { throttleTimeMs: 0, errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: null }
      }
      const voter = { id: request.voterId, directoryId: request.voterDirectoryId }
      const { errorCode, message } = yield* quorum.node.removeVoter(voter)
      return { throttleTimeMs: 0, errorCode, errorMessage: message }
    })
  )
