/**
 * Working on a topic's records as a member of a group, many at the same time, in order where order matters.
 *
 * Promises: records of one key (or partition) are worked on one after another; an offset is committed only when it and all before it
 * are done; a record that can't be decoded or keeps failing goes to the dead-letter topic as it was, with the cause and its origin in
 * headers, and counts as done when it is stored there. Neighbours: `processing/Workers.ts` runs the work, `Consumer.ts` is the plain
 * way to read. A new group begins at the earliest record, unless `autoOffsetReset` says otherwise.
 */
import * as Entropy from "@klamm/platform/Entropy"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { ConsumerError } from "./consumer/ConsumerError.ts"
import { type ConsumerRecord, type DecodeFailure, decode, withProducerSpan } from "./consumer/ConsumerRecord.ts"
import type { Feed } from "./consumer/Feed.ts"
import type { RawRecord } from "./consumer/fetch/RecordReader.ts"
import { make as makeSession, type RebalanceEvent, type Session } from "./consumer/Session.ts"
import { type ConsumerOptions, settingsOf } from "./consumer/Settings.ts"
import { keyOf } from "./consumer/TopicPartition.ts"
import { Klamm } from "./Klamm.ts"
import { errorTypeOf } from "./observe/Conventions.ts"
import * as Spans from "./observe/Spans.ts"
import * as Producer from "./Producer.ts"
import * as DeadLetter from "./processing/DeadLetter.ts"
import * as ExactlyOnce from "./processing/ExactlyOnce.ts"
import * as Workers from "./processing/Workers.ts"
import * as Topic from "./Topic.ts"

export { prefix as deadLetterHeaderPrefix } from "./processing/DeadLetter.ts"

/** "key": in order per key. "partition": in order per partition. A number: so many at the same time, in no order. */
export type Concurrency = "key" | "partition" | number

/** How `forEach` works; the options of a consumer, and its own. */
export interface ForEachOptions<E = unknown> extends Omit<ConsumerOptions, "group" | "enableAutoCommit"> {
  readonly group: string
  readonly concurrency?: Concurrency
  /** When and how often a record that failed is tried again, before it is given up. */
  readonly retry?: Schedule.Schedule<unknown, E>
  /** Where records go that can't be decoded or were given up. Without it, such a failure ends the whole, uncommitted. */
  readonly deadLetter?: string | Topic.Named
  /** Without a dead-letter topic: what happens with a record that can't be decoded; a warning in the log by default. */
  readonly onDecodeError?: (failure: DecodeFailure) => Effect.Effect<void>
  readonly onRebalance?: (event: RebalanceEvent) => Effect.Effect<void>
  /** Records worked on at the same time, with "key" and "partition". */
  readonly maxConcurrency?: number
  /** Records handed out and not done, at most. */
  readonly maxInFlight?: number
}

const defaultMaxConcurrency = 64
const defaultMaxInFlight = 1_000

const latin1 = new TextDecoder("latin1")

const laneBy = (concurrency: Concurrency) => (feed: Feed, raw: RawRecord) => {
  if (concurrency === "partition") return keyOf(feed)
  // Records without a key are in nobody's order.
  return concurrency === "key" && raw.key !== null ? `${keyOf(feed)}:${latin1.decode(raw.key)}` : undefined
}

const Bytes = Schema.NullOr(Schema.Uint8Array)

type Raw = Topic.Topic<Uint8Array | null, Uint8Array | null>

const rawTopic = (topic: string | Topic.Named): Raw =>
  Topic.make(typeof topic === "string" ? topic : topic.name, { key: Bytes, value: Bytes })

/** A session whose work is watched; whether with spans is settled once for all its records. */
interface Watched {
  readonly session: Session
  readonly isTraced: boolean
}

const watched = (session: Session): Effect.Effect<Watched> =>
  Effect.withFiberSucceed((fiber) => ({ session, isTraced: Spans.isOn(fiber, session.settings) }))

/**
 * The work on a record, all its tries together, from now on: measured, and under a span that continues the producer's. This is done for
 * each record, so it takes no more of Effect than the handling of the failure does.
 */
const observed = <K, V, H, A, E, R, E2, R2>(
  { session, isTraced }: Watched,
  record: ConsumerRecord<K, V, H>,
  { feed, raw }: Pick<Workers.Item, "feed" | "raw">,
  work: Effect.Effect<A, E, R>,
  onFailure: (cause: Cause.Cause<E>) => Effect.Effect<A, E2, R2>
): Effect.Effect<A, E2, R | R2> => {
  const { settings, measures } = session
  const sinceMs = measures.nowMs
  const spanned = isTraced ? Spans.processing(settings, settings.group, withProducerSpan(record, raw), work) : work
  return Effect.matchCauseEffect(spanned, {
    onSuccess: (done) => {
      measures.processed(feed, sinceMs)
      return Effect.succeed(done)
    },
    onFailure: (cause) => {
      measures.failed(feed, sinceMs, errorTypeOf(Cause.squash(cause)))
      return onFailure(cause)
    }
  })
}

