/**
 * One client connection: a reader fiber that takes frames and admits requests, a writer fiber that sends answers.
 *
 * Invariants: answers leave in the order of their requests, whatever finishes first; a request is begun only when every
 * earlier one on the connection has been answered, except that Produce may follow Produce, which is what lets pipelined
 * appends share a write and a sync; every frame is released exactly once; a client that has ended its side gets the answers that it
 * has asked for. Kafka: SocketServer's Processor, behaviour 010.
 */
import { Reply } from "@klamm/actor"
import { type Moment, momentOf, monotonicMsOf } from "@klamm/platform/Moment"
import type * as Network from "@klamm/platform/Network"
import type { Writer } from "@klamm/protocol/Bytes"
import { encodeResponseHeader, type RequestHeader } from "@klamm/protocol/Header"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { AnswerQueue } from "./AnswerQueue.ts"
import { type Answer, type Begun, begunBy, type Outcome } from "./Handler.ts"
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
  readonly clock: Clock.Clock
  readonly answers: AnswerQueue<Pending>
  /** What the last read brought, and how many of its frames handlers have taken over. */
  frames: ReadonlyArray<Network.Frame>
  admitted: number
  /** What the request that is being begun holds, and the answers that are being written: given back here if the connection ends. */
  beginning: ReadonlyArray<() => void>
  sending: Group | undefined
}

const none: ReadonlyArray<() => void> = []
const noFrames: ReadonlyArray<Network.Frame> = []

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

/**
 * Begins one request when its turn has come: within the call, if it can; one that is not pipelined is decoded before, so that it need not
 * keep what was received while it waits. Answers false when the connection has to be closed.
 */
const admit = (session: Session, frame: Network.Frame, received: Moment): true | Effect.Effect<boolean> => {
  const { answers } = session
  const route = Router.route(session.services.router, frame)
  if (route._tag === "Refused") return Effect.as(Effect.logDebug(`closing connection: ${route.reason}`), false)
  const { header, handler, body } = route
  const finalizers: Array<() => void> = []
  const context = contextOf(session, header, received, (finalizer) => {
    finalizers.push(finalizer)
  })
  const begin = (): Begun => {
    session.admitted += 1
    session.beginning = finalizers
    return handler.begin(body, frame, context)
  }
  const admitted = (reply: Reply<Outcome>): true => {
    session.beginning = none
    answers.push({ header, name: handler.name, receivedMonotonicMs: received.monotonicMs, reply, finalizers })
    return true
  }
  if (!handler.pipelined) return Effect.map(Effect.andThen(answers.drained, begunBy(begin())), admitted)
  if (!answers.hasRoom)
    return Effect.map(
      Effect.flatMap(answers.room, () => begunBy(begin())),
      admitted
    )
  const begun = begin()
  return begun instanceof Reply ? admitted(begun) : Effect.map(begun, admitted)
}

const closed = Effect.succeed(false)
const stillOpen = Effect.succeed(true)

/** Admits what was read, one after another; false when the connection has to be closed. */
const admitAll = (session: Session, received: Moment): Effect.Effect<boolean> => {
  const { frames } = session
  while (session.admitted < frames.length) {
    const admitted = admit(session, frames[session.admitted]!, received)
    if (admitted === true) continue
    return Effect.flatMap(admitted, (open) => (open ? admitAll(session, received) : closed))
  }
  session.frames = noFrames
  return stillOpen
}

/** Reads until either side ends it. One effect for all that a connection brings: see `@klamm/actor/Actor` for why no generator. */
const readRequests = (session: Session): Effect.Effect<void, Network.NetworkError> => {
  const goOn = (open: boolean): Effect.Effect<void, Network.NetworkError> => (open ? all : Effect.void)
  const all: Effect.Effect<void, Network.NetworkError> = Effect.flatMap(session.connection.read, (frames) => {
    const received = momentOf(session.clock)
    session.services.meters.received(frames)
    session.info.touch(received.wallMs)
    session.frames = frames
    session.admitted = 0
    return Effect.flatMap(admitAll(session, received), goOn)
  })
  return all
}

