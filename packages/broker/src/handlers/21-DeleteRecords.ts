/**
 * DeleteRecords (key 21, KIP-107): moves the log start of partitions forward. Behaviours 105 and 106; not on topics whose only
 * cleanup policy is compaction, and not on internal topics (behaviour 043).
 */
import { Reply } from "@klamm/actor"
import { DeleteRecordsRequest, DeleteRecordsResponse } from "@klamm/protocol/api/21-DeleteRecords"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { isInternalTopic } from "../Cluster.ts"
import { type Handler, handler } from "../Handler.ts"
import { findLeader } from "../Lookup.ts"
import type { Services } from "../Services.ts"

interface Result {
  readonly errorCode: number
  readonly lowWatermark: number
}

const failed = (errorCode: number): Effect.Effect<Result> => Effect.succeed({ errorCode, lowWatermark: -1 })

const deleteBefore = (
  services: Services,
  topic: string,
  index: number,
  offset: number,
  deadline: number
): Effect.Effect<Result> => {
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  const found = findLeader(services, topic, index)
  if ("errorCode" in found) return failed(found.errorCode)
  const policies = services.topicConfig(topic).values["cleanup.policy"]
  if (policies.length > 0 && !policies.includes("delete")) return failed(ErrorCode.POLICY_VIOLATION)
  const reply = new Reply<Result>()
  const request = { offset, deadline, complete: (result: Result) => reply.complete(result) }
  const told = found.partition.actor.tell({ _tag: "DeleteRecords", request })
  return told ? reply.await : failed(ErrorCode.NOT_LEADER_OR_FOLLOWER)
}

export const deleteRecords = (services: Services): Handler =>
  handler(DeleteRecordsRequest, DeleteRecordsResponse, (request, { receivedMonotonicMs }) =>
    Effect.gen(function* () {
      const deadline = receivedMonotonicMs + request.timeoutMs
      const topics = yield* Effect.forEach(request.topics, ({ name, partitions }) =>
        Effect.map(
          // Of a partition named twice the last word counts.
          Effect.forEach(
            new Map(partitions.map((each) => [each.partitionIndex, each])).values(),
            ({ partitionIndex, offset }) =>
              Effect.map(deleteBefore(services, name, partitionIndex, offset, deadline), (result) => ({
                partitionIndex,
                ...result
              }))
          ),
          (results) => ({ name, partitions: results })
        )
      )
      return { throttleTimeMs: 0, topics }
    })
  )
