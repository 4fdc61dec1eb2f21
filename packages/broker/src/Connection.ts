/**
 * One client connection: a reader fiber that takes frames and admits requests, a writer fiber that sends answers.
 *
 * Invariants: answers leave in the order of their requests, whatever finishes first; a request is begun only when every
 * earlier one on the connection has been answered, except that Produce may follow Produce, which is what lets pipelined
 * appends share a write and a sync; every frame is released exactly once; a client that has ended its side gets the answers that it
 * has asked for. Kafka: SocketServer's Processor, behaviour 010.
 */
import type { Reply } from "@klamm/actor"
import { type Moment, momentOf, monotonicMsOf } from "@klamm/platform/Moment"
import type * as Network from "@klamm/platform/Network"
import type { Writer } from "@klamm/protocol/Bytes"
import { encodeResponseHeader, type RequestHeader } from "@klamm/protocol/Header"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { AnswerQueue } from "./AnswerQueue.ts"
import type { Answer, Outcome } from "./Handler.ts"
import type { RequestContext } from "./RequestContext.ts"
import type { RequestMeters } from "./RequestMeters.ts"
import * as Router from "./Router.ts"
import type { WriterPool } from "./WriterPool.ts"

export interface ConnectionInfo {
  readonly id: number
  readonly listenerName: string
  readonly securityProtocol: string
  /** Told on each read, for the idle sweep. */
  readonly touch: (nowMs: number) => void
}

export interface ConnectionServices {
  readonly router: Router.Router
  readonly writers: WriterPool
  readonly meters: RequestMeters
  /** Requests of one connection that may be admitted and not yet answered (klamm.queued.requests.per.connection). */
  readonly maxQueuedRequests: number
  /** Nothing is read before. */
  readonly ready: Effect.Effect<void>
}

/** A request in the order of answers. */
interface Pending {
  readonly header: RequestHeader
  /** The name of its API. */
  readonly name: string
  readonly receivedMonotonicMs: number
  readonly reply: Reply<Outcome>
  readonly finalizers: ReadonlyArray<() => void>
}

interface Session {
  readonly connection: Network.Connection
  readonly info: ConnectionInfo
  readonly services: ConnectionServices
  readonly answers: AnswerQueue<Pending>
}

const finalize = (finalizers: ReadonlyArray<() => void>): void => {
  for (const finalizer of finalizers) finalizer()
}

const contextOf = (
  session: Session,
  header: RequestHeader,
  received: Moment,
  whenSent: (finalizer: () => void) => void
): RequestContext => ({
  connectionId: session.info.id,
  listenerName: session.info.listenerName,
  securityProtocol: session.info.securityProtocol,
  clientHost: session.connection.remote.host,
  clientPort: session.connection.remote.port,
  clientId: header.clientId,
  apiKey: header.apiKey,
  apiVersion: header.apiVersion,
  correlationId: header.correlationId,
  receivedAtMs: received.wallMs,
  receivedMonotonicMs: received.monotonicMs,
  whenSent
})

/** Decodes and begins one request. Answers false when the connection has to be closed. */
const admit = (session: Session, frame: Network.Frame, received: Moment): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const { answers } = session
    const route = Router.route(session.services.router, frame)
    if (route._tag === "Refused") {
      frame.release()
      return Effect.as(Effect.logDebug(`closing connection: ${route.reason}`), false)
    }
    const { header, handler, body } = route
    const finalizers: Array<() => void> = []
    const context = contextOf(session, header, received, (finalizer) => {
      finalizers.push(finalizer)
    })
    const begin = handler.begin(body, frame, context).pipe(
      Effect.map((reply) => {
        answers.push({ header, name: handler.name, receivedMonotonicMs: received.monotonicMs, reply, finalizers })
        return true
      }),
      Effect.onError(() => Effect.sync(() => finalize(finalizers)))
    )
    return Effect.andThen(handler.pipelined ? answers.room : answers.drained, begin)
  })

/** Admits the frames from `from` on, one after another; false when the connection has to be closed, the rest being given back. */
const admitAll = (
  session: Session,
  frames: ReadonlyArray<Network.Frame>,
  from: number,
  received: Moment
): Effect.Effect<boolean> =>
  Effect.flatMap(admit(session, frames[from]!, received), (open) => {
    const next = from + 1
    if (open) return next === frames.length ? Effect.succeed(true) : admitAll(session, frames, next, received)
    for (const frame of frames.slice(next)) frame.release()
    return Effect.succeed(false)
  })

/** Reads until either side ends it. Without generators, as all that waits for an actor: see `@klamm/actor/Actor`. */
const readRequests = (session: Session, clock: Clock.Clock): Effect.Effect<void, Network.NetworkError> =>
  Effect.flatMap(session.connection.read, (frames) => {
    const received = momentOf(clock)
    session.services.meters.received(frames)
    session.info.touch(received.wallMs)
    return Effect.flatMap(admitAll(session, frames, 0, received), (open) =>
      open ? readRequests(session, clock) : Effect.void
    )
  })

