/**
 * Deleting topics by name or id (behaviour 042). A name or id named twice is refused; a name and an id
 * that mean the same topic are refused in one answer.
 */
import { type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { bounded } from "./Bounded.ts"
import { repeatedNames } from "./CreateTopics.ts"
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

type Asked = DeleteTopics["topics"][number]

/** The names asked for, or the ids, and those of them that are asked for more than once. */
const askedFor = (values: ReadonlyArray<string>) => ({ all: new Set(values), repeated: repeatedNames(values) })
type AskedFor = ReturnType<typeof askedFor>

const refuse = (name: string | null, topicId: string, errorCode: number, message: string): DeletedTopic => ({
  name,
  topicId,
  ...failure(errorCode, message)
})

/** The refusal of what was asked, or the topic to delete. */
const judge = (
  topic: Topics.Topic | undefined,
  asked: Asked,
  names: AskedFor,
  ids: AskedFor
): DeletedTopic | Topics.Topic => {
  if ("id" in asked) {
    const { id } = asked
    if (ids.repeated.has(id)) return refuse(null, id, ErrorCode.INVALID_REQUEST, "Duplicate topic id.")
    return topic ?? refuse(null, id, ErrorCode.UNKNOWN_TOPIC_ID, "This server does not host this topic ID.")
  }
  const { name } = asked
  if (names.repeated.has(name)) return refuse(name, zeroId, ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
  if (topic === undefined) {
    const message = "This server does not host this topic-partition."
    return refuse(name, zeroId, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
  }
  const message = "The provided topic name maps to an ID that was already supplied."
  return ids.all.has(topic.id) ? refuse(name, topic.id, ErrorCode.INVALID_REQUEST, message) : topic
}

export const deleteTopics = (state: ControllerState, command: DeleteTopics) => {
  const { topics } = state.image
  const names = askedFor(command.topics.flatMap((asked) => ("name" in asked ? [asked.name] : [])))
  const ids = askedFor(command.topics.flatMap((asked) => ("id" in asked ? [asked.id] : [])))
  /** An id once asked for whose topic is also asked for by name is answered there. */
  const isNamedToo = (topic: Topics.Topic): boolean =>
    names.all.has(topic.name) && !names.repeated.has(topic.name) && !ids.repeated.has(topic.id)
  const records: Array<MetadataRecordInput> = []
  const replies = new Map<string, DeletedTopic>()
  for (const asked of command.topics) {
    const topic = "name" in asked ? Topics.byName(topics, asked.name) : Topics.byId(topics, asked.id)
    if ("id" in asked && topic !== undefined && isNamedToo(topic)) continue
    const key = "name" in asked ? `name ${asked.name}` : `id ${asked.id}`
    if (replies.has(key)) continue
    const judged = judge(topic, asked, names, ids)
    if ("errorCode" in judged) replies.set(key, judged)
    else {
      records.push({ _tag: "RemoveTopic", topicId: judged.id })
      replies.set(key, { ...ok, name: judged.name, topicId: judged.id })
    }
  }
  return bounded(records, [...replies.values()], false, (each, failed) => ({ ...each, ...failed }))
}
