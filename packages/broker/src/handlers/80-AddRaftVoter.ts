/**
 * AddRaftVoter (key 80, KIP-853): a node that follows the quorum becomes one of its voters. Any node takes the request; the leader
 * decides, once the new voter has caught up.
 */
import { AddRaftVoterRequest, AddRaftVoterResponse } from "@klamm/protocol/api/80-AddRaftVoter"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

export const addRaftVoter = ({ clusterId, quorum }: ControlServices): Handler =>
  handler(AddRaftVoterRequest, AddRaftVoterResponse, (request) =>
    Effect.gen(function* () {
      if (request.clusterId !== null && request.clusterId !== clusterId) {
        return { throttleTimeMs: 0, errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID, errorMessage: null }
      }
      const voter = { id: request.voterId, directoryId: request.voterDirectoryId }
      const { errorCode, message } = yield* quorum.node.addVoter(voter, request.listeners, request.timeoutMs)
      return { throttleTimeMs: 0, errorCode, errorMessage: message }
    })
  )
