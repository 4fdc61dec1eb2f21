/**
 * Following leaders on other brokers: `num.replica.fetchers` loops for each source broker, each with all of its partitions in one
 * request.
 *
 * Invariants: a partition is followed from one broker at a time, in the loop that its name says; the next request goes out only when what the last one brought is as
 * durable as its offsets promise; trouble with one partition rests that partition and nothing else. A loop ends with its last partition.
 * Neighbours: `Deliveries.ts` takes an answer apart, `FetcherSession.ts` says what a request names, `Follower.ts` decides what becomes of it.
 */
import * as EpochCache from "@klamm/log/EpochCache"
import * as Moment from "@klamm/platform/Moment"
import type { Address } from "@klamm/platform/Network"
import type { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { fetcherFor } from "@klamm/protocol/JavaHash"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { deliver } from "./Deliveries.ts"
import type { Asked } from "./FetcherSession.ts"
import { makeSource, type Runner, type Source, sleepOrChange, unlessChanged } from "./FetchSource.ts"
import { type Followed, keyOf, restMs } from "./Followed.ts"
import * as Follower from "./Follower.ts"
import type { PartitionActor } from "./PartitionActor.ts"
import type { ReplicationQuota } from "./ReplicationQuota.ts"

export interface FetcherSettings {
  /** replica.fetch.min.bytes, .wait.max.ms, .max.bytes, .response.max.bytes, .backoff.ms and replica.socket.timeout.ms. */
  readonly minBytes: number
  readonly maxWaitMs: number
  readonly partitionMaxBytes: number
  readonly responseMaxBytes: number
  readonly backoffMs: number
  readonly timeoutMs: number
  /** num.replica.fetchers. */
  readonly fetchers: number
  /** Consumers may read from followers here (KIP-392): a leader is asked to tell at once of a high watermark that has moved. */
  readonly servesConsumers: boolean
}

/** Where a loop fetches: it has a connection of its own to its broker. */
export interface FetchPlace {
  readonly address: Address
  /** Which of the loops it is that fetch from this broker, from 0. */
  readonly fetcher: number
}

export interface FetchAnswer {
  readonly body: FetchResponse
  /** The records are views of receive memory until this is called, exactly once. */
  readonly release: () => void
}

export interface FetcherOptions {
  readonly nodeId: number
  readonly fetchSettings: () => FetcherSettings
  /** Of the inter-broker listener, as the metadata has it now. */
  readonly addressOf: (brokerId: number) => Address | undefined
  /** On the loop's connection. */
  readonly fetch: (
    to: FetchPlace,
    body: FetchRequest,
    timeoutMs: number
  ) => Effect.Effect<FetchAnswer, { readonly message: string }>
  /** Ends that connection: a poll that waits on it would hold up the next request. */
  readonly disconnect: (to: FetchPlace) => Effect.Effect<void>
  /** What slows the fetching of throttled partitions (KIP-73). */
  readonly quota: ReplicationQuota
  /** Of this broker's present life. */
  readonly brokerEpoch: () => number
}

export interface Fetcher {
  /** Follows the partition from that broker from now on, and from no other. */
  readonly follow: (partition: PartitionActor, leaderId: number) => void
  readonly unfollow: (partition: PartitionActor) => void
  /** The settings may have changed: every partition goes to the loop where it belongs. */
  readonly reconfigure: () => void
}

/** How soon a partition that is being cut or synced is looked at again. */
const notReadyRestMs = 2

/** How soon a partition that is throttled is looked at again. */
const throttledRestMs = 100

/** A partition's news come with its deliveries; what else may be (its log begins later, its disk failed) is noticed so soon. */
const lookEachMs = 1_000

/** How soon a broker that is not registered yet looks again. */
const unregisteredRestMs = 10

interface Self extends Runner {
  readonly options: FetcherOptions
  readonly sources: Map<string, Source>
}

/** Of no news: the leader tells it with the next records, or when the poll ends. The default of the field (KIP-1166). */
const anyHighWatermark = 2 ** 63

/** What to ask for the partition; undefined when it can't be fetched just now. */
const askFor = ({ partition }: Followed, brokerId: number, settings: FetcherSettings): Asked | undefined => {
  const state = partition.actor.state()
  if (state._tag !== "Follower" || state.leaderId !== brokerId) return undefined
  const fetchOffset = Follower.fetchOffset(state)
  if (fetchOffset === undefined) return undefined
  return {
    topicId: partition.topicId,
    partition: partition.partition,
    currentLeaderEpoch: state.leaderEpoch,
    fetchOffset,
    lastFetchedEpoch: EpochCache.epochForOffset(partition.log.epochs, fetchOffset - 1),
    logStartOffset: state.logStartOffset,
    partitionMaxBytes: settings.partitionMaxBytes,
    // Each move told would double the fetches that one record costs.
    highWatermark: settings.servesConsumers ? state.highWatermark : anyHighWatermark
  }
}

/** A replica that has what the leader last said was committed is in sync, and is not slowed. */
const isThrottled = (quota: ReplicationQuota, { partition }: Followed): boolean => {
  const state = partition.actor.state()
  const isInSync =
    state._tag === "Follower" && state.leaderHighWatermark !== -1 && state.leaderHighWatermark <= state.logEndOffset
  return !isInSync && quota.isThrottled(partition)
}

/** What to ask for the partition now; else when it may be asked for again. */
const askOrRest = (
  { options: { quota } }: Self,
  { brokerId }: Source,
  followed: Followed,
  settings: FetcherSettings,
  now: number
): Asked | number => {
  if (followed.restsUntilMs > now) return followed.restsUntilMs
  const asked = askFor(followed, brokerId, settings)
  if (asked === undefined) return now + notReadyRestMs
  return quota.isActive && quota.isExceeded && isThrottled(quota, followed) ? now + throttledRestMs : asked
}

/** Brings the session up to what can be fetched now; answers when there may be more to fetch. */
const gather = (self: Self, source: Source, settings: FetcherSettings, now: number): number => {
  const { partitions, session } = source
  let nextMs = Number.POSITIVE_INFINITY
  const looksAtAll = now - source.lookedMs >= lookEachMs || self.options.quota.isActive
  if (looksAtAll) source.lookedMs = now
  const keys = looksAtAll ? [...partitions.keys()] : source.due
  source.due = new Set()
  for (const key of keys) {
    const followed = partitions.get(key)
    const isGone = followed === undefined || followed.partition.actor.state()._tag === "Offline"
    if (isGone) {
      partitions.delete(key)
      session.leave(key)
      continue
    }
    const asked = askOrRest(self, source, followed, settings, now)
    if (typeof asked !== "number") session.want(key, asked)
    else {
      nextMs = Math.min(nextMs, asked)
      session.leave(key)
      source.due.add(key)
    }
  }
  return nextMs
}

const requestFor = ({ options }: Self, { session }: Source, maxWaitMs: number): FetchRequest => {
  const { minBytes, responseMaxBytes } = options.fetchSettings()
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: options.nodeId, replicaEpoch: options.brokerEpoch() },
    maxWaitMs,
    minBytes,
    maxBytes: responseMaxBytes,
    isolationLevel: 0,
    rackId: "",
    ...session.request()
  }
}

