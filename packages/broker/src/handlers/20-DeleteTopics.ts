/**
 * DeleteTopics (key 20): by name, and from v6 by id (KIP-516); the controller's decision. Behaviour 042.
 */
import { DeleteTopicsRequest, DeleteTopicsResponse } from "@klamm/protocol/api/20-DeleteTopics"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Request = typeof DeleteTopicsRequest.Type
type Answer = (typeof DeleteTopicsResponse.Input)["responses"][number]

interface Named {
  readonly name: string | null
  readonly topicId: string
}

const namesVersion = 6
/** From here a broker that deletes nothing says so; before, it calls the request invalid. */
const disabledVersion = 3

const askedFor = (request: Request, apiVersion: number): ReadonlyArray<Named> =>
  apiVersion >= namesVersion ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO }))

const refuse = ({ name, topicId }: Named, errorCode: number, errorMessage: string | null): Answer => ({
  name,
  topicId,
  errorCode,
  errorMessage
})

/** A topic is meant by its name or by its id. */
const malformed = (named: Named): Answer | undefined => {
  const hasId = named.topicId !== ZERO
  if (named.name !== null && hasId) {
    return refuse(named, ErrorCode.INVALID_REQUEST, "You may not specify both topic name and topic id.")
  }
  if (named.name === null && !hasId) {
    return refuse(named, ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified.")
  }
  return undefined
}

export const deleteTopics = (services: Services): Handler =>
  handler(DeleteTopicsRequest, DeleteTopicsResponse, (request, { apiVersion }) =>
    Effect.gen(function* () {
      const asked = askedFor(request, apiVersion)
      if (!services.config().values["delete.topic.enable"]) {
        const code = apiVersion >= disabledVersion ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST
        return { responses: asked.map((named) => refuse(named, code, "Topic deletion is disabled.")) }
      }
      const wrong = asked.flatMap((named) => malformed(named) ?? [])
      const topics = asked
        .filter((named) => malformed(named) === undefined)
        .map(({ name, topicId }) => (name === null ? { id: topicId } : { name }))
      const deleted = yield* services.controller.ask({ _tag: "DeleteTopics", topics }, request.timeoutMs)
      if (deleted === undefined) {
        return { responses: asked.map((named) => refuse(named, ErrorCode.REQUEST_TIMED_OUT, null)) }
      }
      const answers = deleted.map((topic): Answer => refuse(topic, topic.errorCode, topic.message))
      return { responses: [...wrong, ...answers] }
    })
  )
