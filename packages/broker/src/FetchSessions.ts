/**
 * Incremental fetch sessions (KIP-227): the broker remembers which partitions a fetcher follows and what it last told about
 * each, so that a request names only changes and an answer holds only news.
 *
 * Invariants: a session's epoch counts 1, 2, … and wraps to 1; a request with any other epoch is refused and changes nothing;
 * there are never more sessions than slots; a fetch looks at what its request names and what has news, and at all partitions only now
 * and then. Rules: Kafka's FetchSession and behaviours 086 to 089.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { FetchInterest, type Member, unwatched } from "@klamm/replica/FetchInterest"
import type { PartitionRead, Reader } from "@klamm/replica/PartitionRead"
import { ReadAhead } from "./ReadAhead.ts"

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
export type FetchNews = Pick<
  PartitionRead,
  "errorCode" | "highWatermark" | "logStartOffset" | "records" | "divergingEpoch" | "preferredReadReplica"
>

/** What was looked at. */
export type Looked = ReadonlyMap<CachedPartition, { readonly read: FetchNews }>

/** A partition that a fetcher follows, with what it was last told of it. */
export interface CachedPartition extends Member {
  request: FetchPartition
  highWatermark: number
  logStartOffset: number
}

/** From where a fetcher looks at its partitions: from elsewhere they may look different. */
export interface View {
  readonly reader: Reader
  readonly readCommitted: boolean
  /** What the partitions are found by. */
  readonly cluster: object
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly isFollower: boolean
  readonly partitions: Map<string, CachedPartition>
  readonly interest: FetchInterest<CachedPartition>
  readonly ahead: ReadAhead | undefined
  view: View
  epoch: number
  lastUsedMs: number
  lookedMs: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  readonly view: View
  /** All partitions are looked at no later than this after the last time. */
  readonly lookEachMs: number
  readonly partitions: ReadonlyArray<FetchPartition>
  readonly forgotten: ReadonlyArray<{ readonly topic: string; readonly topicId: string; readonly partition: number }>
}

