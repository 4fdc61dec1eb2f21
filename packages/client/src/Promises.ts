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
import * as Producer from "./Producer.ts"
import type {
  Abortable,
  Admin,
  Connected,
  ConsumeOptions,
  Consuming,
  Events,
  ExactlyOnceOptions,
  ForEachOptions,
  Outgoing,
  OwnProducer,
  Read,
  Retry,
  Sending,
  Stored,
  Transaction
} from "./PromiseTypes.ts"
import type * as Topic from "./Topic.ts"

export { bytes, json, text } from "./PlainTopic.ts"
export type * from "./PromiseTypes.ts"

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

/** Sending by a producer, and the promises that it has not kept yet. */
class Sender implements Sending {
  protected readonly run: Run
  private readonly inForce: Effect.Effect<Producer.Producer, never, Klamm.Klamm>
  private readonly pending = new Set<Promise<unknown>>()

  constructor(run: Run, producer: Effect.Effect<Producer.Producer, never, Klamm.Klamm>) {
    this.run = run
    this.inForce = producer
  }

  /** Runs with this producer in force. */
  with<A, E>(effect: Effect.Effect<A, E, Klamm.Klamm>, signal?: AbortSignal): Promise<A> {
    return this.run(
      Effect.flatMap(this.inForce, (producer) => Producer.provide(producer)(effect)),
      signal
    )
  }

  private async kept<A>(promise: Promise<A>): Promise<A> {
    this.pending.add(promise)
    try {
      return await promise
    } finally {
      this.pending.delete(promise)
    }
  }

  send<K, V, H>(topic: Topic.Topic<K, V, H>, record: Outgoing<K, V, H>, { signal }: Abortable = {}): Promise<Stored> {
    return this.kept(this.with(Producer.send(topic, record), signal))
  }

  sendMany<K, V, H>(
    topic: Topic.Topic<K, V, H>,
    records: ReadonlyArray<Outgoing<K, V, H>>,
    { signal }: Abortable = {}
  ): Promise<ReadonlyArray<Stored>> {
    return this.kept(this.with(Producer.sendMany(topic, records), signal))
  }

  flush(): Promise<void> {
    return this.with(Producer.flush)
  }

  /** Done when every promise is kept or broken; nothing lingers meanwhile. */
  settled(): Promise<unknown> {
    const all = Effect.promise(() => Promise.allSettled(this.pending))
    return this.run(Effect.flatMap(this.inForce, (producer) => producer.hurrying(all)))
  }
}

class Own extends Sender implements OwnProducer {
  private readonly scope: Scope.Closeable
  private closed: Promise<void> | undefined

  constructor(run: Run, producer: Producer.Producer, scope: Scope.Closeable) {
    super(run, Effect.succeed(producer))
    this.scope = scope
  }

  transaction<A>(
    inside: (transaction: Transaction, signal: AbortSignal) => Promise<A>,
    { signal }: Abortable = {}
  ): Promise<A> {
    const transaction: Transaction = {
      send: (topic, record, options) => this.send(topic, record, options),
      sendMany: (topic, records, options) => this.sendMany(topic, records, options),
      sendOffsets: (group, offsets) => this.with(Producer.sendOffsets(group, offsets))
    }
    return this.with(Producer.transaction(called((aborted) => inside(transaction, aborted))), signal)
  }

  close(): Promise<void> {
    this.closed ??= this.settled().then(() => Effect.runPromise(Scope.close(this.scope, Exit.void)))
    return this.closed
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
  (runtime: Runtime): Run =>
  async (effect, signal) => {
    if (runtime.scope.state._tag === "Closed") throw new ClosedError({ what: "client" })
    signal?.throwIfAborted()
    const exit = await runtime.runPromiseExit(effect, signal === undefined ? {} : { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (!Cause.hasInterruptsOnly(exit.cause)) throw Cause.squash(exit.cause)
    throw signal?.aborted === true ? signal.reason : new ClosedError({ what: "client" })
  }

class Connection extends Sender implements Connected {
  readonly admin: Admin
  private readonly runtime: Runtime
  private readonly ending = new AbortController()
  /** What ends before the connection does, and how to end it. */
  private readonly goingOn = new Set<() => Promise<unknown>>()
  private closed: Promise<void> | undefined

  constructor(runtime: Runtime) {
    const run = runOf(runtime)
    super(
      run,
      Effect.map(Klamm.Klamm, ({ producer }) => producer)
    )
    this.runtime = runtime
    this.admin = adminOf(run)
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

  async producer(options: ProducerOptions = {}): Promise<OwnProducer> {
    const scope = Scope.makeUnsafe()
    const own = new Own(this.run, await this.run(Scope.provide(Producer.make(options), scope)), scope)
    this.goingOn.add(() => own.close())
    return own
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
    await this.settled()
    await this.runtime.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Connects to a cluster: done when some broker has answered. */
export const connect = async ({ signal, ...options }: Klamm.KlammOptions & Abortable): Promise<Connected> => {
  const connection = new Connection(ManagedRuntime.make(Klamm.layer(options)))
  await connection.reach(signal)
  return connection
}
