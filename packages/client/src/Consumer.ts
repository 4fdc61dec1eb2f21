/**
 * Consumers: typed streams of records, as a member of a group or by hand.
 *
 * Promises: a record counts as done when the next is pulled, never before; what is done is committed at intervals, before a
 * partition is given up and at the end (unless `enableAutoCommit` is off), so that nothing is skipped over a rebalance or a crash, and
 * what was pulled last may come again. A record that can't be decoded goes to `onDecodeError` and stops nothing.
 * Neighbours: `consumer/Session.ts` does it, `Processing.ts` works on records side by side.
 */
import * as Entropy from "@klamm/platform/Entropy"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { behind } from "./consumer/Commits.ts"
import type { ConsumerError } from "./consumer/ConsumerError.ts"
import {
  type ConsumerRecord,
  type DecodeFailure,
  decode,
  type Origin,
  withProducerSpan
} from "./consumer/ConsumerRecord.ts"
import type { Taken } from "./consumer/Engine.ts"
import type { Feed } from "./consumer/Feed.ts"
import type { Target } from "./consumer/fetch/Position.ts"
import type { PartitionLag } from "./consumer/Lag.ts"
import { make as makeSession, type RebalanceEvent, type Session } from "./consumer/Session.ts"
import { type ConsumerOptions, settingsOf } from "./consumer/Settings.ts"
import { keyFor, type TopicPartition } from "./consumer/TopicPartition.ts"
import { Klamm } from "./Klamm.ts"
import type { KlammError } from "./KlammError.ts"
import * as Spans from "./observe/Spans.ts"
import type { Topic } from "./Topic.ts"

export type { AssignorName } from "./consumer/assignor/Assignor.ts"
export { type ConsumerError, OffsetError } from "./consumer/ConsumerError.ts"
export type { ConsumerRecord, DecodeFailure, Origin } from "./consumer/ConsumerRecord.ts"
export type { OffsetReset } from "./consumer/fetch/Position.ts"
export type { PartitionLag } from "./consumer/Lag.ts"
export type { RebalanceEvent } from "./consumer/Session.ts"
export type { ConsumerOptions } from "./consumer/Settings.ts"
export type { TopicPartition } from "./consumer/TopicPartition.ts"
export { type Concurrency, type ExactlyOnceOptions, exactlyOnce, type ForEachOptions, forEach } from "./Processing.ts"

/** What a consumer may be told, besides what becomes of records that can't be decoded. */
export interface Options extends ConsumerOptions {
  /** What happens with a record that can't be decoded, before the next one comes; a warning in the log by default. */
  readonly onDecodeError?: (failure: DecodeFailure) => Effect.Effect<void>
  /** Partitions come and go; they go when this has returned, or are gone already. */
  readonly onRebalance?: (event: RebalanceEvent) => Effect.Effect<void>
}

/** The partition is not, or not any more, read by this consumer. */
export class NotAssignedError extends Data.TaggedError("NotAssignedError")<{ readonly partition: TopicPartition }> {
  readonly retriable = false
  override get message(): string {
    return `${this.partition.topic}-${this.partition.partition} is not assigned to this consumer`
  }
}

/** Where to begin reading a partition. */
export interface Start {
  readonly partition: number
  /** Left out: at what the group committed, or by `autoOffsetReset`. */
  readonly from?: number | "earliest" | "latest" | { readonly timestamp: number }
}

