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
  /** All that the session is about. */
  private readonly known = new Map<string, Asked>()
  /** What of it the next request has to name. New maps each time: see `Watchers.ts` for what emptied ones cost. */
  private changed = new Map<string, Asked>()
  private forgotten = new Map<string, Asked>()

  get size(): number {
    return this.known.size
  }

  /** The partition is asked for like this from now on. */
  want(key: string, asked: Asked): void {
    const known = this.known.get(key)
    if (known !== undefined && isSame(known, asked)) return
    this.known.set(key, asked)
    this.changed.set(key, asked)
    this.forgotten.delete(key)
  }

  /** The partition is not asked for, until it is wanted again. */
  leave(key: string): void {
    const known = this.known.get(key)
    if (known === undefined) return
    this.known.delete(key)
    this.changed.delete(key)
    this.forgotten.set(key, known)
  }

  /** What to ask, so that the session is about what is wanted. */
  request(): SessionPart {
    const isFull = this.epoch === 0
    const { id: sessionId, epoch: sessionEpoch } = this
    const topics = byTopic(isFull ? [...this.known.values()] : [...this.changed.values()])
    const forgottenTopicsData = isFull ? [] : forgottenByTopic([...this.forgotten.values()])
    this.changed = new Map()
    this.forgotten = new Map()
    return { sessionId, sessionEpoch, topics, forgottenTopicsData }
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
