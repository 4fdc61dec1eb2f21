/**
 * The follower's side of an incremental fetch session (KIP-227): which partitions the leader's broker believes it is asked for, and what a
 * request has to name so that it believes right.
 *
 * Invariant: after an answer was taken, `known` is what the other side has; whatever leaves that open (an error, a lost connection) is
 * followed by a full request. Plain state of one fetch loop. Neighbours: `Fetcher.ts`; the other side is the broker's FetchSessions.
 */
import type { FetchPartition, FetchRequest } from "@klamm/protocol/api/01-Fetch"

type AskedPartition = Required<
  Pick<
    FetchPartition,
    | "partition"
    | "currentLeaderEpoch"
    | "fetchOffset"
    | "lastFetchedEpoch"
    | "logStartOffset"
    | "partitionMaxBytes"
    | "highWatermark"
  >
>

export interface Asked extends AskedPartition {
  readonly topicId: string
}

/** The part of a request that is the session's. */
export type SessionPart = Pick<FetchRequest, "sessionId" | "sessionEpoch" | "topics" | "forgottenTopicsData">

const maxEpoch = 2_147_483_647
const topicless = ""
/** The directory id is the quorum's affair (KIP-853). */
const noDirectory = "AAAAAAAAAAAAAAAAAAAAAA"

const isSame = (one: Asked, other: Asked): boolean =>
  one.fetchOffset === other.fetchOffset &&
  one.highWatermark === other.highWatermark &&
  one.currentLeaderEpoch === other.currentLeaderEpoch &&
  one.lastFetchedEpoch === other.lastFetchedEpoch &&
  one.logStartOffset === other.logStartOffset &&
  one.partitionMaxBytes === other.partitionMaxBytes

const byTopic = (asked: ReadonlyArray<Asked>): SessionPart["topics"] => {
  const topics = new Map<string, Array<FetchPartition>>()
  for (const { topicId, ...partition } of asked) {
    const partitions = topics.get(topicId)
    const entry = { ...partition, replicaDirectoryId: noDirectory }
    if (partitions === undefined) topics.set(topicId, [entry])
    else partitions.push(entry)
  }
  return [...topics].map(([topicId, partitions]) => ({ topic: topicless, topicId, partitions }))
}

const forgottenByTopic = (forgotten: ReadonlyArray<Asked>): SessionPart["forgottenTopicsData"] => {
  const topics = new Map<string, Array<number>>()
  for (const { topicId, partition } of forgotten) topics.set(topicId, [...(topics.get(topicId) ?? []), partition])
  return [...topics].map(([topicId, partitions]) => ({ topic: topicless, topicId, partitions }))
}

export class FetcherSession {
  private id = 0
  private epoch = 0
  private known = new Map<string, Asked>()

  /** What to ask so that the session is about `wanted`, by key. */
  request(wanted: ReadonlyMap<string, Asked>): SessionPart {
    if (this.epoch === 0) {
      this.known = new Map(wanted)
      const topics = byTopic([...wanted.values()])
      return { sessionId: this.id, sessionEpoch: 0, topics, forgottenTopicsData: [] }
    }
    const changed: Array<Asked> = []
    for (const [key, asked] of wanted) {
      const known = this.known.get(key)
      if (known !== undefined && isSame(known, asked)) continue
      changed.push(asked)
      this.known.set(key, asked)
    }
    const forgotten: Array<Asked> = []
    if (this.known.size > wanted.size) {
      for (const [key, known] of this.known) {
        if (wanted.has(key)) continue
        forgotten.push(known)
        this.known.delete(key)
      }
    }
    const { id: sessionId, epoch: sessionEpoch } = this
    return { sessionId, sessionEpoch, topics: byTopic(changed), forgottenTopicsData: forgottenByTopic(forgotten) }
  }

  /** What was asked for last under the key: what the answer is about. */
  asked(key: string): Asked | undefined {
    return this.known.get(key)
  }

  /** The request was answered, under this session id; 0: the other side keeps none. */
  answered(sessionId: number): void {
    if (sessionId === 0) {
      this.id = 0
      this.epoch = 0
      return
    }
    this.epoch = this.id !== sessionId || this.epoch === maxEpoch ? 1 : this.epoch + 1
    this.id = sessionId
  }

  /** What the other side has is not known: the next request is a full one, and ends the old session. */
  reset(): void {
    this.epoch = 0
  }
}
