/**
 * ElectLeaders (key 43, KIP-183, KIP-460): the controller's decision who leads: the preferred replica, or where nobody in sync is left,
 * any that is alive. Behaviour 184. Null is every partition.
 */
import { ElectLeadersRequest, ElectLeadersResponse } from "@klamm/protocol/api/43-ElectLeaders"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

type Request = typeof ElectLeadersRequest.Type

/** What is wrong with all of it is told of each partition too: version 0 has no other place for it. */
const refusal = ({ topicPartitions }: Request, errorCode: number) => ({
  throttleTimeMs: 0,
  errorCode,
  replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage: null }))
  }))
})

export const electLeaders = (services: ControlServices): Handler =>
  handler(ElectLeadersRequest, ElectLeadersResponse, (request) =>
    Effect.gen(function* () {
      const { electionType, topicPartitions, timeoutMs } = request
      const command = { _tag: "ElectLeaders", electionType, topicPartitions } as const
      const answer = yield* services.controller.ask(command, timeoutMs)
      if (answer === undefined) return refusal(request, ErrorCode.REQUEST_TIMED_OUT)
      if (answer.errorCode !== ErrorCode.NONE) return refusal(request, answer.errorCode)
      const replicaElectionResults = answer.topics.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map(({ partitionId, errorCode, message }) => ({
          partitionId,
          errorCode,
          errorMessage: message
        }))
      }))
      return { throttleTimeMs: 0, errorCode: answer.errorCode, replicaElectionResults }
    })
  )
