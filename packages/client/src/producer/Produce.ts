/**
 * The Produce request of some batches, and what its answer says of each. Pure. Invariant: a batch that the answer leaves out counts as
 * not answered. Neighbour: `Sender.ts`.
 */
import { ProduceRequest, ProduceResponse } from "@klamm/protocol/api/00-Produce"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import type { ClusterMetadata, LeaderNews } from "../Cluster.ts"

/** What the broker said beside the code. */
export const saidOf = (answer: Answered | undefined): Error | undefined =>
  answer?.errorMessage === null || answer === undefined ? undefined : new Error(answer.errorMessage)

export const produceApi = { request: ProduceRequest, response: ProduceResponse }

/** Topics are named by their ids from this version on (KIP-516). */
const firstTopicIdVersion = 13

export interface Part {
  readonly topic: string
  readonly partition: number
  readonly records: Uint8Array
}

export interface Answered {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly errorMessage: string | null
}

export interface ProduceOptions {
  readonly acks: number
  readonly timeoutMs: number
  readonly transactionalId: string | null
}

/** Whether every topic's id is known, as the newest versions need. */
const knowsIds = ({ topics }: ClusterMetadata, parts: ReadonlyArray<Part>): boolean =>
  parts.every(({ topic }) => (topics.get(topic)?.topicId ?? ZERO) !== ZERO)

export const maxVersionFor = (known: ClusterMetadata, parts: ReadonlyArray<Part>): number =>
  knowsIds(known, parts) ? ProduceRequest.versions.max : firstTopicIdVersion - 1

export const bodyOf = (known: ClusterMetadata, parts: ReadonlyArray<Part>, options: ProduceOptions) => {
  const topics = new Map<string, Array<{ index: number; records: Uint8Array }>>()
  for (const { topic, partition, records } of parts) {
    const list = topics.get(topic)
    if (list === undefined) topics.set(topic, [{ index: partition, records }])
    else list.push({ index: partition, records })
  }
  return {
    ...options,
    topicData: Array.from(topics, ([name, partitionData]) => ({
      name,
      topicId: known.topics.get(name)?.topicId ?? ZERO,
      partitionData
    }))
  }
}

export interface Read {
  readonly answers: ReadonlyMap<string, Answered>
  /** New leaders that the broker named in place of itself (KIP-951). */
  readonly news: ReadonlyArray<LeaderNews>
}

export const keyOf = (topic: string, partition: number): string => `${topic}:${partition}`

export const read = (
  answer: typeof ProduceResponse.Type,
  version: number,
  nameOf: (topicId: string) => string | undefined
): Read => {
  const answers = new Map<string, Answered>()
  const news: Array<LeaderNews> = []
  for (const each of answer.responses) {
    const topic = version >= firstTopicIdVersion ? (nameOf(each.topicId) ?? each.name) : each.name
    for (const part of each.partitionResponses) {
      const { index: partition, errorCode, baseOffset, logAppendTimeMs, errorMessage } = part
      answers.set(keyOf(topic, partition), { topic, partition, errorCode, baseOffset, logAppendTimeMs, errorMessage })
      const { leaderId: id, leaderEpoch: epoch } = part.currentLeader
      if (errorCode !== ErrorCode.NONE && id >= 0) news.push({ topic, partition, leader: { id, epoch } })
    }
  }
  return { answers, news }
}
