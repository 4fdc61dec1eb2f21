/**
 * One open connection to another node: requests go out in the order they are made, answers find their askers by correlation id.
 *
 * Invariants: every frame received is released, by its asker or, when that has gone, here; when the connection ends, all who wait are
 * told, once; an asker that is interrupted disturbs nobody else's request.
 */
import type { Connection, Frame } from "@klamm/platform/Network"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ChannelError, ofNetwork } from "./ChannelError.ts"

/** Where the correlation id stands in an answer's frame, behind its length. */
const correlationIdAt = 4

/** The end of the range of correlation ids, an int32. */
const correlationIdEnd = 0x7fff_ffff

type Told = (answer: Effect.Effect<Frame, ChannelError>) => void

export class Link {
  private readonly connection: Connection
  private readonly address: string
  private readonly scope: Scope.Scope
  private readonly waiting = new Map<number, Told>()
  private outgoing: Array<Uint8Array> = []
  private isSending = false
  private nextId = 1
  private failure: ChannelError | undefined

  constructor(connection: Connection, address: string, scope: Scope.Scope) {
    this.connection = connection
    this.address = address
    this.scope = scope
  }

  get isOpen(): boolean {
    return this.failure === undefined
  }

  /** Gives answers to whom they belong, until the connection ends. */
  readonly receive: Effect.Effect<void> = Effect.suspend(() =>
    Effect.matchEffect(this.connection.read, {
      onFailure: (error) => this.end(ofNetwork(error)),
      onSuccess: (frames) => {
        for (const frame of frames) this.deliver(frame)
        return this.receive
      }
    })
  )

  /** Sends what `encode` makes for the correlation id, and waits for the frame that answers it. Its taker releases it. */
  ask(encode: (correlationId: number) => Uint8Array): Effect.Effect<Frame, ChannelError> {
    return Effect.suspend(() => {
      if (this.failure !== undefined) return Effect.fail(this.failure)
      const id = this.nextId
      this.nextId = id === correlationIdEnd ? 1 : id + 1
      this.outgoing.push(encode(id))
      const answer = this.answerTo(id)
      if (this.isSending) return answer
      this.isSending = true
      return Effect.andThen(Effect.forkIn(this.send, this.scope), answer)
    })
  }

  private answerTo(id: number): Effect.Effect<Frame, ChannelError> {
    return Effect.callback<Frame, ChannelError>((resume) => {
      if (this.failure !== undefined) return resume(Effect.fail(this.failure))
      this.waiting.set(id, resume)
      return Effect.sync(() => {
        this.waiting.delete(id)
      })
    })
  }

  /** Closes the connection; whoever waits is told Disconnected. */
  readonly close: Effect.Effect<void> = Effect.suspend(() =>
    this.end(new ChannelError({ reason: "Disconnected", address: this.address }))
  )

  /** Writes what has gathered, again and again, until nothing has. */
  private readonly send: Effect.Effect<void> = Effect.suspend(() => {
    if (this.outgoing.length === 0 || this.failure !== undefined) {
      this.isSending = false
      return Effect.void
    }
    const chunks = this.outgoing
    this.outgoing = []
    return Effect.matchEffect(this.connection.write(chunks), {
      onFailure: (error) => this.end(ofNetwork(error)),
      onSuccess: () => this.send
    })
  })

  private deliver(frame: Frame): void {
    const { bytes } = frame
    const id = new DataView(bytes.buffer, bytes.byteOffset + correlationIdAt, correlationIdAt).getInt32(0)
    const told = this.waiting.get(id)
    this.waiting.delete(id)
    if (told === undefined) frame.release()
    else told(Effect.succeed(frame))
  }

  private end(error: ChannelError): Effect.Effect<void> {
    if (this.failure === undefined) {
      this.failure = error
      const waiting = [...this.waiting.values()]
      this.waiting.clear()
      for (const told of waiting) told(Effect.fail(error))
    }
    return this.connection.close
  }
}
