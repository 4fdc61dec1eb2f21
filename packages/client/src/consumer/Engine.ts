/**
 * The engine of a consumer: holds the partitions it reads, finds their positions, fetches ahead of whoever takes, and hands out records
 * in order. One fiber looks at everything whenever something has happened and starts what `Plan.ts` says; requests run beside it.
 *
 * Invariants: one fetch per broker and one question per partition at a time; what is buffered stays within `prefetchMaxBytes` plus
 * what the fetches in flight bring; after a failure every `take` fails with it. Neighbours: `Feed.ts`, `fetch/`, `Asking.ts`.
 */

import type { Compression } from "@klamm/protocol"
import { ErrorCode, FetchRequest, FetchResponse, Uuid } from "@klamm/protocol"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { broker, type Cluster } from "../Cluster.ts"
import { BrokerError, type RequestError } from "../KlammError.ts"
import type { ConsumerMeasures } from "../observe/ConsumerMeasures.ts"
import * as Asking from "./Asking.ts"
import { type ConsumerError, OffsetError } from "./ConsumerError.ts"
import { Feed, type Place } from "./Feed.ts"
import * as Fetching from "./fetch/Fetching.ts"
import { FetchSession } from "./fetch/FetchSession.ts"
import * as Plan from "./fetch/Plan.ts"
import * as Position from "./fetch/Position.ts"
import type { RawRecord } from "./fetch/RecordReader.ts"
import type { Settings } from "./Settings.ts"
import { keyOf, type TopicPartition } from "./TopicPartition.ts"

/** Fetches in a row of one partition that brought what can't be read, after which the consumer fails. */
const corruptFetchesMax = 5

export interface EngineOptions {
  readonly cluster: Cluster
  readonly settings: Settings
  readonly codecs: Compression.Codecs
  readonly measures: ConsumerMeasures
  readonly scope: Scope.Scope
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly wallNow: () => number
  /** Who asks for committed offsets; undefined where there is no group. */
  readonly identity: () => Asking.Identity | undefined
}

/** Some records of one partition. */
export interface Taken {
  readonly feed: Feed
  readonly turn: number
  readonly records: ReadonlyArray<RawRecord>
}

export class Engine {
  readonly feeds = new Map<string, Feed>()
  failure: ConsumerError | undefined
  private readonly options: EngineOptions
  private readonly fetching = new Set<number>()
  private readonly sessions = new Map<number, FetchSession>()
  /** Open while there may be something to start. */
  private readonly work = Latch.makeUnsafe(true)
  /** Open while there may be something to take. */
  private readonly available = Latch.makeUnsafe(false)
  /** Where the next take begins, so that every partition has its turn. */
  private rotation = 0

  constructor(options: EngineOptions) {
    this.options = options
  }

  /** What is fetched and not handed out, and of how many partitions. */
  get held(): { readonly bytes: number; readonly partitions: number } {
    let bytes = 0
    for (const { bufferedBytes } of this.feeds.values()) bytes += bufferedBytes
    return { bytes, partitions: this.feeds.size }
  }

  /** Reads a partition from now on: from this offset, or from what is committed, or by the reset policy. */
  add(partition: TopicPartition, need: Position.Need): Feed {
    const feed = new Feed(partition, Position.initial(need, this.options.settings.autoOffsetReset))
    const key = keyOf(partition)
    this.close(partition)
    this.feeds.set(key, feed)
    this.nudge()
    return feed
  }

  close(partition: TopicPartition): void {
    const key = keyOf(partition)
    const feed = this.feeds.get(key)
    if (feed === undefined) return
    feed.isClosed = true
    this.options.measures.unfollow(feed)
    this.feeds.delete(key)
    this.nudge()
    this.available.openUnsafe()
  }

  fail(error: ConsumerError): void {
    this.failure ??= error
    this.available.openUnsafe()
  }

  /** Something happened that may give work. */
  nudge(): void {
    this.work.openUnsafe()
  }

