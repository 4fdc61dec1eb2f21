/**
 * Deleting topics by name or id (behaviour 042). A name or id named twice is refused; of a pair of name and id that mean the same
 * topic both are.
 */
import { type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { bounded } from "./Bounded.ts"
import type { ControllerState } from "./State.ts"

export interface DeleteTopics {
  readonly _tag: "DeleteTopics"
  /** Each by name or by id. */
  readonly topics: ReadonlyArray<{ readonly name: string } | { readonly id: string }>
}

export interface DeletedTopic extends Failure {
  readonly name: string | null
  readonly topicId: string
}

const zeroId = "AAAAAAAAAAAAAAAAAAAAAA"

const keyOf = (asked: DeleteTopics["topics"][number]): string => ("name" in asked ? `n${asked.name}` : `i${asked.id}`)

const find = (state: ControllerState, asked: DeleteTopics["topics"][number]): Topics.Topic | undefined =>
  "name" in asked ? Topics.byName(state.image.topics, asked.name) : Topics.byId(state.image.topics, asked.id)

const answer = (asked: DeleteTopics["topics"][number], topic: Topics.Topic | undefined, failed: Failure) => ({
  ...failed,
  name: "name" in asked ? asked.name : failed.errorCode === ErrorCode.NONE ? (topic?.name ?? null) : null,
  topicId: "id" in asked ? asked.id : (topic?.id ?? zeroId)
})

export const deleteTopics = (state: ControllerState, command: DeleteTopics) => {
  const counts = new Map<string, number>()
  const meant = new Map<string, number>()
  for (const asked of command.topics) {
    counts.set(keyOf(asked), (counts.get(keyOf(asked)) ?? 0) + 1)
    const topic = find(state, asked)
    if (topic !== undefined) meant.set(topic.id, (meant.get(topic.id) ?? 0) + 1)
  }
  const records: Array<MetadataRecordInput> = []
  const reply: Array<DeletedTopic> = []
  const done = new Set<string>()
  for (const asked of command.topics) {
    if (done.has(keyOf(asked))) continue
    done.add(keyOf(asked))
    const topic = find(state, asked)
    if ((counts.get(keyOf(asked)) ?? 0) > 1) {
      const what = "name" in asked ? "Duplicate topic name." : "Duplicate topic id."
      reply.push(answer(asked, undefined, failure(ErrorCode.INVALID_REQUEST, what)))
    } else if (topic === undefined) {
      const code = "name" in asked ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
      reply.push(
        answer(
          asked,
          undefined,
          failure(
            code,
            "name" in asked
              ? "This server does not host this topic-partition."
              : "This server does not host this topic ID."
          )
        )
      )
    } else if ((meant.get(topic.id) ?? 0) > 1) {
      const message = "The provided topic name maps to an ID that was already supplied."
      reply.push(answer(asked, undefined, failure(ErrorCode.INVALID_REQUEST, message)))
    } else {
      records.push({ _tag: "RemoveTopic", topicId: topic.id })
      reply.push(answer(asked, topic, ok))
    }
  }
  return bounded(records, reply)
}