/** Whoever has ended its side may wait for answers, as a muted channel of Kafka's does; whose connection broke waits for none. */
const finishReading = (
  { answers }: Session,
  error: Network.NetworkError
): Effect.Effect<void, Network.NetworkError> => {
  const hasEnded = error.reason === "Closed" && error.cause === undefined
  return hasEnded ? Effect.andThen(answers.drained, Effect.fail(error)) : Effect.fail(error)
}

/** Encodes one answer into a writer of its own: length, header, body. */
const encode = (writer: Writer, { header }: Pending, answer: Answer): ReadonlyArray<Uint8Array> => {
  writer.int32(0)
  encodeResponseHeader(writer, header.apiKey, header.apiVersion, header.correlationId)
  answer.encode(writer)
  writer.patchInt32(0, writer.size - 4)
  return writer.finish()
}

/** What goes out as one write. */
interface Group {
  readonly sent: Array<Pending>
  readonly writers: Array<Writer>
  readonly chunks: Array<Uint8Array>
  /** False: close the connection after it. */
  open: boolean
}

/** Takes the answers that are ready, in order, up to the first that is not. */
const takeReady = ({ answers, services }: Session): Group => {
  const group: Group = { sent: [], writers: [], chunks: [], open: true }
  for (let next = answers.peek(); group.open && next !== undefined; next = answers.peek()) {
    const outcome: Outcome | undefined = next.reply.given?.value
    if (outcome === undefined) break
    answers.shift()
    group.sent.push(next)
    if (outcome._tag === "Hangup") group.open = false
    if (outcome._tag !== "Answer") continue
    const writer = services.writers.take()
    group.writers.push(writer)
    for (const chunk of encode(writer, next, outcome)) group.chunks.push(chunk)
  }
  return group
}

const send = (session: Session, clock: Clock.Clock): Effect.Effect<boolean, Network.NetworkError> => {
  const { sent, writers, chunks, open } = takeReady(session)
  const given = Effect.sync(() => {
    for (const pending of sent) finalize(pending.finalizers)
    for (const writer of writers) session.services.writers.give(writer)
  })
  const writing = Effect.ensuring(chunks.length === 0 ? Effect.void : session.connection.write(chunks), given)
  return Effect.map(writing, () => {
    session.services.meters.sent(chunks, sent, monotonicMsOf(clock))
    session.answers.answered(sent.length)
    return open
  })
}

/**
 * Requests that end together, as pipelined appends that shared a write do, are answered by one write: with others behind it, the first
 * one waits until the step that ended it is over.
 */
const othersThatEnd = ({ answers }: Session): Effect.Effect<void> =>
  answers.length > 1 ? Effect.yieldNow : Effect.void

/** Waits for the next answer, then sends it and every one behind it that is ready by then. */
const sendAnswers = (session: Session, clock: Clock.Clock): Effect.Effect<void, Network.NetworkError> =>
  session.answers.notEmpty.pipe(
    Effect.flatMap(() => session.answers.peek()!.reply.await),
    Effect.flatMap(() => othersThatEnd(session)),
    Effect.flatMap(() => send(session, clock)),
    Effect.flatMap((open) => (open ? sendAnswers(session, clock) : Effect.void))
  )

/** Answers that will never be sent give back what they hold. */
const abandon = (answers: AnswerQueue<Pending>): void => {
  for (let pending = answers.shift(); pending !== undefined; pending = answers.shift()) finalize(pending.finalizers)
}

/** Whoever sends what can't be a request learns nothing but that the connection is closed; the log has the reason. */
const tellUnreadable = ({ reason, address, cause }: Network.NetworkError): Effect.Effect<void> => {
  if (reason !== "Malformed" && reason !== "FrameTooLarge") return Effect.void
  const why = cause instanceof Error ? cause.message : reason
  return Effect.logWarning(`closing the connection from ${address}: ${why}`)
}

/** Serves a connection until either side ends it. A defect in a handler ends this connection alone. */
export const serve = (
  connection: Network.Connection,
  info: ConnectionInfo,
  services: ConnectionServices
): Effect.Effect<void, Network.NetworkError, Scope.Scope> =>
  Effect.gen(function* () {
    const answers = new AnswerQueue<Pending>(services.maxQueuedRequests)
    const session: Session = { connection, info, services, answers }
    yield* Effect.addFinalizer(() => Effect.sync(() => abandon(answers)))
    yield* services.ready
    const clock = yield* Clock.Clock
    const reading = readRequests(session, clock).pipe(
      Effect.tapError(tellUnreadable),
      Effect.catch((error) => finishReading(session, error))
    )
    const ends = Effect.raceFirst(reading, sendAnswers(session, clock))
    yield* Effect.tapDefect(ends, (defect) => Effect.logError("a request failed; closing its connection", defect))
  })
