/**
 * The handler of one API key, in two stages: its Effect ends when the request is admitted (its place in the order of
 * effects is fixed), the reply may come later. Invariant: a handler always completes its reply; a request that gets no answer
 * by Kafka's rules (Produce with acks=0) says so with `NoAnswer`, and one that must cut the connection with `Hangup`.
 */
import { Reply } from "@klamm/actor"
import type { Frame } from "@klamm/platform/Network"
import type { Message } from "@klamm/protocol/Api"
import { MalformedBytes, type Reader, type Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import * as Effect from "effect/Effect"
import type { RequestContext } from "./RequestContext.ts"

/** `encode` writes the body; the connection writes what comes before it. */
export interface Answer {
  readonly _tag: "Answer"
  readonly encode: (writer: Writer) => void
}
/** Nothing is written for this request. */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
}
/** The connection is closed in place of an answer. A class, for it is told from bodies of every shape. */
export class Hangup {
  readonly _tag = "Hangup"
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}
export type Outcome = Answer | NoAnswer | Hangup

export const noAnswer: NoAnswer = { _tag: "NoAnswer" }
export const hangup = (reason: string): Hangup => new Hangup(reason)

/** The reply of a request that has been begun, or what begins it. */
export type Begun = Reply<Outcome> | Effect.Effect<Reply<Outcome>>

export interface Handler {
  readonly key: number
  /** What people call the API: "Produce". */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /**
   * True for Produce: the body is read in place, as views of receive memory, and the next such request may be admitted
   * before this one is answered. Every other body has been copied out of receive memory and may be kept.
   */
  readonly pipelined: boolean
  /**
   * Decodes the body and begins the work: within the call where it answers the reply itself. Takes over the frame when it is called, and
   * releases it.
   */
  readonly begin: (body: Reader, frame: Frame, context: RequestContext) => Begun
}

/** What begins it, whichever of the two it is. */
export const begunBy = (begun: Begun): Effect.Effect<Reply<Outcome>> =>
  begun instanceof Reply ? Effect.succeed(begun) : begun

export const answerWith = <F>(message: Message<F>, version: number, body: Message<F>["Input"]): Answer => ({
  _tag: "Answer",
  encode: (writer) => codec(message, version).encode(writer, body)
})

/** A reply that is there already. */
export const completed = (outcome: Outcome): Reply<Outcome> => {
  const reply = new Reply<Outcome>()
  reply.complete(outcome)
  return reply
}

/** The body, or why the connection is cut: Kafka answers nothing to a body it can't read. */
export const decodeBody = <F>(message: Message<F>, version: number, body: Reader): Message<F>["Type"] | Hangup => {
  try {
    return codec(message, version).decode(body)
  } catch (error) {
    if (error instanceof MalformedBytes) return hangup(`malformed ${message.name} v${version}: ${error.message}`)
    throw error
  }
}

export const isHangup = (body: unknown): body is Hangup => body instanceof Hangup

/** The name of the API whose request this is. */
export const apiName = <F>({ name }: Message<F>): string => name.replace(/Request$/, "")

/** The highest version that is offered: one marked unstable is not. */
export const latestVersion = <F>(message: Message<F>): number =>
  message.latestVersionUnstable ? message.versions.max - 1 : message.versions.max

/** A handler whose answer is ready when it has run: all but Produce. */
export const handler = <Request, Response>(
  request: Message<Request>,
  response: Message<Response>,
  handle: (body: Message<Request>["Type"], context: RequestContext) => Effect.Effect<Message<Response>["Input"]>
): Handler => ({
  key: request.key,
  name: apiName(request),
  minVersion: request.versions.min,
  maxVersion: latestVersion(request),
  pipelined: false,
  begin: (reader, frame, context) => {
    frame.release()
    const body = decodeBody(request, context.apiVersion, reader)
    if (isHangup(body)) return completed(body)
    return Effect.map(handle(body, context), (answer) => completed(answerWith(response, context.apiVersion, answer)))
  }
})
