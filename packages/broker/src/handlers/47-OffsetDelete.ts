/**
 * OffsetDelete (key 47, KIP-496): the group coordinator's, for topics that exist; the others are answered here.
 */
import { OffsetDeleteRequest, OffsetDeleteResponse } from "@klamm/protocol/api/47-OffsetDelete"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import { callerOf } from "../Groups.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Topic = (typeof OffsetDeleteRequest.Type)["topics"][number]
type TopicAnswer = (typeof OffsetDeleteResponse.Input)["topics"][number]

/** All answers about a topic under one heading. */
const merge = (topics: ReadonlyArray<TopicAnswer>): ReadonlyArray<TopicAnswer> => {
  const merged = new Map<string, TopicAnswer>()
  for (const { name, partitions } of topics) {
    merged.set(name, { name, partitions: [...(merged.get(name)?.partitions ?? []), ...partitions] })
  }
  return [...merged.values()]
}

export const offsetDelete = (services: Services): Handler =>
  handler(OffsetDeleteRequest, OffsetDeleteResponse, (request, context) =>
    Effect.gen(function* () {
      const cluster = services.cluster()
      const exists = (name: string, partitionIndex: number) =>
        cluster.topicByName(name)?.partitions[partitionIndex] !== undefined
      const part = (wanted: boolean): ReadonlyArray<Topic> =>
        request.topics
          .map(({ name, partitions }) => ({
            name,
            partitions: partitions.filter(({ partitionIndex }) => exists(name, partitionIndex) === wanted)
          }))
          .filter(({ partitions }) => partitions.length > 0)
      const known = part(true)
      const refused = part(false).map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        }))
      }))
      if (known.length === 0 && refused.length > 0) {
        return { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics: refused }
      }
      const answer = yield* services.coordinator.offsetDelete({ ...request, topics: known }, callerOf(context))
      if (answer.errorCode !== ErrorCode.NONE) return answer
      return { ...answer, topics: merge([...refused, ...answer.topics]) }
    })
  )
