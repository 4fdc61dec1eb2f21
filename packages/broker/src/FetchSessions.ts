/**
 * Incremental fetch sessions (KIP-227): the broker remembers which partitions a fetcher follows and what it last told about
 * each, so that a request names only changes and an answer holds only news.
 *
 * Invariants: a session's epoch counts 1, 2, … and wraps to 1; a request with any other epoch is refused and changes nothing;
 * there are never more sessions than slots. Rules: Kafka's FetchSession and behaviours 086 to 089.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"

/** One partition as a fetcher asks for it. Topics are known by name up to Fetch v12 and by id from v13. */
export interface FetchPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
  /** What a follower knows of its leader's; Infinity: not told. */
  readonly highWatermark: number
  readonly logStartOffset: number
}

/** What an answer says of a partition, as far as a session compares it. */
export interface FetchNews {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly recordsBytes: number
  readonly diverging: boolean
  /** -1: none. */
  readonly preferredReadReplica: number
}

interface CachedPartition {
  readonly request: FetchPartition
  highWatermark: number
  logStartOffset: number
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly isFollower: boolean
  readonly partitions: Map<string, CachedPartition>
  epoch: number
  lastUsedMs: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  /** A follower's session is not given up for a consumer's, and takes the place of one when there is no other. */
  readonly isFollower: boolean
  readonly partitions: ReadonlyArray<FetchPartition>
  readonly forgotten: ReadonlyArray<{ readonly topic: string; readonly topicId: string; readonly partition: number }>
}

/** How to go on with a fetch: what to read, and how to turn the results into an answer. */
export type SessionContext =
  | { readonly _tag: "Refused"; readonly errorCode: number }
  | {
      readonly _tag: "Open"
      readonly partitions: ReadonlyArray<FetchPartition>
      /** Takes the news of each partition, in order; says which belong in the answer and under which session id. */
      readonly conclude: (news: ReadonlyArray<FetchNews>) => {
        readonly sessionId: number
        readonly included: (index: number) => boolean
      }
    }

/** A session unused for this long may make room for a new one (Kafka's min.incremental.fetch.session.eviction.ms). */
export const sessionEvictionMs = 120_000

const initialEpoch = 0
const finalEpoch = -1
const maxEpoch = 2_147_483_647

const keyOf = (
  usesTopicIds: boolean,
  partition: { readonly topic: string; readonly topicId: string; readonly partition: number }
): string => `${usesTopicIds ? partition.topicId : partition.topic}/${partition.partition}`

const isNews = (cached: CachedPartition, news: FetchNews): boolean =>
  news.recordsBytes > 0 ||
  news.errorCode !== ErrorCode.NONE ||
  news.diverging ||
  news.preferredReadReplica !== -1 ||
  news.highWatermark !== cached.highWatermark ||
  news.logStartOffset !== cached.logStartOffset

/** An error is told again as long as it lasts, and its end is news too: the remembered watermark is made invalid. */
const remember = (cached: CachedPartition, news: FetchNews): void => {
  cached.highWatermark = news.errorCode === ErrorCode.NONE ? news.highWatermark : -1
  cached.logStartOffset = news.logStartOffset
}

const nothingNew = { errorCode: ErrorCode.NONE, recordsBytes: 0, diverging: false, preferredReadReplica: -1 }

const cache = (request: FetchPartition): CachedPartition => ({ request, highWatermark: -1, logStartOffset: -1 })

export class FetchSessions {
  private readonly sessions = new Map<number, Session>()
  private readonly slots: number
  private readonly nextId: () => number

  /** `nextId` draws a random positive int32. */
  constructor(slots: number, nextId: () => number) {
    this.slots = slots
    this.nextId = nextId
  }

  get size(): number {
    return this.sessions.size
  }