/** How to go on with a fetch: what to read, and how to turn the results into an answer. */
export type SessionContext =
  | { readonly _tag: "Refused"; readonly errorCode: number }
  | {
      readonly _tag: "Open"
      readonly interest: FetchInterest<CachedPartition>
      /** Undefined for followers, and where there is no next fetch of the same session. */
      readonly ahead: ReadAhead | undefined
      /** Takes what was looked at; says what of it belongs in the answer, and under which session id. */
      readonly conclude: (looked: Looked) => {
        readonly sessionId: number
        readonly included: (partition: CachedPartition) => boolean
      }
      /** In place of `conclude`, when there will be no answer. */
      readonly abandon: () => void
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
  news.records.byteLength > 0 ||
  news.errorCode !== ErrorCode.NONE ||
  news.divergingEpoch !== undefined ||
  news.preferredReadReplica !== -1 ||
  news.highWatermark !== cached.highWatermark ||
  news.highWatermark > cached.request.highWatermark ||
  news.logStartOffset !== cached.logStartOffset

/** An error is told again as long as it lasts, and its end is news too: the remembered watermark is made invalid. */
const remember = (cached: CachedPartition, news: FetchNews): void => {
  cached.highWatermark = news.errorCode === ErrorCode.NONE ? news.highWatermark : -1
  cached.logStartOffset = news.logStartOffset
}

const cache = (request: FetchPartition): CachedPartition => ({
  ...unwatched(),
  request,
  highWatermark: -1,
  logStartOffset: -1
})

const isFollower = ({ reader }: View): boolean => reader === "Follower"

const looksElse = (one: View, other: View): boolean =>
  one.cluster !== other.cluster || one.reader !== other.reader || one.readCommitted !== other.readCommitted

const nothing = (): void => undefined

/** The partitions of a request without a session, or of one that is to have one. */
const membersOf = ({ usesTopicIds, view, partitions }: SessionRequest) => {
  const members = new Map<string, CachedPartition>()
  for (const partition of partitions) members.set(keyOf(usesTopicIds, partition), cache(partition))
  const interest = new FetchInterest<CachedPartition>(isFollower(view) ? "Follower" : "Consumer")
  for (const member of members.values()) interest.add(member)
  return { members, interest }
}

const sessionless = (request: SessionRequest): SessionContext => {
  const { members, interest } = membersOf(request)
  const abandon = () => interest.dispose(members.values())
  const conclude = () => {
    abandon()
    return { sessionId: 0, included: () => true }
  }
  return { _tag: "Open", interest, ahead: undefined, conclude, abandon }
}

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
      if (request.sessionId !== 0) this.end(request.sessionId)
      return request.sessionEpoch === finalEpoch ? sessionless(request) : this.full(request, nowMs)
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

  private end(id: number): void {
    const session = this.sessions.get(id)
    if (session === undefined) return
    this.sessions.delete(id)
    session.interest.dispose(session.partitions.values())
  }

  private full(request: SessionRequest, nowMs: number): SessionContext {
    const { members, interest } = membersOf(request)
    const ahead = isFollower(request.view) ? undefined : new ReadAhead()
    const abandon = () => interest.dispose(members.values())
    return {
      _tag: "Open",
      interest,
      ahead,
      conclude: (looked) => {
        const session = this.open(request, members, { interest, ahead }, nowMs)
        if (session === undefined) abandon()
        else for (const [cached, { read }] of looked) remember(cached, read)
        return { sessionId: session?.id ?? 0, included: () => true }
      },
      abandon
    }
  }

  private incremental(session: Session, request: SessionRequest, nowMs: number): SessionContext {
    this.update(session, request)
    if (session.partitions.size === 0) {
      this.end(session.id)
      return sessionless({ ...request, partitions: [] })
    }
    session.epoch = session.epoch === maxEpoch ? 1 : session.epoch + 1
    session.lastUsedMs = nowMs
    const { interest, partitions } = session
    if (looksElse(session.view, request.view) || nowMs - session.lookedMs >= request.lookEachMs) {
      session.view = request.view
      session.lookedMs = nowMs
      for (const cached of partitions.values()) interest.makeDue(cached)
    }
    const conclude = (looked: Looked) => ({ sessionId: session.id, included: this.tell(session, looked) })
    return { _tag: "Open", interest, ahead: session.ahead, conclude, abandon: nothing }
  }

  /** What the request names is due, and what it forgets is gone. */
  private update({ usesTopicIds, partitions, interest }: Session, request: SessionRequest): void {
    for (const partition of request.partitions) {
      const key = keyOf(usesTopicIds, partition)
      const known = partitions.get(key)
      if (known === undefined) {
        const cached = cache(partition)
        partitions.set(key, cached)
        interest.add(cached)
      } else {
        known.request = partition
        interest.makeDue(known)
      }
    }
    for (const partition of request.forgotten) {
      const key = keyOf(usesTopicIds, partition)
      const known = partitions.get(key)
      if (known === undefined) continue
      partitions.delete(key)
      interest.remove(known)
    }
  }

  /** Remembers what is told. A partition that had records goes to the end, so that each gets its turn under max_bytes. */
  private tell(session: Session, looked: Looked) {
    const told = new Set<CachedPartition>()
    const served = new Set<CachedPartition>()
    for (const [cached, { read }] of looked) {
      if (!isNews(cached, read)) continue
      remember(cached, read)
      told.add(cached)
      if (read.records.byteLength > 0) served.add(cached)
    }
    session.interest.turnsOver(served)
    return (cached: CachedPartition) => told.has(cached)
  }

  private open(
    { view, usesTopicIds }: SessionRequest,
    partitions: Map<string, CachedPartition>,
    lasting: Pick<Session, "interest" | "ahead">,
    nowMs: number
  ): Session | undefined {
    const ofFollower = isFollower(view)
    if (this.sessions.size >= this.slots && !this.evict(ofFollower, nowMs)) return undefined
    let id = this.nextId()
    while (id === 0 || this.sessions.has(id)) id = this.nextId()
    const times = { lastUsedMs: nowMs, lookedMs: nowMs }
    const session: Session = {
      id,
      usesTopicIds,
      isFollower: ofFollower,
      partitions,
      ...lasting,
      view,
      epoch: 1,
      ...times
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
    this.end(oldest.id)
    return true
  }
}