/** The session errors of KIP-227: the next request is a full one, at once. */
const sessionErrors: ReadonlySet<number> = new Set([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
])

const failed = (self: Self, source: Source, why: string): Effect.Effect<void> => {
  source.session.reset()
  const ms = restMs(source.failures, self.options.fetchSettings().backoffMs)
  source.failures += 1
  const told = Effect.logDebug(`fetching from broker ${source.brokerId} failed: ${why}`)
  return Effect.andThen(told, sleepOrChange(source, ms))
}

const take = (self: Self, source: Source, answer: FetchAnswer): Effect.Effect<void> => {
  const { errorCode, sessionId } = answer.body
  if (errorCode !== ErrorCode.NONE) {
    answer.release()
    source.session.reset()
    return sessionErrors.has(errorCode) ? Effect.void : failed(self, source, `error ${errorCode}`)
  }
  source.failures = 0
  source.session.answered(sessionId)
  return deliver(source, answer, self.options)
}

/** One request and what comes of it. Not a generator, for the reason that `@klamm/actor/Actor` gives. */
const fetchOnce = (self: Self, source: Source): Effect.Effect<void> =>
  Effect.flatMap(Moment.monotonicMs, (now) => {
    const { options } = self
    const settings = options.fetchSettings()
    // A fetch without an epoch could be taken for one of this broker's former life, which may have had more (KIP-903).
    if (options.brokerEpoch() < 0) return Effect.sleep(unregisteredRestMs)
    source.changed = false
    const nextMs = gather(self, source, settings, now)
    if (source.session.size === 0) return sleepOrChange(source, Math.min(nextMs - now, settings.backoffMs))
    const address = options.addressOf(source.brokerId)
    if (address === undefined) return failed(self, source, "no address")
    const request = requestFor(self, source, Math.max(0, Math.min(settings.maxWaitMs, nextMs - now)))
    const place = { address, fetcher: source.fetcher }
    const asking = Effect.result(options.fetch(place, request, settings.timeoutMs))
    return Effect.flatMap(unlessChanged(self, source, asking), (outcome) => {
      if (outcome === "Changed") {
        source.session.reset()
        return options.disconnect(place)
      }
      return outcome._tag === "Failure"
        ? failed(self, source, outcome.failure.message)
        : take(self, source, outcome.success)
    })
  })

