/**
 * One client connection: a reader fiber that takes frames and admits requests, a writer fiber that sends answers.
 *
 * Invariants: answers leave in the order of their requests, whatever finishes first; a request is begun only when every
 * earlier one on the connection has been answered, except that Produce may follow Produce, which is what lets pipelined
 * appends share a write and a sync; every frame is released exactly once. Kafka: SocketServer's Processor, behaviour 010.
 */
import type { Reply } from "@klamm/actor"
import type * as Network from "@klamm/platform/Network"
import type { Writer } from "@klamm/protocol/Bytes"
import { encodeResponseHeader, type RequestHeader } from "@klamm/protocol/Header"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { AnswerQueue } from "./AnswerQueue.ts"
import type { Answer, Outcome } from "./Handler.ts"
import type { RequestContext } from "./RequestContext.ts"
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
  /** Requests of one connection that may be admitted and not yet answered (klamm.queued.requests.per.connection). */
  readonly maxQueuedRequests: number
  /** Nothing is read before. */
  readonly ready: Effect.Effect<void>
}

/** A request in the order of answers. */
interface Pending {
  readonly header: RequestHeader
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
  receivedAtMs: number,
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
  receivedAtMs,
  whenSent
})

/** Decodes and begins one request. Answers false when the connection has to be closed. */
const admit = (session: Session, frame: Network.Frame, nowMs: number): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const { answers } = session
    const route = Router.route(session.services.router, frame)
    if (route._tag === "Refused") {
      frame.release()
      return Effect.as(Effect.logDebug(`closing connection: ${route.reason}`), false)
    }
    const { header, handler, body } = route
    const finalizers: Array<() => void> = []
    const context = contextOf(session, header, nowMs, (finalizer) => {
      finalizers.push(finalizer)
    })
    const begin = handler.begin(body, frame, context).pipe(
      Effect.map((reply) => {
        answers.push({ header, reply, finalizers })
        return true
      }),
      Effect.onError(() => Effect.sync(() => finalize(finalizers)))
    )
    return Effect.andThen(handler.pipelined ? answers.room : answers.drained, begin)
  })

const readRequests = (session: Session): Effect.Effect<void, Network.NetworkError> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    while (true) {
      const frames = yield* session.connection.read
      const nowMs = clock.currentTimeMillisUnsafe()
      session.info.touch(nowMs)
      let open = true
      for (const frame of frames) {
        if (open) open = yield* admit(session, frame, nowMs)
        else frame.release()
      }
      if (!open) return
    }
  })

/** Encodes one answer into a writer of its own: length, header, body. */
const encode = (writer: Writer, { header }: Pending, answer: Answer): ReadonlyArray<Uint8Array> => {
  writer.int32(0)
  encodeResponseHeader(writer, header.apiKey, header.apiVersion, header.correlationId)
  answer.encode(writer)
  writer.patchInt32(0, writer.size - 4)
  return writer.finish()
}

/** Sends the next answer and every one behind it that is ready by now, as one write. False: close the connection. */
const sendReady = (session: Session): Effect.Effect<boolean, Network.NetworkError> =>
  Effect.gen(function* () {
    const { answers } = session
    const { writers } = session.services
    const group: Array<Pending> = []
    const used: Array<Writer> = []
    const chunks: Array<Uint8Array> = []
    let open = true
    let next = answers.peek()
    while (open && next !== undefined && (group.length === 0 || next.reply.isCompleted)) {
      const outcome: Outcome = yield* next.reply.await
      answers.shift()
      group.push(next)
      if (outcome._tag === "Hangup") open = false
      if (outcome._tag === "Answer") {
        const writer = writers.take()
        used.push(writer)
        for (const chunk of encode(writer, next, outcome)) chunks.push(chunk)
      }
      next = answers.peek()
    }
    const given = Effect.sync(() => {
      for (const pending of group) finalize(pending.finalizers)
      for (const writer of used) writers.give(writer)
    })
    yield* Effect.ensuring(chunks.length === 0 ? Effect.void : session.connection.write(chunks), given)
    answers.answered(group.length)
    return open
  })

const sendAnswers = (session: Session): Effect.Effect<void, Network.NetworkError> =>
  Effect.gen(function* () {
    let open = true
    while (open) {
      yield* session.answers.notEmpty
      open = yield* sendReady(session)
    }
  })

/** Answers that will never be sent give back what they hold. */
const abandon = (answers: AnswerQueue<Pending>): void => {
  for (let pending = answers.shift(); pending !== undefined; pending = answers.shift()) finalize(pending.finalizers)
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
    const ends = Effect.raceFirst(readRequests(session), sendAnswers(session))
    yield* Effect.tapDefect(ends, (defect) => Effect.logError("a request failed; closing its connection", defect))
  })
