/**
 * The spans of OpenTelemetry's conventions: `send`, `poll`, `process` and `commit`. There are some where the connection's `tracing` is
 * not off and the fiber at hand has a tracer of somebody's; else nothing is made and nothing looked at, for Effect's own tracer, which
 * is always there, shows its spans to nobody. Invariant: a span that was begun ends with the operation, also when that fails; one of a
 * poll that brought nothing is never shown. Neighbours: `TraceContext.ts` for what goes along in headers, `Conventions.ts` for names.
 */
import type { HeaderInput } from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { ProduceError } from "../KlammError.ts"
import type { RecordMetadata, Waiter } from "../producer/Batch.ts"
import * as Conventions from "./Conventions.ts"
import * as TraceContext from "./TraceContext.ts"

const { attribute } = Conventions

/** The connection, as far as its spans say something of it. */
export interface Traced {
  readonly clientId: string
  readonly tracing: boolean
}

/** Links of one span; OpenTelemetry's SDKs keep so many by default. */
const linksMax = 128

type AnyFiber = Fiber.Fiber<unknown, unknown>

export const isOn = (fiber: AnyFiber, { tracing }: Pick<Traced, "tracing">): boolean =>
  tracing && fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer && fiber.getRef(References.TracerEnabled)

const linkTo = (span: Tracer.AnySpan): Tracer.SpanLink => ({ span, attributes: {} })

const clientOf = ({ clientId }: Traced) => ({ [attribute.clientId]: clientId })

const nowOf = (fiber: AnyFiber): (() => bigint) => {
  const clock = fiber.getRef(Clock.Clock)
  return () => clock.currentTimeNanosUnsafe()
}

const endWith = (span: Tracer.Span, at: bigint, exit: Exit.Exit<unknown, unknown>): void => {
  const errorType = Conventions.errorTypeOfExit(exit)
  if (errorType !== undefined) span.attribute(attribute.errorType, errorType)
  span.end(at, exit)
}

/** Runs with the span as its parent; the span ends with it. */
const around = <A, E, R>(
  span: Tracer.Span,
  now: () => bigint,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.onExit(Effect.withParentSpan(effect, span, { captureStackTrace: false }), (exit) =>
    Effect.sync(() => endWith(span, now(), exit))
  )

/** A record on its way out, in bytes. */
interface Outgoing {
  readonly value: Uint8Array | null
  readonly headers?: ReadonlyArray<HeaderInput> | undefined
}

export interface SendingOptions<Record extends Outgoing> {
  readonly client: Traced
  readonly topic: string
  /** Of the record, if it is one alone. */
  readonly key: unknown
  readonly records: ReadonlyArray<Record>
  readonly waiter: Waiter<ProduceError>
  readonly handOver: (records: ReadonlyArray<Record>, waiter: Waiter<ProduceError>) => Effect.Effect<void, ProduceError>
}

const keyOf = (key: unknown) => (typeof key === "string" ? { [attribute.key]: key } : {})

const recordsOf = (key: unknown, records: ReadonlyArray<Outgoing>): { readonly [name: string]: unknown } => {
  const [one] = records
  if (one === undefined || records.length !== 1) return { [attribute.count]: records.length }
  return { ...keyOf(key), ...(one.value === null ? { [attribute.tombstone]: true } : {}) }
}

/** Whoever waits for the records of a sending, and its span, which ends when the last of them has. */
class Sending implements Waiter<ProduceError> {
  private readonly span: Tracer.Span
  private readonly waiter: Waiter<ProduceError>
  private readonly now: () => bigint
  private readonly isSingle: boolean
  private left: number

  constructor(span: Tracer.Span, waiter: Waiter<ProduceError>, count: number, now: () => bigint) {
    this.span = span
    this.waiter = waiter
    this.now = now
    this.isSingle = count === 1
    this.left = count
  }

  stored(slot: number, metadata: RecordMetadata): void {
    if (this.isSingle) {
      this.span.attribute(attribute.partition, String(metadata.partition))
      this.span.attribute(attribute.offset, metadata.offset)
    }
    this.left -= 1
    if (this.left === 0) this.end(Exit.void)
    this.waiter.stored(slot, metadata)
  }

  failed(slot: number, failure: ProduceError): void {
    this.end(Exit.fail(failure))
    this.waiter.failed(slot, failure)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    endWith(this.span, this.now(), exit)
  }
}

/**
 * Hands records over under one span, whose context goes along in the headers of all that have none of their own. The span ends when
 * they are stored, or the first is not.
 */
export const sending = <Record extends Outgoing>(
  fiber: AnyFiber,
  { client, topic, key, records, waiter, handOver }: SendingOptions<Record>
): Effect.Effect<void, ProduceError> => {
  const given = records.flatMap(({ headers = [] }) => TraceContext.creationOf(headers) ?? [])
  const span = Effect.makeSpan(`${Conventions.operation.send.name} ${topic}`, {
    kind: given.length < records.length ? "producer" : "client",
    links: given.slice(0, linksMax).map(linkTo),
    attributes: {
      ...Conventions.operationOn(Conventions.operation.send, topic),
      ...clientOf(client),
      ...recordsOf(key, records)
    }
  })
  return Effect.flatMap(span, (made) => {
    const carried = TraceContext.headersOf(made)
    const carrying = records.map((record): Record => {
      const { headers = [] } = record
      return headers.some(TraceContext.isParent) ? record : { ...record, headers: [...headers, ...carried] }
    })
    const told = new Sending(made, waiter, records.length, nowOf(fiber))
    return Effect.onExit(handOver(carrying, told), (exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit)) told.end(exit)
      })
    )
  })
}

