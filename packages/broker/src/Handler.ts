/**
 * The handler of one API key, in two stages: its Effect ends when the request is admitted (its place in the order of
 * effects is fixed), the reply may come later. Invariant: a handler always completes its reply; a request that gets no answer
 * by Kafka's rules (Produce with acks=0) says so with `NoAnswer`, and one that must cut the connection with `Hangup`.
 */
import { Reply } from "@klamm/actor"
import type { Frame } from "@klamm/platform/Network"
import type { Message } from "@klamm/protocol/Api"
import type { Reader, Writer } from "@klamm/protocol/Bytes"
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
/** The connection is closed in place of an answer. */
export interface Hangup {
  readonly _tag: "Hangup"
  readonly reason: string
}
export type Outcome = Answer | NoAnswer | Hangup

export const noAnswer: NoAnswer = { _tag: "NoAnswer" }
export const hangup = (reason: string): Hangup => ({ _tag: "Hangup", reason })

export interface Handler {
  readonly key: number
  readonly minVersion: number
  readonly maxVersion: number
  /**
   * True for Produce: the body is read in place, as views of receive memory, and the next such request may be admitted
   * before this one is answered. Every other body is copied out of receive memory first and may keep what it likes.
   */
  readonly pipelined: boolean
  /** Decodes the body (throws MalformedBytes) and begins the work. Takes over the frame and releases it. */
  readonly begin: (body: Reader, frame: Frame, context: RequestContext) => Effect.Effect<Reply<Outcome>>
}

export const answerWith = <Fields>(message: Message<Fields>, version: number, body: Message<Fields>["Input"]): Answer => ({
  _tag: "Answer",
  encode: (writer) => codec(message, version).encode(writer, body)
})