const loop = (self: Self, source: Source): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (source.partitions.size > 0) return Effect.flatMap(fetchOnce(self, source), () => loop(self, source))
    self.sources.delete(sourceKey(source))
    return Effect.void
  })

const sourceKey = ({ brokerId, fetcher }: Pick<Source, "brokerId" | "fetcher">): string => `${brokerId}/${fetcher}`

const sourceOf = (self: Self, brokerId: number, { topic, partition }: PartitionActor): Source => {
  const fetcher = fetcherFor(topic, partition, self.options.fetchSettings().fetchers)
  const known = self.sources.get(sourceKey({ brokerId, fetcher }))
  if (known !== undefined) return known
  const source = makeSource(brokerId, fetcher)
  self.sources.set(sourceKey(source), source)
  self.run(loop(self, source))
  return source
}

const unfollow = (self: Self, { topicId, partition }: PartitionActor, except?: Source): void => {
  const key = keyOf(topicId, partition)
  for (const source of self.sources.values()) {
    if (source !== except && source.partitions.delete(key)) source.session.leave(key)
  }
}

const follow = (self: Self, partition: PartitionActor, leaderId: number): void => {
  const source = sourceOf(self, leaderId, partition)
  unfollow(self, partition, source)
  const key = keyOf(partition.topicId, partition.partition)
  source.partitions.set(key, { partition, restsUntilMs: 0, failures: 0 })
  source.due.add(key)
  source.changed = true
  source.onChange?.()
}

const reconfigure = (self: Self): void => {
  const { fetchers } = self.options.fetchSettings()
  const everywhere = [...self.sources.values()].flatMap((source) =>
    [...source.partitions.values()].map(({ partition }) => ({ partition, source }))
  )
  for (const { partition, source } of everywhere) {
    const isInPlace = fetcherFor(partition.topic, partition.partition, fetchers) === source.fetcher
    if (!isInPlace) follow(self, partition, source.brokerId)
  }
}

/** Follows nothing yet; all loops end with the scope. */
export const make = (options: FetcherOptions): Effect.Effect<Fetcher, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const fork = (effect: Effect.Effect<void>) =>
      Effect.asVoid(Effect.forkIn(Effect.andThen(Effect.yieldNow, effect), scope))
    const self: Self = {
      options,
      sources: new Map(),
      run: (effect) => void runFork(fork(effect)),
      start: runFork
    }
    return {
      follow: (partition, leaderId) => follow(self, partition, leaderId),
      unfollow: (partition) => unfollow(self, partition),
      reconfigure: () => reconfigure(self)
    }
  })
