/**
 * Sending records, typed by their topic. `send` and its like use the connection's own producer, made with the options that
 * `Klamm.layer` was given; inside `provide` or `transaction` they use the one that is in force there. Invariant: a record that does not
 * fit its schemas is an EncodeError before anything of its call is sent. Neighbours: `Topic.ts`, `producer/ProducerLive.ts`.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import { Klamm } from "./Klamm.ts"
import { ConfigError, type EncodeError, type ProduceError } from "./KlammError.ts"
import type { ProducerOptions } from "./Options.ts"
import * as Spans from "./observe/Spans.ts"
import type { RecordMetadata, Waiter } from "./producer/Batch.ts"
import { makeProducer } from "./producer/Make.ts"
import { PendingCount, PendingRecord, PendingRecords } from "./producer/Pending.ts"
import type { Encoded, ProducerLive, ProducerRecord } from "./producer/ProducerLive.ts"
import type { TransactionGroup, TransactionOffset } from "./producer/TransactionCalls.ts"
import { type TransactionFailure, type Transactions, within } from "./producer/Transactions.ts"
import type { Topic } from "./Topic.ts"

export type { ProducerOptions } from "./Options.ts"
export type { RecordMetadata } from "./producer/Batch.ts"
export type { ProducerRecord } from "./producer/ProducerLive.ts"
export type { TransactionGroup, TransactionOffset } from "./producer/TransactionCalls.ts"
export type { TransactionFailure } from "./producer/Transactions.ts"

/** Why a record was not stored. */
export type SendError = EncodeError | ProduceError

/** A producer with options of its own; it is given its records through `provide` or `transaction`. */
export type Producer = ProducerLive

/** The producer in force, in place of the connection's own. */
const InForce = Context.Reference<Producer | undefined>("client/Producer", { defaultValue: () => undefined })

const current: Effect.Effect<Producer, never, Klamm> = Effect.flatMap(InForce, (producer) =>
  producer === undefined ? Effect.map(Klamm, (klamm) => klamm.producer) : Effect.succeed(producer)
)

/**
 * A producer with options of its own, beside the connection's. What was handed to it is delivered before the scope ends.
 */
export const make = (options: ProducerOptions = {}): Effect.Effect<Producer, ConfigError, Klamm | Scope.Scope> =>
  Effect.flatMap(Klamm, (klamm) => makeProducer(klamm, { ...klamm.producerDefaults, ...options }))

/** Makes `send` and its like use this producer. */
export const provide: (producer: Producer) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =
  (producer) => (effect) =>
    Effect.provideService(effect, InForce, producer)

const encodeAll = <K, V, H>(
  producer: Producer,
  topic: Topic<K, V, H>,
  records: ReadonlyArray<ProducerRecord<K, V, H>>
): Effect.Effect<ReadonlyArray<Encoded>, EncodeError> => {
  const wallMs = producer.wallMs
  const encoded: Array<Encoded> = []
  for (const record of records) {
    const one = producer.encode(topic, record, wallMs)
    if (Result.isFailure(one)) return Effect.fail(one.failure)
    encoded.push(one.success)
  }
  return Effect.succeed(encoded)
}

/** Hands records over, with a span where the fiber at hand is traced. `key` is that of the first. */
const handOver = (
  producer: Producer,
  topic: string,
  records: ReadonlyArray<Encoded>,
  waiter: Waiter<ProduceError>,
  key: unknown
): Effect.Effect<void, ProduceError> =>
  Effect.withFiber((fiber) => {
    const { client } = producer
    if (records.length === 0 || !Spans.isOn(fiber, client)) return producer.handOver(topic, records, waiter)
    const onward = (carrying: ReadonlyArray<Encoded>, told: Waiter<ProduceError>) =>
      producer.handOver(topic, carrying, told)
    return Spans.sending(fiber, { client, topic, key, records, waiter, handOver: onward })
  })