  /** Tells a feed's position machine, and does what it says. */
  tell(feed: Feed, news: Position.News): void {
    const { settings, now } = this.options
    const [state, effects] = Position.step(feed.state, news, settings, now())
    feed.state = state
    for (const effect of effects) {
      if (effect._tag === "Moved") feed.jump()
      else if (effect._tag === "RefreshMetadata") this.options.cluster.invalidate(feed.topic)
      else this.fail(this.faultOf(feed, effect))
    }
    feed.settle()
    this.nudge()
  }

  private tellAll(feeds: ReadonlyArray<Feed>, news: Position.News): void {
    for (const feed of feeds) this.tell(feed, news)
  }

  private faultOf(feed: Feed, { fault, code }: Position.PositionEffect & { _tag: "Fail" }): ConsumerError {
    const { topic, partition, state } = feed
    if (fault === "Refused") return new BrokerError({ code, api: "Fetch", resource: `${topic}-${partition}` })
    return new OffsetError({ reason: fault, partition: { topic, partition }, offset: state.offset })
  }

  /** Some records of the next partition that has any; undefined when none has. */
  takeNow(max: number, from: Iterable<Feed> = this.inTurn()): Taken | undefined {
    for (const feed of from) {
      const before = feed.bufferedBytes
      const records = feed.take(max)
      // Room was made, perhaps by a look that found nothing more: somebody has to fetch on.
      if (feed.bufferedBytes !== before) this.nudge()
      if (feed.fault !== undefined) this.unreadable(feed, feed.fault)
      if (records.length === 0) continue
      feed.faults = 0
      this.options.measures.consumed(feed, records.length)
      return { feed, turn: feed.turn, records }
    }
    return undefined
  }

  private inTurn(): ReadonlyArray<Feed> {
    const all = [...this.feeds.values()]
    const first = this.rotation++ % Math.max(1, all.length)
    return [...all.slice(first), ...all.slice(0, first)]
  }

  private unreadable(feed: Feed, fault: string): void {
    feed.fault = undefined
    const { topic, partition } = feed
    if (feed.faults > corruptFetchesMax) {
      const resource = `${topic}-${partition} at ${feed.handed.offset}`
      this.fail(new BrokerError({ code: ErrorCode.CORRUPT_MESSAGE, api: "Fetch", resource, said: fault }))
    } else this.tell(feed, { _tag: "Unanswered", from: feed.state.leaderId })
  }

  /** Waits for records; `begin` is told of them in the same moment in which they leave their feed, before anybody else can look. */
  take(max: number, begin: (taken: Taken) => void): Effect.Effect<Taken, ConsumerError> {
    return Effect.suspend(() => {
      if (this.failure !== undefined) return Effect.fail(this.failure)
      const taken = this.takeNow(max)
      if (taken !== undefined) {
        begin(taken)
        return Effect.succeed(taken)
      }
      this.available.closeUnsafe()
      return Effect.andThen(this.available.await, this.take(max, begin))
    })
  }

  /** Returns when something may have changed for whoever takes. */
  readonly changed: Effect.Effect<void> = Effect.suspend(() => {
    this.available.closeUnsafe()
    return this.available.await
  })

  announce(): void {
    this.available.openUnsafe()
  }

  /** Looks, starts what there is to start, and waits; for ever. */
  readonly run: Effect.Effect<never> = Effect.forever(
    Effect.suspend(() => {
      this.work.closeUnsafe()
      return Effect.flatMap(this.round(), (wakeAt) => {
        const wait = wakeAt - this.options.now()
        return wait === Number.POSITIVE_INFINITY
          ? this.work.await
          : Effect.asVoid(Effect.timeoutOption(this.work.await, Math.max(1, wait)))
      })
    })
  )

  private round(): Effect.Effect<number> {
    const { cluster, settings, now } = this.options
    const topics = [...new Set(Array.from(this.feeds.values(), ({ topic }) => topic))]
    if (topics.length === 0) return Effect.succeed(Number.POSITIVE_INFINITY)
    // Metadata that cannot be had now is no failure of the consumer: it goes on with what is known and asks again.
    const learn = Effect.match(cluster.metadata(topics), {
      onFailure: (error) => {
        if (!error.retriable) this.fail(error)
        return false
      },
      onSuccess: () => true
    })
    return Effect.flatMap(learn, (isKnown) => {
      this.learnLeaders()
      const plan = Plan.plan(this.feeds.values(), this.fetching, settings, this.held.bytes, now())
      for (const topic of plan.leaderless) cluster.invalidate(topic)
      const again = plan.leaderless.size > 0 || !isKnown ? now() + settings.retryBackoffMs : Number.POSITIVE_INFINITY
      return Effect.as(this.execute(plan), Math.min(plan.wakeAt, again))
    })
  }

