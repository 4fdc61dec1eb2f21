/**
 * A consumer from its start to its end, without the types of its records: an engine, a membership where there is a group, commits.
 *
 * Invariants: before a partition is given up, what was handed out of it is finished and committed, and nothing more is handed out;
 * a partition that was lost is only dropped. When the scope ends the member commits and leaves, within `closeTimeoutMs`.
 * Neighbours: `Consumer.ts` and `Processing.ts` are doors to this, each with its own idea of when a record is done.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import { type Compression, ErrorCode } from "@klamm/protocol"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Cluster } from "../Cluster.ts"
import { BrokerError, type KlammError } from "../KlammError.ts"
import { ConsumerMeasures } from "../observe/ConsumerMeasures.ts"
import type { Identity } from "./Asking.ts"
import { type Commits, make as makeCommits } from "./Commits.ts"
import type { ConsumerError } from "./ConsumerError.ts"
import { Engine, type Taken } from "./Engine.ts"
import type { Feed } from "./Feed.ts"
import * as ClassicGroup from "./group/ClassicGroup.ts"
import type { Host, Membership } from "./group/Host.ts"
import * as ModernGroup from "./group/ModernGroup.ts"
import { lagOf, type PartitionLag } from "./Lag.ts"
import * as Pattern from "./Pattern.ts"
import type { Settings } from "./Settings.ts"
import { keyOf, type TopicPartition } from "./TopicPartition.ts"

/** Partitions have come, are to go, or are gone. */
export type RebalanceEvent =
  | { readonly _tag: "Assigned"; readonly partitions: ReadonlyArray<TopicPartition> }
  /** They go when this has been handled: then what was done of them is committed, and others may read them. */
  | { readonly _tag: "Revoked"; readonly partitions: ReadonlyArray<TopicPartition> }
  /** Others may be reading these already. */
  | { readonly _tag: "Lost"; readonly partitions: ReadonlyArray<TopicPartition> }

export interface SessionOptions {
  readonly scope: Scope.Scope
  readonly cluster: Cluster
  readonly codecs: Compression.Codecs
  readonly settings: Settings
  /** Read as a member of the group; empty where partitions are assigned by hand. */
  readonly topics: ReadonlyArray<string>
  readonly onRebalance: (event: RebalanceEvent) => Effect.Effect<void>
  readonly measures: ConsumerMeasures
}

/** The longest that ending a consumer waits for its last commit and its leaving. */
const closeTimeoutMs = 30_000
/** How often the number of partitions is looked at; asking for it follows metadata.max.age.ms. */
const watchIntervalMs = 1_000
/** How often all topics are looked at for new ones that match a pattern. */
const patternIntervalMs = 5_000
/** Progress is told no more often than this. */
const busyIntervalMs = 1_000

export class Session {
  readonly engine: Engine
  readonly settings: Settings
  readonly commits: Commits
  readonly measures: ConsumerMeasures
  membership: Membership | undefined
  /** Nobody takes records any more. */
  isClosing = false
  /** Feeds of which something is handed out and not done. */
  private readonly outstanding = new Set<Feed>()
  /** The same, and those that were lost meanwhile: the application does not know that yet. */
  private readonly held = new Set<Feed>()
  private readonly options: SessionOptions
  private readonly now: () => number
  private toldBusyAt = 0
  /** What the member of a classic group subscribes to. */
  topics: ReadonlyArray<string>
  private readonly telling = Semaphore.makeUnsafe(1)
  private readonly progressed = Latch.makeUnsafe(false)

  constructor(options: SessionOptions, engine: Engine, now: () => number) {
    this.options = options
    this.engine = engine
    this.now = now
    this.settings = options.settings
    this.topics = options.topics
    this.measures = options.measures
    this.commits = makeCommits({
      cluster: options.cluster,
      settings: options.settings,
      measures: options.measures,
      identity: () => this.identity() ?? { group: "", memberId: "", generation: -1, instanceId: null, isModern: false },
      refused: (code) => this.membership?.tell({ _tag: "Refused", code }),
      now
    })
  }

  /** Who this is to the group's coordinator. By hand and with a group it is nobody's member, and may commit into an empty group. */
  identity(): Identity | undefined {
    if (this.membership !== undefined) return this.membership.identity()
    const { group } = this.settings
    return group === undefined ? undefined : { group, memberId: "", generation: -1, instanceId: null, isModern: false }
  }