/** What becomes of one record: done, or the failure that ends the whole. */
const workOn = <K, V, H, E, R>(
  watch: Watched,
  topic: Topic.Topic<K, V, H>,
  options: ForEachOptions<E>,
  f: (record: ConsumerRecord<K, V, H>) => Effect.Effect<unknown, E, R>
) => {
  const { group, retry, deadLetter, onDecodeError } = options
  const letters = deadLetter === undefined ? undefined : rawTopic(deadLetter)
  const giveUp = (to: Raw, { feed, raw }: Workers.Item, cause: Cause.Cause<unknown>) => {
    const letter = DeadLetter.of({ topic: feed.topic, partition: feed.partition, group, raw, cause })
    return Effect.asVoid(Producer.send(to, letter))
  }
  const undecodable = (item: Workers.Item, failure: DecodeFailure) => {
    if (letters !== undefined) return giveUp(letters, item, Cause.fail(failure.error))
    if (onDecodeError !== undefined) return onDecodeError(failure)
    const { feed, raw } = item
    return Effect.logWarning(`${keyOf(feed)} at ${raw.offset}: passed over, ${failure.error.message}`)
  }
  return (item: Workers.Item): Effect.Effect<unknown, E | Producer.SendError, R | Klamm> => {
    const record = decode(topic, item.feed, item.raw)
    if (Result.isFailure(record)) return undecodable(item, record.failure)
    const once = Effect.suspend(() => f(record.success))
    const repeated = retry === undefined ? once : Effect.retry(once, retry)
    return observed(
      watch,
      record.success,
      item,
      repeated,
      (cause): Effect.Effect<unknown, E | Producer.SendError, Klamm> =>
        letters === undefined || Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : giveUp(letters, item, cause)
    )
  }
}

type SessionOptions = Omit<ConsumerOptions, "group"> & {
  readonly group: string
  readonly onRebalance?: (event: RebalanceEvent) => Effect.Effect<void>
}

/** A group that has done nothing yet begins at the beginning, as Kafka Streams has it: what is to be worked on is never passed over. */
const processingDefaults = { autoOffsetReset: "earliest" } as const

const sessionOn = (topic: Topic.Named, options: SessionOptions) =>
  Effect.gen(function* () {
    const { cluster, codecs, settings, consumerDefaults } = yield* Klamm
    return yield* makeSession({
      cluster,
      codecs,
      settings: settingsOf(settings, { ...processingDefaults, ...consumerDefaults }, options, yield* Entropy.uuid),
      topics: options.topicPattern === undefined ? [topic.name] : [],
      onRebalance: options.onRebalance ?? (() => Effect.void)
    })
  })

/** Works on the records of a topic until it is interrupted or something fails that no dead-letter topic takes. */
export const forEach = <K, V, H, E, R>(
  topic: Topic.Topic<K, V, H>,
  options: ForEachOptions<E>,
  f: (record: ConsumerRecord<K, V, H>) => Effect.Effect<unknown, E, R>
): Effect.Effect<never, E | ConsumerError | Producer.SendError, R | Klamm> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { concurrency = "partition", maxConcurrency = defaultMaxConcurrency } = options
      const session = yield* sessionOn(topic, { ...options, enableAutoCommit: true })
      return yield* Workers.run({
        session,
        laneOf: laneBy(concurrency),
        concurrency: typeof concurrency === "number" ? concurrency : maxConcurrency,
        maxInFlight: options.maxInFlight ?? defaultMaxInFlight,
        work: workOn(yield* watched(session), topic, options, f)
      })
    })
  )

/** How `exactlyOnce` works; the options of a consumer, and its own. */
export interface ExactlyOnceOptions<E = unknown>
  extends Omit<ConsumerOptions, "group" | "enableAutoCommit" | "isolationLevel"> {
  readonly group: string
  /** Of this member alone; a fresh one by default: the group fences members that are gone, whatever they call themselves (KIP-447). */
  readonly transactionalId?: string
  readonly transactionTimeoutMs?: number
  /** When and how often a record that failed is tried again, before the transaction is given up. */
  readonly retry?: Schedule.Schedule<unknown, E>
  /** Where records go that can't be decoded, in the same transaction; without it they are passed over with a warning. */
  readonly deadLetter?: string | Topic.Named
  readonly onRebalance?: (event: RebalanceEvent) => Effect.Effect<void>
}

/**
 * Makes of each record of `input` records of `output`, in order per partition. What `f` answers and how far `input` was read are
 * committed together: to readers of committed records each input record has had its effect once, whatever was killed meanwhile. What
 * else `f` does is done as often as a batch is tried. Fails with what `f` failed with, the transaction aborted.
 */
export const exactlyOnce = <K, V, H, K2, V2, H2, E, R>(
  input: Topic.Topic<K, V, H>,
  output: Topic.Topic<K2, V2, H2>,
  options: ExactlyOnceOptions<E>,
  f: (record: ConsumerRecord<K, V, H>) => Effect.Effect<ReadonlyArray<Producer.ProducerRecord<K2, V2, H2>>, E, R>
): Effect.Effect<never, E | ExactlyOnce.ExactlyOnceError, R | Klamm> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { group, retry, deadLetter, transactionTimeoutMs } = options
      const transactionalId = options.transactionalId ?? `${group}-${yield* Entropy.uuid}`
      const producer = yield* Producer.make({
        transactionalId,
        ...(transactionTimeoutMs === undefined ? {} : { transactionTimeoutMs })
      })
      const session = yield* sessionOn(input, { ...options, enableAutoCommit: false, isolationLevel: "read_committed" })
      const watch = yield* watched(session)
      const letters = deadLetter === undefined ? undefined : rawTopic(deadLetter)
      return yield* ExactlyOnce.run({
        session,
        input,
        output,
        transform: (record, item) =>
          observed(
            watch,
            record,
            item,
            retry === undefined ? f(record) : Effect.retry(f(record), retry),
            Effect.failCause
          ),
        undecodable: (failure, { feed }) => {
          const { topic, partition, offset, error, ...rest } = failure
          if (letters === undefined) {
            return Effect.logWarning(`${topic}-${partition} at ${offset}: passed over, ${error.message}`)
          }
          const cause = Cause.fail(error)
          const letter = DeadLetter.of({ topic, partition: feed.partition, group, raw: { ...rest, offset }, cause })
          return Effect.asVoid(Producer.send(letters, letter))
        }
      }).pipe(Producer.provide(producer))
    })
  )
