/**
 * OffsetFetch (key 9): the group coordinator's. From v10 topics are named by id (KIP-848); groups keep commits by name.
 */
import { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Group = (typeof OffsetFetchRequest.Type)["groups"][number]
type GroupTopics = NonNullable<Group["topics"]>
type GroupAnswer = NonNullable<(typeof OffsetFetchResponse.Input)["groups"]>[number]

const topicIdVersion = 10
const noOffset = -1n

/** The same group, its topics by name; ids that nobody has are answered by `unknownTopics`. */
const named = (services: Services, group: Group): Group => {
  if (group.topics === null) return group
  const cluster = services.cluster()
  const topics = group.topics.flatMap((topic) => {
    const view = cluster.topicById(topic.topicId)
    return view === undefined ? [] : [{ ...topic, name: view.name }]
  })
  return { ...group, topics }
}

const unknownTopics = (services: Services, topics: GroupTopics | null): GroupAnswer["topics"] =>
  (topics ?? [])
    .filter(({ topicId }) => services.cluster().topicById(topicId) === undefined)
    .map(({ name, topicId, partitionIndexes }) => ({
      name,
      topicId,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: noOffset,
        metadata: "",
        errorCode: ErrorCode.UNKNOWN_TOPIC_ID
      }))
    }))

/** Commits of topics that are gone have no id any more and are left out. */
const identified = (services: Services, answer: GroupAnswer): GroupAnswer => ({
  ...answer,
  topics: answer.topics.flatMap((topic) => {
    const view = services.cluster().topicByName(topic.name ?? "")
    return view === undefined ? [] : [{ ...topic, topicId: view.id }]
  })
})

export const offsetFetch = (services: Services): Handler =>
  handler(OffsetFetchRequest, OffsetFetchResponse, (request, context) =>
    Effect.gen(function* () {
      if (context.apiVersion < topicIdVersion) {
        return yield* services.coordinator.offsetFetch(request, callerOf(context))
      }
      const groups = request.groups.map((group) => named(services, group))
      const answer = yield* services.coordinator.offsetFetch({ ...request, groups }, callerOf(context))
      const answers = (answer.groups ?? []).map((group, index) => {
        const known = identified(services, group)
        if (group.errorCode !== undefined && group.errorCode !== ErrorCode.NONE) return known
        const unknown = unknownTopics(services, request.groups[index]?.topics ?? null)
        return { ...known, topics: [...known.topics, ...unknown] }
      })
      return { ...answer, groups: answers }
    })
  )