/** A running consumer. Its two streams take from the same records: use one of them, once. */
export interface Consumer<K, V, H> {
  readonly stream: Stream.Stream<ConsumerRecord<K, V, H>, ConsumerError>
  /** A stream for each partition, from when it is assigned until it is revoked or lost. */
  readonly partitions: Stream.Stream<
    readonly [TopicPartition, Stream.Stream<ConsumerRecord<K, V, H>, ConsumerError>],
    ConsumerError
  >
  /** Commits that these records, and all before them in their partitions, are done. */
  readonly commit: (records: ReadonlyArray<Origin>) => Effect.Effect<void, KlammError>
  /** Commits what is done: all records but those pulled last. */
  readonly commitDone: Effect.Effect<void, KlammError>
  /** Says that this record and all before it in its partition are done, for those who take records one by one out of a pull. */
  readonly finish: (record: Origin) => Effect.Effect<void>
  readonly assignment: Effect.Effect<ReadonlyArray<TopicPartition>>
  readonly seek: (partition: TopicPartition, offset: number) => Effect.Effect<void, NotAssignedError>
  readonly seekTo: (
    partition: TopicPartition,
    to: "earliest" | "latest" | { readonly timestamp: number }
  ) => Effect.Effect<void, NotAssignedError>
  /** Hands out no more records of these until `resume`; the group knows nothing of it. */
  readonly pause: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  readonly resume: (partitions: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /** The offset of the next record to be handed out; undefined while it is not known. */
  readonly position: (partition: TopicPartition) => Effect.Effect<number | undefined>
  /** Of the partitions whose position is known; leaders are asked for the ends of those that have not been fetched from. */
  readonly lag: Effect.Effect<ReadonlyArray<PartitionLag>>
}

const warn = (failure: DecodeFailure): Effect.Effect<void> =>
  Effect.logWarning(`${failure.topic}-${failure.partition} at ${failure.offset}: passed over, ${failure.error.message}`)

const targetOf = (to: "earliest" | "latest" | { readonly timestamp: number }): Target => {
  if (to === "earliest") return { _tag: "Earliest" }
  return to === "latest" ? { _tag: "Latest" } : { _tag: "Timestamp", timestamp: to.timestamp }
}

type Decoder<A> = (taken: Taken) => Effect.Effect<ReadonlyArray<A>>

const decoder = <K, V, H>(
  topic: Topic<K, V, H>,
  client: Spans.Traced,
  onDecodeError: (failure: DecodeFailure) => Effect.Effect<void>
): Decoder<ConsumerRecord<K, V, H>> => {
  const decodeAll = ({ feed, records }: Taken, isTraced: boolean) => {
    const failures: Array<DecodeFailure> = []
    const decoded: Array<ConsumerRecord<K, V, H>> = []
    for (const raw of records) {
      const result = decode(topic, feed, raw)
      if (Result.isSuccess(result)) decoded.push(isTraced ? withProducerSpan(result.success, raw) : result.success)
      else failures.push(result.failure)
    }
    if (failures.length === 0) return Effect.succeed(decoded)
    return Effect.as(Effect.forEach(failures, onDecodeError, { discard: true }), decoded)
  }
  return (taken) => Effect.withFiber((fiber) => decodeAll(taken, Spans.isOn(fiber, client)))
}

/** Asks for records, measured and with a span. */
const asked = <E>(
  { measures, settings }: Session,
  topic: string,
  take: Effect.Effect<Taken, E>
): Effect.Effect<Taken, E> => {
  const timed = Effect.suspend(() => {
    const sinceMs = measures.nowMs
    return Effect.map(take, (taken) => {
      measures.polled(taken.feed, sinceMs)
      return taken
    })
  })
  return Spans.polling(settings, settings.group, topic, timed)
}
type Batch<A> = readonly [A, ...ReadonlyArray<A>]

/** Asks until there is something. */
const untilSome = <A, E>(ask: Effect.Effect<ReadonlyArray<A>, E>): Effect.Effect<Batch<A>, E> =>
  Effect.flatMap(ask, ([first, ...rest]) => (first === undefined ? untilSome(ask) : Effect.succeed([first, ...rest])))

const wholeStream = <A>(session: Session, topic: string, decodeAll: Decoder<A>): Stream.Stream<A, ConsumerError> =>
  Stream.fromPull(Effect.succeed(untilSome(Effect.flatMap(asked(session, topic, session.poll), decodeAll))))

const partitionStream = <A>(session: Session, feed: Feed, decodeAll: Decoder<A>): Stream.Stream<A, ConsumerError> => {
  const { engine, settings } = session
  const next: Effect.Effect<Taken, ConsumerError | Cause.Done> = Effect.suspend(() => {
    session.finish([feed])
    if (engine.failure !== undefined) return Effect.fail(engine.failure)
    if (feed.isClosed) return Cause.done()
    const taken = engine.takeNow(settings.maxPollRecords, [feed])
    if (taken === undefined) return Effect.andThen(engine.changed, next)
    session.begin(feed)
    return Effect.succeed(taken)
  })
  return Stream.fromPull(Effect.succeed(untilSome(Effect.flatMap(asked(session, feed.topic, next), decodeAll))))
}

const partitionStreams = <A>(session: Session, decodeAll: Decoder<A>) => {
  const { engine } = session
  const given = new WeakSet<Feed>()
  type Item = readonly [TopicPartition, Stream.Stream<A, ConsumerError>]
  const next: Effect.Effect<Batch<Item>, ConsumerError> = Effect.suspend(() => {
    if (engine.failure !== undefined) return Effect.fail(engine.failure)
    const fresh = [...engine.feeds.values()].filter((feed) => !given.has(feed))
    const [first, ...rest] = fresh.map((feed): Item => {
      given.add(feed)
      const { topic, partition } = feed
      return [{ topic, partition }, partitionStream(session, feed, decodeAll)]
    })
    return first === undefined ? Effect.andThen(engine.changed, next) : Effect.succeed([first, ...rest] as Batch<Item>)
  })
  return Stream.fromPull(Effect.succeed(next))
}

const withFeed = (
  session: Session,
  partition: TopicPartition,
  use: (feed: Feed) => void
): Effect.Effect<void, NotAssignedError> =>
  Effect.suspend(() => {
    const feed = session.engine.feeds.get(keyFor(partition.topic, partition.partition))
    if (feed === undefined) return Effect.fail(new NotAssignedError({ partition }))
    use(feed)
    return Effect.void
  })

const handleOf = <K, V, H>(
  session: Session,
  topic: string,
  decodeAll: Decoder<ConsumerRecord<K, V, H>>
): Consumer<K, V, H> => {
  const { engine, commits } = session
  const feeds = () => [...engine.feeds.values()]
  const setPaused = (partitions: ReadonlyArray<TopicPartition>, isPaused: boolean) =>
    Effect.sync(() => {
      for (const { topic, partition } of partitions) {
        const feed = engine.feeds.get(keyFor(topic, partition))
        if (feed !== undefined) feed.isPaused = isPaused
      }
      engine.nudge()
      engine.announce()
    })
  return {
    stream: wholeStream(session, topic, decodeAll),
    partitions: partitionStreams(session, decodeAll),
    commit: (records) => commits.these(latestOf(records).map(behind)),
    commitDone: Effect.suspend(() => commits.done(feeds())),
    finish: (record) =>
      Effect.sync(() => {
        engine.feeds.get(keyFor(record.topic, record.partition))?.finishUntil(record)
        session.progress()
      }),
    assignment: Effect.sync(() => feeds().map(({ topic, partition }) => ({ topic, partition }))),
    seek: (partition, offset) =>
      withFeed(session, partition, (feed) => engine.tell(feed, { _tag: "Seek", offset, epoch: -1 })),
    seekTo: (partition, to) =>
      withFeed(session, partition, (feed) => engine.tell(feed, { _tag: "SeekTo", target: targetOf(to) })),
    pause: (partitions) => setPaused(partitions, true),
    resume: (partitions) => setPaused(partitions, false),
    position: ({ topic, partition }) =>
      Effect.sync(() => {
        const offset = engine.feeds.get(keyFor(topic, partition))?.handed.offset ?? -1
        return offset < 0 ? undefined : offset
      }),
    lag: session.lag
  }
}

/** Of each partition the record furthest on. */
const latestOf = (records: ReadonlyArray<Origin>): ReadonlyArray<Origin> => {
  const latest = new Map<string, Origin>()
  for (const record of records) {
    const key = keyFor(record.topic, record.partition)
    const known = latest.get(key)
    if (known === undefined || known.offset < record.offset) latest.set(key, record)
  }
  return [...latest.values()]
}

const open = <K, V, H>(
  topic: Topic<K, V, H>,
  options: Options,
  topics: ReadonlyArray<string>
): Effect.Effect<readonly [Session, Consumer<K, V, H>], never, Klamm | Scope.Scope> =>
  Effect.gen(function* () {
    const { onDecodeError = warn, onRebalance = () => Effect.void, ...rest } = options
    const { cluster, codecs, settings, consumerDefaults } = yield* Klamm
    const session = yield* makeSession({
      cluster,
      codecs,
      settings: settingsOf(settings, consumerDefaults, rest, yield* Entropy.uuid),
      topics,
      onRebalance
    })
    return [session, handleOf(session, topic.name, decoder(topic, settings, onDecodeError))] as const
  })

/** What is read by name: nothing where a pattern says it. */
const namesOf = ({ name }: { readonly name: string }, { topicPattern }: ConsumerOptions): ReadonlyArray<string> =>
  topicPattern === undefined ? [name] : []

/** A consumer that runs until its scope ends: a member of `group`, or, without one, a reader of all partitions. */
export const make = <K, V, H>(
  topic: Topic<K, V, H>,
  options: Options = {}
): Effect.Effect<Consumer<K, V, H>, KlammError, Klamm | Scope.Scope> =>
  Effect.gen(function* () {
    if (options.group !== undefined) return (yield* open(topic, options, namesOf(topic, options)))[1]
    const { partitions } = yield* Effect.flatMap(Klamm, ({ cluster }) => cluster.topic(topic.name))
    return yield* assign(
      topic,
      partitions.map(({ partition }) => ({ partition })),
      options
    )
  })

/** A consumer of these partitions and no others. With a group it begins at what that has committed, and commits to it. */
export const assign = <K, V, H>(
  topic: Topic<K, V, H>,
  partitions: ReadonlyArray<Start>,
  options: Options = {}
): Effect.Effect<Consumer<K, V, H>, never, Klamm | Scope.Scope> =>
  Effect.map(open(topic, options, []), ([session, consumer]) => {
    for (const { partition, from } of partitions) {
      const feed = session.engine.add({ topic: topic.name, partition }, { _tag: "Committed" })
      if (typeof from === "number") session.engine.tell(feed, { _tag: "Seek", offset: from, epoch: -1 })
      else if (from !== undefined) session.engine.tell(feed, { _tag: "SeekTo", target: targetOf(from) })
    }
    return consumer
  })

/** The records of a topic, for as long as somebody pulls. */
export const stream = <K, V, H>(
  topic: Topic<K, V, H>,
  options: Options = {}
): Stream.Stream<ConsumerRecord<K, V, H>, ConsumerError, Klamm> =>
  Stream.unwrap(Effect.map(make(topic, options), (consumer) => consumer.stream))

/** The records of a topic, a stream for each partition while it is this consumer's. */
export const partitionedStream = <K, V, H>(
  topic: Topic<K, V, H>,
  options: Options = {}
): Stream.Stream<
  readonly [TopicPartition, Stream.Stream<ConsumerRecord<K, V, H>, ConsumerError>],
  ConsumerError,
  Klamm
> => Stream.unwrap(Effect.map(make(topic, options), (consumer) => consumer.partitions))

/**
 * Works on a record of a stream under a span of its own, `process orders`, which is a child of the one in which the record was sent.
 * `forEach` and `exactlyOnce` do so by themselves.
 */
export const processing =
  <K, V, H>(record: ConsumerRecord<K, V, H>) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Spans.processing(undefined, undefined, record, work)
