/**
 * CreateTopics (key 19): the controller's decision; the answer tells the new topic's configuration too (KIP-525).
 */
import * as Describe from "@klamm/config/Describe"
import type { CreatedTopic } from "@klamm/controller"
import * as Entropy from "@klamm/platform/Entropy"
import { CreateTopicsRequest, CreateTopicsResponse } from "@klamm/protocol/api/19-CreateTopics"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import { placementSeed } from "../PlacementSeed.ts"
import type { Services } from "../Services.ts"

type TopicAnswer = (typeof CreateTopicsResponse.Input)["topics"][number]

const describeAll = { names: null, includeSynonyms: false, includeDocumentation: false }

const configsOf = (services: Services, created: CreatedTopic) =>
  Describe.topic(services.config(), created.configs, describeAll).map((described) => ({
    name: described.name,
    value: described.value,
    readOnly: described.readOnly,
    configSource: described.source,
    isSensitive: described.isSensitive
  }))

const answer = (services: Services, created: CreatedTopic): TopicAnswer => {
  const { name, errorCode, message: errorMessage, topicId, numPartitions, replicationFactor } = created
  if (errorCode !== ErrorCode.NONE) return { name, topicId: ZERO, errorCode, errorMessage, configs: [] }
  const configs = configsOf(services, created)
  return { name, topicId, errorCode, errorMessage, numPartitions, replicationFactor, configs }
}

export const createTopics = (services: Services): Handler =>
  handler(CreateTopicsRequest, CreateTopicsResponse, ({ topics: asked, timeoutMs, validateOnly }) =>
    Effect.gen(function* () {
      const topics = yield* Effect.forEach(asked, (topic) =>
        Effect.map(Entropy.uuid, (topicId) => ({ ...topic, topicId }))
      )
      const command = { _tag: "CreateTopics", topics, validateOnly, placementSeed: yield* placementSeed } as const
      const created = yield* services.controller.ask(command, timeoutMs)
      if (created !== undefined) return { topics: created.map((topic) => answer(services, topic)) }
      const late = { topicId: ZERO, errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null, configs: [] }
      return { topics: asked.map(({ name }) => ({ name, ...late })) }
    })
  )