  /** How a door waits until what it handed out of these is done; this one is for doors that take the next when the last is done. */
  quiesce: (feeds: ReadonlyArray<Feed>) => Effect.Effect<void> = (feeds) =>
    Effect.suspend(() => {
      if (this.isClosing || feeds.every((feed) => !this.outstanding.has(feed))) return Effect.void
      this.progressed.closeUnsafe()
      return Effect.andThen(this.progressed.await, this.quiesce(feeds))
    })

  /** Whether the application has nothing to do, of lost partitions either. */
  isIdle: () => boolean = () => this.held.size === 0

  /** Lets a door's `quiesce` look again: nobody takes records any more. */
  onClosing: () => void = () => undefined

  /** Something of this feed is handed out. */
  begin(feed: Feed): void {
    this.outstanding.add(feed)
    this.held.add(feed)
    this.membership?.tell({ _tag: "Busy" })
  }

  /** All that was handed out of these is done. */
  finish(feeds: Iterable<Feed> = [...this.held]): void {
    for (const feed of feeds) {
      feed.finish()
      this.outstanding.delete(feed)
      this.held.delete(feed)
    }
    this.rest()
  }

  /** Something is done while more is under way: what is handed out is not stuck. */
  progress(): void {
    const now = this.now()
    if (now - this.toldBusyAt < busyIntervalMs) return
    this.toldBusyAt = now
    this.membership?.tell({ _tag: "Busy" })
  }

  /** Tells the group and whoever waits that something is done. */
  rest(): void {
    if (this.outstanding.size === 0 && this.isIdle()) this.membership?.tell({ _tag: "Idle" })
    this.progressed.openUnsafe()
  }

  /** The next records; taking them says that the last ones are done. */
  readonly poll: Effect.Effect<Taken, ConsumerError> = Effect.suspend(() => {
    this.finish()
    return this.engine.take(this.settings.maxPollRecords, ({ feed }) => this.begin(feed))
  })

  private feedsOf(partitions: ReadonlyArray<TopicPartition>): ReadonlyArray<Feed> {
    return partitions.flatMap((each) => this.engine.feeds.get(keyOf(each)) ?? [])
  }

  private drop(partitions: ReadonlyArray<TopicPartition>): void {
    for (const feed of this.feedsOf(partitions)) this.outstanding.delete(feed)
    for (const each of partitions) this.engine.close(each)
    this.rest()
  }

  /** Events reach the application one after another, in the order in which they happened. */
  private told(event: RebalanceEvent): Effect.Effect<void> {
    const partitions = event.partitions.map(({ topic, partition }) => ({ topic, partition }))
    this.measures.rebalanced(event._tag)
    return this.telling.withPermits(1)(this.options.onRebalance({ ...event, partitions }))
  }

  /** The membership does not wait for the application, except before it gives partitions up. */
  private announce(event: RebalanceEvent): Effect.Effect<void> {
    return Effect.asVoid(Effect.forkIn(this.told(event), this.options.scope))
  }

  readonly host: Host = {
    assign: (partitions) => {
      for (const each of partitions) this.engine.add(each, { _tag: "Committed" })
      return partitions.length === 0 ? Effect.void : this.announce({ _tag: "Assigned", partitions })
    },
    revoke: (partitions) =>
      Effect.suspend(() => {
        const feeds = this.feedsOf(partitions)
        for (const feed of feeds) feed.isClosing = true
        return this.quiesce(feeds).pipe(
          Effect.andThen(this.told({ _tag: "Revoked", partitions })),
          Effect.andThen(this.settings.enableAutoCommit ? this.commitQuietly(feeds) : Effect.void),
          Effect.andThen(Effect.sync(() => this.drop(partitions)))
        )
      }),
    lose: (partitions) =>
      Effect.suspend(() => {
        this.drop(partitions)
        return this.announce({ _tag: "Lost", partitions })
      }),
    fail: (error) => this.engine.fail(error)
  }

  /** What is done is committed, or will be read again: the application goes on either way. */
  commitQuietly(feeds: ReadonlyArray<Feed> = [...this.engine.feeds.values()]): Effect.Effect<void> {
    return Effect.catch(this.commits.done(feeds), (error: KlammError) =>
      Effect.logWarning(`offsets of group ${this.settings.group} were not committed: ${error.message}`)
    )
  }

  readonly lag: Effect.Effect<ReadonlyArray<PartitionLag>> = Effect.suspend(() =>
    lagOf(this.options.cluster, this.settings, [...this.engine.feeds.values()])
  )