  begin(request: SessionRequest, nowMs: number): SessionContext {
    if (request.sessionEpoch === initialEpoch || request.sessionEpoch === finalEpoch) {
      if (request.sessionId !== 0) this.sessions.delete(request.sessionId)
      return request.sessionEpoch === finalEpoch ? sessionless(request.partitions) : this.full(request, nowMs)
    }
    const session = this.sessions.get(request.sessionId)
    if (session === undefined) return { _tag: "Refused", errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND }
    if (session.epoch !== request.sessionEpoch) {
      return { _tag: "Refused", errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH }
    }
    if (session.usesTopicIds !== request.usesTopicIds) {
      return { _tag: "Refused", errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR }
    }
    return this.incremental(session, request, nowMs)
  }

  private full(request: SessionRequest, nowMs: number): SessionContext {
    return {
      _tag: "Open",
      partitions: request.partitions,
      conclude: (news) => {
        const session = this.open(request, nowMs)
        if (session !== undefined) {
          request.partitions.forEach((partition, index) => {
            const cached = cache(partition)
            remember(cached, news[index]!)
            session.partitions.set(keyOf(session.usesTopicIds, partition), cached)
          })
        }
        return { sessionId: session?.id ?? 0, included: () => true }
      }
    }
  }

  private incremental(session: Session, request: SessionRequest, nowMs: number): SessionContext {
    for (const partition of request.partitions) {
      const key = keyOf(session.usesTopicIds, partition)
      const known = session.partitions.get(key)
      const cached = cache(partition)
      if (known !== undefined) remember(cached, { ...nothingNew, ...known })
      session.partitions.set(key, cached)
    }
    for (const partition of request.forgotten) session.partitions.delete(keyOf(session.usesTopicIds, partition))
    if (session.partitions.size === 0) {
      this.sessions.delete(session.id)
      return sessionless([])
    }
    session.epoch = session.epoch === maxEpoch ? 1 : session.epoch + 1
    session.lastUsedMs = nowMs
    const followed = [...session.partitions.values()]
    return {
      _tag: "Open",
      partitions: followed.map((cached) => cached.request),
      conclude: (news) => ({ sessionId: session.id, included: this.tell(session, followed, news) })
    }
  }

  /** Remembers what is told. A partition that had records goes to the end, so that each gets its turn under max_bytes. */
  private tell(session: Session, followed: ReadonlyArray<CachedPartition>, news: ReadonlyArray<FetchNews>) {
    const included = followed.map((cached, index) => {
      const latest = news[index]!
      const include = isNews(cached, latest)
      if (include) remember(cached, latest)
      const key = keyOf(session.usesTopicIds, cached.request)
      if (latest.recordsBytes > 0 && session.partitions.get(key) === cached) {
        session.partitions.delete(key)
        session.partitions.set(key, cached)
      }
      return include
    })
    return (index: number) => included[index] === true
  }

  private open(request: SessionRequest, nowMs: number): Session | undefined {
    if (this.sessions.size >= this.slots && !this.evict(request.isFollower, nowMs)) return undefined
    let id = this.nextId()
    while (id === 0 || this.sessions.has(id)) id = this.nextId()
    const session: Session = {
      id,
      usesTopicIds: request.usesTopicIds,
      isFollower: request.isFollower,
      partitions: new Map(),
      epoch: 1,
      lastUsedMs: nowMs
    }
    this.sessions.set(id, session)
    return session
  }

  /** Makes room at the cost of the session unused for longest: one that is old, or any consumer's for a follower's. */
  private evict(forFollower: boolean, nowMs: number): boolean {
    let oldest: Session | undefined
    for (const session of this.sessions.values()) {
      const mayGo = nowMs - session.lastUsedMs > sessionEvictionMs || (forFollower && !session.isFollower)
      if (mayGo && (oldest === undefined || session.lastUsedMs < oldest.lastUsedMs)) oldest = session
    }
    if (oldest === undefined) return false
    this.sessions.delete(oldest.id)
    return true
  }
}

const sessionless = (partitions: ReadonlyArray<FetchPartition>): SessionContext => ({
  _tag: "Open",
  partitions,
  conclude: () => ({ sessionId: 0, included: () => true })
})
