/**
 * OffsetCommit (key 8): commits to topics that exist are the group coordinator's; the others are answered here. From v10 topics
 * are named by id (KIP-848); groups keep commits by name.
 */
import { OffsetCommitRequest, OffsetCommitResponse } from "@klamm/protocol/api/08-OffsetCommit"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { TopicView } from "../Cluster.ts"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Topic = (typeof OffsetCommitRequest.Type)["topics"][number]
type Answer = (typeof OffsetCommitResponse.Input)["topics"][number]

const topicIdVersion = 10

const refuse = ({ name, topicId, partitions }: Topic, errorCode: number): Answer => ({
  name,
  topicId,
  partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode }))
})

/** The part of a topic that exists, and the answer to the part that does not. */
const split = (topic: Topic, view: TopicView | undefined, version: number) => {
  if (view === undefined) {
    const unknown = version >= topicIdVersion ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return { known: [], refused: [refuse(topic, unknown)] }
  }
  const exists = ({ partitionIndex }: Topic["partitions"][number]) => view.partitions[partitionIndex] !== undefined
  const inside = topic.partitions.filter(exists)
  const outside = topic.partitions.filter((partition) => !exists(partition))
  const missing = refuse({ ...topic, partitions: outside }, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  return {
    known: inside.length === 0 ? [] : [{ ...topic, name: view.name, topicId: view.id, partitions: inside }],
    refused: outside.length === 0 ? [] : [missing]
  }
}

/** Answers of one topic together, refusals first. */
const merge = (refused: ReadonlyArray<Answer>, committed: ReadonlyArray<Answer>, byId: boolean) => {
  const keyOf = (answer: Answer) => (byId ? answer.topicId : answer.name) ?? ""
  const merged = new Map<string, Answer>()
  for (const answer of [...refused, ...committed]) {
    const before = merged.get(keyOf(answer))
    const partitions = [...(before?.partitions ?? []), ...answer.partitions]
    merged.set(keyOf(answer), { ...answer, partitions })
  }
  return [...merged.values()]
}

export const offsetCommit = (services: Services): Handler =>
  handler(OffsetCommitRequest, OffsetCommitResponse, (request, context) =>
    Effect.gen(function* () {
      const cluster = services.cluster()
      const byId = context.apiVersion >= topicIdVersion
      const parts = request.topics.map((topic) =>
        split(topic, byId ? cluster.topicById(topic.topicId) : cluster.topicByName(topic.name), context.apiVersion)
      )
      const topics = parts.flatMap(({ known }) => known)
      const idOf = new Map(topics.map(({ name, topicId }) => [name, topicId]))
      const answer =
        topics.length === 0 && request.topics.length > 0
          ? { topics: [] }
          : yield* services.coordinator.offsetCommit({ ...request, topics }, callerOf(context))
      const committed = answer.topics.map((topic) => ({ ...topic, topicId: idOf.get(topic.name ?? "") }))
      const refused = parts.flatMap((part) => part.refused)
      return { ...answer, topics: merge(refused, committed as ReadonlyArray<Answer>, byId) }
    })
  )