  /** What is done, at every interval. */
  readonly committing: Effect.Effect<never> = Effect.forever(
    Effect.suspend(() =>
      Effect.andThen(
        Effect.sleep(this.settings.autoCommitIntervalMs),
        Effect.suspend(() => this.commitQuietly())
      )
    )
  )

  /** Finds the topics that match the pattern; those known stay where nobody answers. */
  readonly find: Effect.Effect<void> = Effect.suspend(() => {
    const { topicPattern: pattern } = this.settings
    if (pattern === null) return Effect.void
    const compiled = Pattern.compile(pattern)
    if (compiled === undefined) {
      const code = ErrorCode.INVALID_REGULAR_EXPRESSION
      return Effect.sync(() => this.engine.fail(new BrokerError({ code, api: "topicPattern", resource: pattern })))
    }
    return Effect.match(this.options.cluster.allTopics, {
      onFailure: () => undefined,
      onSuccess: (metadata) => {
        this.topics = Pattern.matching(compiled, metadata)
      }
    })
  })

  /** Tells the membership when topics have more partitions than before, or came into being. */
  readonly watch: Effect.Effect<never> = Effect.suspend(() => {
    const { cluster } = this.options
    const topicsOf = () => this.topics
    const countsOf = () => {
      const known = cluster.known().topics
      return topicsOf()
        .map((topic) => `${topic} ${known.get(topic)?.partitions.length ?? 0}`)
        .join()
    }
    let counts = countsOf()
    // What is known of a topic that is not there is not believed for long: it may be made any moment.
    const isMissing = () =>
      topicsOf().some((topic) => (cluster.known().topics.get(topic)?.partitions.length ?? 0) === 0)
    const ask = Effect.suspend(() => (isMissing() ? cluster.refresh(topicsOf()) : cluster.metadata(topicsOf())))
    const isByPattern = this.settings.topicPattern !== null
    const look = Effect.map(isByPattern ? this.find : Effect.ignore(ask), () => {
      const now = countsOf()
      if (counts !== now) this.membership?.tell({ _tag: "SubscriptionChanged", topics: topicsOf() })
      counts = now
    })
    return Effect.forever(Effect.andThen(look, Effect.sleep(isByPattern ? patternIntervalMs : watchIntervalMs)))
  })

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosing = true
    this.progressed.openUnsafe()
    this.onClosing()
    const { membership } = this
    membership?.tell({ _tag: "Leave" })
    const commits = this.settings.enableAutoCommit && this.settings.group !== undefined
    const leave = membership?.ended ?? (commits ? this.commitQuietly() : Effect.void)
    return Effect.asVoid(Effect.timeoutOption(Effect.interruptible(leave), closeTimeoutMs))
  })
}

/** A consumer that runs until the scope ends. */
export const make = (given: Omit<SessionOptions, "scope" | "measures">): Effect.Effect<Session, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { cluster, settings, codecs } = given
    const clock = yield* Clock.Clock
    const now = () => monotonicMsOf(clock)
    const measures = new ConsumerMeasures(yield* Effect.context<never>(), clock, settings.group)
    // A scope of its own, which is still open while the member commits and leaves.
    const scope = yield* Scope.make()
    let session: Session | undefined
    const engine = new Engine({
      cluster,
      settings,
      codecs,
      measures,
      scope,
      now,
      wallNow: () => clock.currentTimeMillisUnsafe(),
      identity: () => session?.identity()
    })
    session = new Session({ ...given, measures, scope }, engine, now)
    const unobserve = measures.observeHeld(settings.clientId, settings.prefetchMaxBytes, () => engine.held)
    yield* Effect.addFinalizer(() => Effect.sync(unobserve))
    yield* Effect.addFinalizer((exit) => Effect.andThen(session.close, Scope.close(scope, exit)))
    yield* Effect.forkIn(engine.run, scope)
    if (settings.group !== undefined && (given.topics.length > 0 || settings.topicPattern !== null)) {
      const isModern = settings.groupProtocol === "consumer"
      const join = isModern ? ModernGroup.make : ClassicGroup.make
      if (!isModern) yield* session.find
      const joined = join(cluster, settings.group, settings, session.topics, session.host)
      session.membership = yield* Scope.provide(joined, scope)
      if (!isModern || settings.topicPattern === null) yield* Effect.forkIn(session.watch, scope)
    }
    if (settings.group !== undefined && settings.enableAutoCommit) yield* Effect.forkIn(session.committing, scope)
    return session
  })
