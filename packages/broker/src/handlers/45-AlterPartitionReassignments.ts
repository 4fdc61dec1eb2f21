/**
 * AlterPartitionReassignments (key 45, KIP-455): the controller's decision to change the replicas of partitions, or to cancel such a
 * change. Behaviour 185.
 */
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
} from "@klamm/protocol/api/45-AlterPartitionReassignments"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

export const alterPartitionReassignments = (services: ControlServices): Handler =>
  handler(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, (request) =>
    Effect.gen(function* () {
      const { topics, allowReplicationFactorChange, timeoutMs } = request
      const command = { _tag: "AlterPartitionReassignments", topics, allowReplicationFactorChange } as const
      const answer = yield* services.controller.ask(command, timeoutMs)
      const head = { throttleTimeMs: 0, allowReplicationFactorChange }
      if (answer === undefined) {
        return { ...head, errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null, responses: [] }
      }
      const responses = answer.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, errorCode, message }) => ({
          partitionIndex,
          errorCode,
          errorMessage: message
        }))
      }))
      return { ...head, errorCode: answer.errorCode, errorMessage: answer.message, responses }
    })
  )
