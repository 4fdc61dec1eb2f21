/**
 * What the client is to those who don't use Effect: the types of `Promises.ts`, which keeps them.
 */
import type * as Effect from "effect/Effect"
import type * as AdminCalls from "./Admin.ts"
import type * as Consumer from "./Consumer.ts"
import type { ProducerOptions } from "./Options.ts"
import type * as Processing from "./Processing.ts"
import type * as Producer from "./Producer.ts"
import type * as Topic from "./Topic.ts"

/** What can be called off. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined
}

/** A record that is read. */
export type Read<K, V, H> = Consumer.ConsumerRecord<K, V, H>
/** A record that is sent. */
export type Outgoing<K, V, H> = Producer.ProducerRecord<K, V, H>
/** Where a record was stored. */
export type Stored = Producer.RecordMetadata

/** What is done with a record that can't be decoded, and with partitions that come and go, in place of the effects of `Consumer.ts`. */
export interface Events {
  readonly onDecodeError?: (failure: Consumer.DecodeFailure) => void | Promise<void>
  readonly onRebalance?: (event: Consumer.RebalanceEvent) => void | Promise<void>
}

type Told<Options> = Omit<Options, keyof Events | "retry"> & Pick<Events, keyof Events & keyof Options> & Abortable

/** How often a record that failed is tried again, the pauses doubling from `delayMs` on. */
export interface Retry {
  readonly times: number
  readonly delayMs: number
}

/** Options of `consume`: those of `Consumer.stream`. */
export type ConsumeOptions = Told<Consumer.Options>
/** Options of `forEach`: those of `Consumer.forEach`, with a simpler `retry`. */
export type ForEachOptions = Told<Processing.ForEachOptions> & { readonly retry?: Retry }
/** Options of `exactlyOnce`: those of `Consumer.exactlyOnce`, with a simpler `retry`. */
export type ExactlyOnceOptions = Told<Processing.ExactlyOnceOptions> & { readonly retry?: Retry }

/**
 * Records one after another. One is done when the next is asked for: what is done is committed for the group, and who leaves the loop
 * gets the record he left it with again.
 */
export interface Consuming<K, V, H> extends AsyncIterableIterator<Read<K, V, H>> {
  /** Commits that this record, and all before it in its partition, are done: for `enableAutoCommit: false`. */
  readonly commit: (record: Read<K, V, H>) => Promise<void>
  readonly return: () => Promise<IteratorReturnResult<undefined>>
}

/** Sending, with whatever producer. */
export interface Sending {
  /** Done when the cluster has acknowledged the record. A signal ends the waiting: a record that is on its way goes on. */
  readonly send: <K, V, H>(
    topic: Topic.Topic<K, V, H>,
    record: Outgoing<K, V, H>,
    options?: Abortable
  ) => Promise<Stored>
  /** Sends in order; done when all are acknowledged. Nothing is sent when one can't be encoded. */
  readonly sendMany: <K, V, H>(
    topic: Topic.Topic<K, V, H>,
    records: ReadonlyArray<Outgoing<K, V, H>>,
    options?: Abortable
  ) => Promise<ReadonlyArray<Stored>>
  /** Sends what was handed over so far without lingering; done when all of it is acknowledged or given up. */
  readonly flush: () => Promise<void>
}

/** What is sent in here becomes visible all at once, or never. */
export interface Transaction extends Omit<Sending, "flush"> {
  /** Commits with the transaction how far a group has read. The offset is that of the next record. */
  readonly sendOffsets: (
    group: Producer.TransactionGroup,
    offsets: ReadonlyArray<Producer.TransactionOffset>
  ) => Promise<void>
}

/** A producer with settings of its own. */
export interface OwnProducer extends Sending {
  /** Commits when `inside` is done, aborts when it rejects or the signal is aborted. Needs a `transactionalId`; one at a time. */
  readonly transaction: <A>(
    inside: (transaction: Transaction, signal: AbortSignal) => Promise<A>,
    options?: Abortable
  ) => Promise<A>
  /** Delivers what was handed over and ends the producer. */
  readonly close: () => Promise<void>
}

type Promised<F> = F extends (...args: infer Args) => Effect.Effect<infer A, infer _E, infer _R>
  ? (...args: Args) => Promise<A>
  : F extends Effect.Effect<infer A, infer _E, infer _R>
    ? () => Promise<A>
    : never

type Calls = Omit<typeof AdminCalls, "AdminError">

/** Every call of `Admin.ts`, by its name. */
export type Admin = { readonly [Name in keyof Calls]: Promised<Calls[Name]> }

/** A connection to a cluster. `await using` closes it. */
export interface Connected extends Sending, AsyncDisposable {
  /** A producer with settings of its own, as transactions need it. */
  readonly producer: (options?: ProducerOptions) => Promise<OwnProducer>
  readonly consume: <K, V, H>(topic: Topic.Topic<K, V, H>, options?: ConsumeOptions) => Consuming<K, V, H>
  /** Works on records side by side, in order where `concurrency` says so; done when the signal is aborted or the connection closed. */
  readonly forEach: <K, V, H>(
    topic: Topic.Topic<K, V, H>,
    options: ForEachOptions,
    work: (record: Read<K, V, H>, signal: AbortSignal) => void | Promise<void>
  ) => Promise<void>
  /** Makes records of records, so that each has its effect once; ends as `forEach` does. */
  readonly exactlyOnce: <K, V, H, K2, V2, H2>(
    input: Topic.Topic<K, V, H>,
    output: Topic.Topic<K2, V2, H2>,
    options: ExactlyOnceOptions,
    work: (record: Read<K, V, H>, signal: AbortSignal) => Promise<ReadonlyArray<Outgoing<K2, V2, H2>>>
  ) => Promise<void>
  readonly admin: Admin
  /** Ends consumers, delivers what was sent, and closes all connections. Further calls answer the same. */
  readonly close: () => Promise<void>
}
