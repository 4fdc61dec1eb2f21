/**
 * The client for those who don't use Effect: promises, async iterables and AbortSignals over the same layers, small and typed.
 * Invariants: what fails rejects with an error of `KlammError.ts`, which says Kafka's code and whether to try again; a signal that is
 * aborted rejects with its reason what has one result, and is the ordinary end of what goes on (`consume`, `forEach`, `exactlyOnce`);
 * `close` ends what goes on, delivers what was handed over, and leaves nothing. Neighbours: `Producer.ts`, `Consumer.ts`, `Admin.ts`,
 * whose words these are.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as AdminCalls from "./Admin.ts"
import * as Consumer from "./Consumer.ts"
import * as Klamm from "./Klamm.ts"
import { ClosedError } from "./KlammError.ts"
import type { ProducerOptions } from "./Options.ts"
import type * as Processing from "./Processing.ts"
import * as Producer from "./Producer.ts"
import type * as Topic from "./Topic.ts"

export { bytes, json, text } from "./PlainTopic.ts"

export interface Abortable {
  readonly signal?: AbortSignal | undefined
}

type Read<K, V, H> = Consumer.ConsumerRecord<K, V, H>
type Outgoing<K, V, H> = Producer.ProducerRecord<K, V, H>
type Stored = Producer.RecordMetadata

/** What is done with a record that can't be decoded, and with partitions that come and go, in place of the effects of `Consumer.ts`. */
interface Events {
  readonly onDecodeError?: (failure: Consumer.DecodeFailure) => void | Promise<void>
  readonly onRebalance?: (event: Consumer.RebalanceEvent) => void | Promise<void>
}

type Told<Options> = Omit<Options, keyof Events | "retry"> & Pick<Events, keyof Events & keyof Options> & Abortable

/** How often a record that failed is tried again, the pauses doubling from `delayMs` on. */
export interface Retry {
  readonly times: number
  readonly delayMs: number
}

export type ConsumeOptions = Told<Consumer.Options>
export type ForEachOptions = Told<Processing.ForEachOptions> & { readonly retry?: Retry }
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

type Run = <A, E>(effect: Effect.Effect<A, E, Klamm.Klamm>, signal?: AbortSignal) => Promise<A>

/** What the application's function answers, as an effect that fails with what it threw. */
const called = <A>(f: (signal: AbortSignal) => A | Promise<A>): Effect.Effect<A, unknown> =>
  Effect.tryPromise({ try: async (signal) => f(signal), catch: (cause) => cause })

/** The same options with the application's functions as effects. */
const toldOf = <Options extends Events>({ onDecodeError, onRebalance, ...rest }: Options) => ({
  ...rest,
  ...(onDecodeError === undefined
    ? {}
    : { onDecodeError: (failure: Consumer.DecodeFailure) => Effect.orDie(called(() => onDecodeError(failure))) }),
  ...(onRebalance === undefined
    ? {}
    : { onRebalance: (event: Consumer.RebalanceEvent) => Effect.orDie(called(() => onRebalance(event))) })
})

const retryOf = (retry: Retry | undefined) =>
  retry === undefined ? {} : { retry: Schedule.exponential(retry.delayMs).pipe(Schedule.upTo({ times: retry.times })) }

interface Opened<K, V, H> {
  readonly consumer: Consumer.Consumer<K, V, H>
  readonly pull: Pull.Pull<ReadonlyArray<Read<K, V, H>>, Consumer.ConsumerError>
}

/** A consumer's records one by one; it runs from the first that is asked for until the loop is left. */
class Reading<K, V, H> implements Consuming<K, V, H> {
  private readonly open: Effect.Effect<Opened<K, V, H>, unknown, Klamm.Klamm | Scope.Scope>
  private readonly run: Run
  private readonly signal: AbortSignal
  private readonly scope = Scope.makeUnsafe()
  private opened: Promise<Opened<K, V, H>> | undefined
  private rest: Iterator<Read<K, V, H>> = Iterator.from([])
  private latest: Read<K, V, H> | undefined
  private closing: Promise<IteratorReturnResult<undefined>> | undefined