  private learnLeaders(): void {
    const { topics } = this.options.cluster.known()
    for (const feed of this.feeds.values()) {
      const known = topics.get(feed.topic)?.partitions[feed.partition]
      if (known === undefined) continue
      const [state] = Position.step(
        feed.state,
        { _tag: "Leader", id: known.leaderId, epoch: known.leaderEpoch },
        this.options.settings,
        this.options.now()
      )
      feed.state = state
    }
  }

  private execute(plan: Plan.Plan): Effect.Effect<void> {
    const questions: Array<Effect.Effect<void>> = []
    if (plan.committed.length > 0) questions.push(this.asking(plan.committed, this.askCommitted(plan.committed)))
    for (const [id, feeds] of plan.offsets) questions.push(this.asking(feeds, this.askOffsets(id, feeds)))
    for (const [id, feeds] of plan.validations) questions.push(this.asking(feeds, this.askEpochs(id, feeds)))
    for (const [id, feeds] of plan.fetches) questions.push(this.fetch(id, feeds))
    return Effect.forEach(questions, (each) => Effect.forkIn(each, this.options.scope), { discard: true })
  }

  /** Marks the feeds while a question about them is under way. */
  private asking(feeds: ReadonlyArray<Feed>, question: Effect.Effect<void>): Effect.Effect<void> {
    for (const feed of feeds) feed.isAsking = true
    return Effect.ensuring(
      question,
      Effect.sync(() => {
        for (const feed of feeds) feed.isAsking = false
        this.nudge()
      })
    )
  }

  private askCommitted(feeds: ReadonlyArray<Feed>): Effect.Effect<void> {
    const { cluster, settings, identity } = this.options
    const who = identity()
    if (who === undefined) return Effect.sync(() => this.tellAll(feeds, { _tag: "NoneCommitted" }))
    return Effect.match(Asking.committed(cluster, who, feeds, settings.requestTimeoutMs), {
      onFailure: (error) => {
        if (!error.retriable) this.fail(error)
        for (const feed of feeds) this.tell(feed, { _tag: "Unanswered", from: -1 })
      },
      onSuccess: ({ code, places }) => {
        for (const feed of feeds) this.tellCommitted(feed, code, places.get(keyOf(feed)))
        if (code !== ErrorCode.NONE) this.coordinatorErred(code, who.group)
      }
    })
  }

  private tellCommitted(feed: Feed, code: number, answer: Asking.Answered<Place> | undefined): void {
    const failed = code !== ErrorCode.NONE ? code : (answer?.code ?? ErrorCode.NONE)
    const place = answer?.value
    if (answer !== undefined && answer.code !== ErrorCode.NONE) {
      const error = new BrokerError({ code: answer.code, api: "OffsetFetch", resource: keyOf(feed) })
      if (!error.retriable) {
        this.fail(error)
        return
      }
    }
    if (failed !== ErrorCode.NONE) this.tell(feed, { _tag: "Unanswered", from: -1 })
    else if (place === undefined) this.tell(feed, { _tag: "NoneCommitted" })
    else {
      feed.committed = place
      this.tell(feed, { _tag: "Committed", ...place })
    }
  }

  private coordinatorErred(code: number, group: string): void {
    const error = new BrokerError({ code, api: "OffsetFetch", resource: group })
    // A member of an old epoch asks again under its new one.
    const isPassing = code === ErrorCode.STALE_MEMBER_EPOCH || code === ErrorCode.UNKNOWN_MEMBER_ID
    if (!error.retriable && !isPassing) this.fail(error)
    else this.options.cluster.invalidateCoordinator("group", group)
  }