/** Whoever has ended its side may wait for answers, as a muted channel of Kafka's does; whose connection broke waits for none. */
const finishReading = (
  { answers }: Session,
  error: Network.NetworkError
): Effect.Effect<void, Network.NetworkError> => {
  const hasEnded = error.reason === "Closed" && error.cause === undefined
  return hasEnded ? Effect.andThen(answers.drained, Effect.fail(error)) : Effect.fail(error)
}

/** Length, header, body. */
const encode = (writer: Writer, { header }: Pending, answer: Answer): void => {
  const frame = writer.beginFrame()
  encodeResponseHeader(writer, header.apiKey, header.apiVersion, header.correlationId)
  answer.encode(writer)
  writer.endFrame(frame)
}

/** What goes out as one write. */
interface Group {
  readonly sent: Array<Pending>
  readonly writer: Writer
  /** False: close the connection after it. */
  open: boolean
}

/** Takes the answers that are ready, in order, up to the first that is not. */
const takeReady = (session: Session): Group => {
  const { answers, services } = session
  const group: Group = { sent: [], writer: services.writers.take(), open: true }
  session.sending = group
  for (let next = answers.peek(); group.open && next !== undefined; next = answers.peek()) {
    const outcome: Outcome | undefined = next.reply.given?.value
    if (outcome === undefined) break
    answers.shift()
    group.sent.push(next)
    if (outcome._tag === "Hangup") group.open = false
    else if (outcome._tag === "Answer") encode(group.writer, next, outcome)
  }
  return group
}

const giveBack = ({ services }: Session, { sent, writer }: Group): void => {
  for (const { finalizers } of sent) finalize(finalizers)
  services.writers.give(writer)
}

const send = (session: Session): Effect.Effect<boolean, Network.NetworkError> => {
  const group = takeReady(session)
  const { sent, writer, open } = group
  const chunks = writer.finish()
  return Effect.map(chunks.length === 0 ? Effect.void : session.connection.write(chunks), () => {
    session.sending = undefined
    giveBack(session, group)
    session.services.meters.sent(chunks, sent, monotonicMsOf(session.clock))
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

/** Waits for the next answer, then sends it and every one behind it that is ready by then; one effect for all of a connection's. */
const sendAnswers = (session: Session): Effect.Effect<void, Network.NetworkError> => {
  const { answers } = session
  const answered = Effect.flatMap(answers.notEmpty, () => answers.peek()!.reply.await)
  const together = Effect.flatMap(answered, () => othersThatEnd(session))
  const sent = Effect.flatMap(together, () => send(session))
  const all: Effect.Effect<void, Network.NetworkError> = Effect.flatMap(sent, (open) => (open ? all : Effect.void))
  return all
}

/** What was not begun, and what will never be answered, gives back what it holds. */
const abandon = (session: Session): void => {
  const { answers, frames, admitted, beginning, sending } = session
  for (const frame of frames.slice(admitted)) frame.release()
  finalize(beginning)
  if (sending !== undefined) giveBack(session, sending)
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
    const clock = yield* Clock.Clock
    const nothing = { frames: noFrames, admitted: 0, beginning: none, sending: undefined }
    const session: Session = { connection, info, services, clock, answers, ...nothing }
    yield* Effect.addFinalizer(() => Effect.sync(() => abandon(session)))
    yield* services.ready
    const reading = readRequests(session).pipe(
      Effect.tapError(tellUnreadable),
      Effect.catch((error) => finishReading(session, error))
    )
    const ends = Effect.raceFirst(reading, sendAnswers(session))
    yield* Effect.tapDefect(ends, (defect) => Effect.logError("a request failed; closing its connection", defect))
  })