  constructor(open: Effect.Effect<Opened<K, V, H>, unknown, Klamm.Klamm | Scope.Scope>, run: Run, signal: AbortSignal) {
    this.open = open
    this.run = run
    this.signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private consumer(): Promise<Opened<K, V, H>> {
    this.opened ??= this.run(Scope.provide(this.open, this.scope), this.signal)
    return this.opened
  }

  async next(): Promise<IteratorResult<Read<K, V, H>, undefined>> {
    try {
      if (this.closing !== undefined) return await this.closing
      const { consumer, pull } = await this.consumer()
      if (this.latest !== undefined) Effect.runSync(consumer.finish(this.latest))
      this.latest = undefined
      let next = this.rest.next()
      if (next.done === true) {
        this.rest = (await this.run(pull, this.signal))[Symbol.iterator]()
        next = this.rest.next()
      }
      if (next.done === true) return await this.return()
      this.latest = next.value
      return { done: false, value: next.value }
    } catch (error) {
      const ended = await this.return()
      if (this.signal.aborted || Cause.isDone(error)) return ended
      throw error
    }
  }

  async commit(record: Read<K, V, H>): Promise<void> {
    const { consumer } = await this.consumer()
    await this.run(consumer.commit([record]), this.signal)
  }

  /** Who leaves the loop ends the consumer. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.closing ??= Effect.runPromise(Scope.close(this.scope, Exit.void)).then(() => ({
      done: true,
      value: undefined
    }))
    return this.closing
  }
}

const sendingOf = (run: Run, producer: Producer.Producer | undefined): Sending => {
  const inForce = <A, E>(effect: Effect.Effect<A, E, Klamm.Klamm>): Effect.Effect<A, E, Klamm.Klamm> =>
    producer === undefined ? effect : Producer.provide(producer)(effect)
  return {
    send: (topic, record, { signal } = {}) => run(inForce(Producer.send(topic, record)), signal),
    sendMany: (topic, records, { signal } = {}) => run(inForce(Producer.sendMany(topic, records)), signal),
    flush: () => run(inForce(Producer.flush))
  }
}

const ownProducer = async (run: Run, options: ProducerOptions): Promise<OwnProducer> => {
  const scope = Scope.makeUnsafe()
  const producer = await run(Scope.provide(Producer.make(options), scope))
  const sending = sendingOf(run, producer)
  const transaction: Transaction = {
    send: sending.send,
    sendMany: sending.sendMany,
    sendOffsets: (group, offsets) => run(Producer.provide(producer)(Producer.sendOffsets(group, offsets)))
  }
  return {
    ...sending,
    transaction: (inside, { signal } = {}) =>
      run(Producer.provide(producer)(Producer.transaction(called((aborted) => inside(transaction, aborted)))), signal),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const adminOf = (run: Run): Admin =>
  Object.fromEntries(
    Object.entries(AdminCalls).flatMap(([name, call]): ReadonlyArray<readonly [string, unknown]> => {
      if (call === AdminCalls.AdminError) return []
      const asked = call as
        | Effect.Effect<unknown, unknown, Klamm.Klamm>
        | ((...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown, Klamm.Klamm>)
      return [[name, (...args: ReadonlyArray<unknown>) => run(Effect.isEffect(asked) ? asked : asked(...args))]]
    })
  ) as Admin

type Runtime = ManagedRuntime.ManagedRuntime<Klamm.Klamm, unknown>

/** Runs effects as promises: a failure is thrown as it is, an interruption as the reason of the signal that asked for it. */
const runOf =
  (runtime: Runtime, isClosed: () => boolean): Run =>
  async (effect, signal) => {
    if (isClosed()) throw new ClosedError({ what: "client" })
    signal?.throwIfAborted()
    const exit = await runtime.runPromiseExit(effect, signal === undefined ? {} : { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause))
      throw signal?.aborted === true ? signal.reason : new ClosedError({ what: "client" })
    throw Cause.squash(exit.cause)
  }

class Connection implements Connected {
  readonly admin: Admin
  readonly send: Sending["send"]
  readonly sendMany: Sending["sendMany"]
  readonly flush: Sending["flush"]
  private readonly runtime: Runtime
  private readonly ending = new AbortController()
  /** What has no result of its own and ends before the connection does. */
  private readonly goingOn = new Set<() => Promise<unknown>>()
  private readonly run: Run
  private isClosed = false
  private closed: Promise<void> | undefined

  constructor(options: Klamm.KlammOptions) {
    this.runtime = ManagedRuntime.make(Klamm.layer(options))
    this.run = runOf(this.runtime, () => this.isClosed)
    const { send, sendMany, flush } = sendingOf(this.run, undefined)
    this.send = send
    this.sendMany = sendMany
    this.flush = flush
    this.admin = adminOf(this.run)
  }

  /** Asks the cluster for anything. */
  async reach(signal: AbortSignal | undefined): Promise<void> {
    const asked = Effect.flatMap(Klamm.Klamm, ({ cluster }) =>
      cluster.retrying(cluster.refresh([]), { about: "connecting" })
    )
    try {
      await this.run(asked, signal)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  producer(options: ProducerOptions = {}): Promise<OwnProducer> {
    return ownProducer(this.run, options)
  }

  private until(own: AbortSignal | undefined): AbortSignal {
    return own === undefined ? this.ending.signal : AbortSignal.any([this.ending.signal, own])
  }

  consume<K, V, H>(topic: Topic.Topic<K, V, H>, { signal, ...options }: ConsumeOptions = {}): Consuming<K, V, H> {
    const open = Effect.gen(function* () {
      const consumer = yield* Consumer.make(topic, toldOf(options))
      return { consumer, pull: yield* Stream.toPull(consumer.stream) }
    })
    const reading = new Reading(open, this.run, this.until(signal))
    this.goingOn.add(() => reading.return())
    return reading
  }

  /** Done when it is told to end, be it by its own signal or with the connection. */
  private async goOn(work: Effect.Effect<never, unknown, Klamm.Klamm>, own: AbortSignal | undefined): Promise<void> {
    const signal = this.until(own)
    const ended = this.run(work, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    const settled = () => ended.catch(() => undefined)
    this.goingOn.add(settled)
    try {
      await ended
    } finally {
      this.goingOn.delete(settled)
    }
  }

  forEach<K, V, H>(
    topic: Topic.Topic<K, V, H>,
    { signal, retry, ...options }: ForEachOptions,
    work: (record: Read<K, V, H>, signal: AbortSignal) => void | Promise<void>
  ): Promise<void> {
    const told = { ...toldOf(options), ...retryOf(retry) }
    return this.goOn(
      Consumer.forEach(topic, told, (record) => called((aborted) => work(record, aborted))),
      signal
    )
  }

  exactlyOnce<K, V, H, K2, V2, H2>(
    input: Topic.Topic<K, V, H>,
    output: Topic.Topic<K2, V2, H2>,
    { signal, retry, ...options }: ExactlyOnceOptions,
    work: (record: Read<K, V, H>, signal: AbortSignal) => Promise<ReadonlyArray<Outgoing<K2, V2, H2>>>
  ): Promise<void> {
    const told = { ...toldOf(options), ...retryOf(retry) }
    return this.goOn(
      Consumer.exactlyOnce(input, output, told, (record) => called((aborted) => work(record, aborted))),
      signal
    )
  }

  close(): Promise<void> {
    this.closed ??= this.end()
    return this.closed
  }

  private async end(): Promise<void> {
    this.ending.abort(new ClosedError({ what: "client" }))
    await Promise.all(Array.from(this.goingOn, (settled) => settled()))
    await this.flush()
    this.isClosed = true
    await this.runtime.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Connects to a cluster: done when some broker has answered. */
export const connect = async ({ signal, ...options }: Klamm.KlammOptions & Abortable): Promise<Connected> => {
  const connection = new Connection(options)
  await connection.reach(signal)
  return connection
}