  private askOffsets(leader: number, feeds: ReadonlyArray<Feed>): Effect.Effect<void> {
    const { cluster, settings } = this.options
    const isCommittedOnly = settings.isolationLevel === "read_committed"
    const asked = feeds.map((feed) => ({
      topic: feed.topic,
      partition: feed.partition,
      leaderEpoch: feed.state.leaderEpoch,
      timestamp: Asking.timestampOf(feed.state.need, this.options.wallNow())
    }))
    return Effect.match(Asking.offsetsOrEnds(cluster, leader, asked, isCommittedOnly, settings.requestTimeoutMs), {
      onFailure: () => this.tellAll(feeds, { _tag: "Unanswered", from: leader }),
      onSuccess: (answers) => {
        for (const feed of feeds) {
          const answer = answers.get(keyOf(feed))
          if (answer === undefined) this.tell(feed, { _tag: "Unanswered", from: leader })
          else if (answer.code !== ErrorCode.NONE) this.tell(feed, { _tag: "Refused", code: answer.code, from: leader })
          else if (answer.value === undefined) this.tell(feed, { _tag: "Unanswered", from: leader })
          else this.tell(feed, { _tag: "Found", ...answer.value })
        }
      }
    })
  }

  private askEpochs(leader: number, feeds: ReadonlyArray<Feed>): Effect.Effect<void> {
    const { cluster, settings } = this.options
    const asked = feeds.map(({ topic, partition, state }) => ({
      topic,
      partition,
      currentLeaderEpoch: state.leaderEpoch,
      leaderEpoch: state.offsetEpoch
    }))
    return Effect.match(Asking.epochEnds(cluster, leader, asked, settings.requestTimeoutMs), {
      onFailure: () => this.tellAll(feeds, { _tag: "Unanswered", from: leader }),
      onSuccess: (answers) => {
        for (const feed of feeds) {
          const answer = answers.get(keyOf(feed))
          if (answer?.value === undefined) this.tell(feed, { _tag: "Unanswered", from: leader })
          else if (answer.code !== ErrorCode.NONE) this.tell(feed, { _tag: "Refused", code: answer.code, from: leader })
          else this.tell(feed, { _tag: "EpochEnd", ...answer.value })
        }
      }
    })
  }

  private fetch(id: number, feeds: ReadonlyArray<Feed>): Effect.Effect<void> {
    const { cluster, settings, codecs, measures, now } = this.options
    const { topics } = cluster.known()
    const asked = feeds.map((feed) => ({
      feed,
      turn: feed.turn,
      topicId: topics.get(feed.topic)?.topicId ?? Uuid.ZERO
    }))
    const session = this.sessions.get(id) ?? new FetchSession()
    this.sessions.set(id, session)
    this.fetching.add(id)
    const hasIds = asked.every(({ topicId }) => topicId !== Uuid.ZERO)
    const request = session.next(asked.map((each) => Fetching.wantedOf(each, settings)))
    const context: Fetching.AnswerContext = {
      from: id,
      asked,
      settings,
      decompression: { codecs, maxBytes: settings.maxBatchBytes },
      preferredUntil: now() + settings.metadataMaxAgeMs
    }
    const answered = cluster.ask(
      broker(id),
      { request: FetchRequest, response: FetchResponse },
      Fetching.requestOf(request, settings),
      (body) => {
        if (!session.answered(body.errorCode, body.sessionId)) return
        cluster.learn(Fetching.leadersOf(body.responses, context), body.nodeEndpoints)
        for (const { feed, news } of Fetching.take(body.responses, context)) this.tell(feed, news)
        for (const feed of feeds) measures.follow(feed, settings.isolationLevel === "read_committed")
      },
      {
        timeoutMs: settings.requestTimeoutMs + settings.fetchMaxWaitMs,
        lane: `fetch-${settings.lane}`,
        ...(hasIds ? {} : { maxVersion: Fetching.firstVersionWithIds - 1 })
      }
    )
    const failed = (error: RequestError) => {
      if (!error.retriable) this.fail(error)
      session.unanswered()
      this.tellAll(feeds, { _tag: "Unanswered", from: id })
    }
    return Effect.ensuring(
      Effect.matchEager(answered, { onFailure: failed, onSuccess: () => undefined }),
      Effect.sync(() => {
        this.fetching.delete(id)
        this.available.openUnsafe()
        this.nudge()
      })
    )
  }
}