/** What a poll brought. */
interface Polled {
  readonly feed: { readonly topic: string; readonly partition: number }
  readonly records: ReadonlyArray<{ readonly headers: TraceContext.WireHeaders }>
}

/** The span of the application's asking for records, linked to those in which they were sent. */
export const polling = <A extends Polled, E, R>(
  client: Traced,
  group: string | undefined,
  topic: string,
  poll: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isOn(fiber, client)) return poll
    const now = nowOf(fiber)
    const attributes = {
      ...Conventions.operationOn(Conventions.operation.poll, topic),
      ...Conventions.groupOf(group),
      ...clientOf(client)
    }
    return Effect.flatMap(
      Effect.makeSpan(`${Conventions.operation.poll.name} ${topic}`, { kind: "client", attributes }),
      (span) =>
        Effect.map(poll, (polled) => {
          const { feed, records } = polled
          span.attribute(attribute.partition, String(feed.partition))
          span.attribute(attribute.count, records.length)
          const creations = records.slice(0, linksMax).flatMap(({ headers }) => TraceContext.creationOf(headers) ?? [])
          span.addLinks(creations.map(linkTo))
          endWith(span, now(), Exit.void)
          return polled
        })
    )
  })

/** A record that is worked on. */
export interface Processed {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: unknown
  readonly producerSpan?: Tracer.AnySpan | undefined
}

/**
 * Works on a record under a span of its own: a child of the one in which the record was sent, and linked to it; with the span that was
 * there before, if there was one, as a further link.
 */
export const processing = <A, E, R>(
  client: Traced | undefined,
  group: string | undefined,
  { topic, partition, offset, key, producerSpan }: Processed,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isOn(fiber, client ?? { tracing: true })) return work
    const ambient = Option.getOrUndefined(Context.getOption(fiber.context, Tracer.ParentSpan))
    const links = producerSpan === undefined ? [] : ambient === undefined ? [producerSpan] : [producerSpan, ambient]
    const span = Effect.makeSpan(`${Conventions.operation.process.name} ${topic}`, {
      kind: "consumer",
      links: links.map(linkTo),
      ...(producerSpan === undefined ? {} : { parent: producerSpan }),
      attributes: {
        ...Conventions.operationOn(Conventions.operation.process, topic),
        ...Conventions.groupOf(group),
        ...Conventions.partitionOf(partition),
        [attribute.offset]: offset,
        ...keyOf(key),
        ...(client === undefined ? {} : clientOf(client))
      }
    })
    return Effect.flatMap(span, (made) => around(made, nowOf(fiber), work))
  })

/** The span of a commit. */
export const committing = <A, E, R>(
  client: Traced,
  group: string,
  topics: ReadonlyArray<string>,
  commit: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isOn(fiber, client)) return commit
    const topic = topics.length === 1 ? topics[0] : undefined
    const name =
      topic === undefined ? Conventions.operation.commit.name : `${Conventions.operation.commit.name} ${topic}`
    const attributes = {
      ...Conventions.operationOn(Conventions.operation.commit, topic),
      ...Conventions.groupOf(group),
      ...clientOf(client)
    }
    return Effect.flatMap(Effect.makeSpan(name, { kind: "client", attributes }), (span) =>
      around(span, nowOf(fiber), commit)
    )
  })