/** Sends a record; done when the cluster has acknowledged it. */
export const send = <K, V, H>(
  topic: Topic<K, V, H>,
  record: ProducerRecord<K, V, H>
): Effect.Effect<RecordMetadata, SendError, Klamm> =>
  Effect.flatMap(current, (producer): Effect.Effect<RecordMetadata, SendError> => {
    const encoded = producer.encode(topic, record, producer.wallMs)
    if (Result.isFailure(encoded)) return Effect.fail(encoded.failure)
    const pending = new PendingRecord()
    return Effect.andThen(handOver(producer, topic.name, [encoded.success], pending, record.key), pending.wait)
  })

/** Sends records, in order; done when all are acknowledged, failed with the first that was not. Nothing is sent if one can't be encoded. */
export const sendMany = <K, V, H>(
  topic: Topic<K, V, H>,
  records: ReadonlyArray<ProducerRecord<K, V, H>>
): Effect.Effect<ReadonlyArray<RecordMetadata>, SendError, Klamm> =>
  Effect.flatMap(current, (producer) =>
    Effect.flatMap(
      encodeAll(producer, topic, records),
      (encoded): Effect.Effect<ReadonlyArray<RecordMetadata>, SendError> => {
        const pending = new PendingRecords(encoded.length)
        return Effect.andThen(handOver(producer, topic.name, encoded, pending, records[0]?.key), pending.wait)
      }
    )
  )

/**
 * A sink that sends what it is given and ends with how many records that were, all acknowledged. It takes more as long as there is room
 * in the producer's memory, and fails with the first record that was not stored.
 */
export const sink = <K, V, H>(
  topic: Topic<K, V, H>
): Sink.Sink<number, ProducerRecord<K, V, H>, never, SendError, Klamm> =>
  Sink.unwrap(
    Effect.map(current, (producer) => {
      const pending = new PendingCount()
      const take = (records: NonEmptyReadonlyArray<ProducerRecord<K, V, H>>): Effect.Effect<void, SendError> => {
        if (pending.failure !== undefined) return Effect.fail(pending.failure)
        return Effect.flatMap(encodeAll(producer, topic, records), (encoded) => {
          pending.begin(encoded.length)
          return handOver(producer, topic.name, encoded, pending, records[0].key)
        })
      }
      return Sink.mapEffect(Sink.forEachArray(take), () => {
        pending.close()
        return pending.wait
      })
    })
  )

const transactionsOf = (producer: Producer): Effect.Effect<Transactions, ConfigError> =>
  producer.transactions === undefined
    ? Effect.fail(new ConfigError({ why: "a transaction needs a producer with a transactionalId" }))
    : Effect.succeed(producer.transactions)

/**
 * Runs an effect in a transaction of the producer in force, which has a `transactionalId`: what is sent inside becomes visible to
 * read_committed consumers all at once when it succeeds, and never when it fails or is interrupted. One after another: a second one
 * begun before the first has ended fails. A newer producer with the same transactional id is a FencedError for this one for ever.
 */
export const transaction = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | TransactionFailure | ConfigError, R | Klamm> =>
  Effect.flatMap(current, (producer) =>
    Effect.flatMap(transactionsOf(producer), (transactions) => within(transactions, provide(producer)(effect)))
  )

/** Inside a transaction: commits with it how far a group has read. The offset is that of the next record. */
export const sendOffsets = (
  group: TransactionGroup,
  offsets: ReadonlyArray<TransactionOffset>
): Effect.Effect<void, TransactionFailure | ConfigError, Klamm> =>
  Effect.flatMap(Effect.flatMap(current, transactionsOf), (transactions) => transactions.sendOffsets(group, offsets))

/** Sends what was handed over so far without lingering; done when all of it is acknowledged or given up. */
export const flush: Effect.Effect<void, never, Klamm> = Effect.flatMap(current, (producer) => producer.flush)
