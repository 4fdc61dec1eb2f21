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

/** What one asker does with its answer, or with the news that there is none. */
interface Waiting {
  readonly id: number
  readonly answered: (frame: Frame) => void
  readonly failed: (error: ChannelError) => void
}

export class Link {
  private readonly connection: Connection
  private readonly address: string
  private readonly scope: Scope.Scope
  /**
   * In the order they asked, in which they are mostly answered. An array and not a Map, which would be emptied and filled for each request:
   * see `Watchers.ts` of the replicas for what that costs.
   */
  private readonly waiting: Array<Waiting> = []
  private outgoing: Array<Uint8Array> = []
  /** Wakes the sender; none while it is at work, or was never needed. */
  private wakeSender: (() => void) | undefined
  private hasSender = false
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

  /** Requests that wait for their answers. */
  get inFlight(): number {
    return this.waiting.length
  }

  /** Sends what `encode` makes for the correlation id, and waits for the frame that answers it. Its taker releases it. */
  ask(encode: (correlationId: number) => Uint8Array): Effect.Effect<Frame, ChannelError> {
    return this.askFor(encode, Effect.succeed)
  }

  /**
   * The same, with the frame taken by `take` the moment it is there, before the asker's fiber runs again: memory that is given back in
   * it is given back also when the asker is interrupted just then.
   */
  askFor<A, E>(
    encode: (correlationId: number) => Uint8Array,
    take: (frame: Frame) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | ChannelError> {
    return Effect.suspend(() => {
      if (this.failure !== undefined) return Effect.fail(this.failure)
      const id = this.nextId
      this.nextId = id === correlationIdEnd ? 1 : id + 1
      this.outgoing.push(encode(id))
      return Effect.andThen(this.sending, this.answerTo(id, take))
    })
  }

  /** Sends what is never answered; done when it is on its way. */
  tell(encode: (correlationId: number) => Uint8Array): Effect.Effect<void, ChannelError> {
    return Effect.suspend(() => {
      if (this.failure !== undefined) return Effect.fail(this.failure)
      this.outgoing.push(encode(0))
      return this.sending
    })
  }

  /** Sees to it that what has gathered is written. One sender serves the connection: a fiber for each request would cost more than it. */
  private get sending(): Effect.Effect<void> {
    if (!this.hasSender) {
      this.hasSender = true
      return Effect.asVoid(Effect.forkIn(this.send, this.scope))
    }
    const { wakeSender } = this
    this.wakeSender = undefined
    wakeSender?.()
    return Effect.void
  }

  private answerTo<A, E>(id: number, take: (frame: Frame) => Effect.Effect<A, E>): Effect.Effect<A, E | ChannelError> {
    return Effect.callback<A, E | ChannelError>((resume) => {
      if (this.failure !== undefined) return resume(Effect.fail(this.failure))
      this.waiting.push({
        id,
        answered: (frame) => resume(take(frame)),
        failed: (error) => resume(Effect.fail(error))
      })
      return Effect.sync(() => void this.removeWaiting(id))
    })
  }

  /** Closes the connection; whoever waits is told why. */
  closeFor(reason: ChannelError["reason"]): Effect.Effect<void> {
    return Effect.suspend(() => this.end(new ChannelError({ reason, address: this.address })))
  }

  /** Closes the connection; whoever waits is told Disconnected. */
  readonly close: Effect.Effect<void> = this.closeFor("Disconnected")

  /** Writes what has gathered in one turn, again and again, until the connection ends. */
  private readonly send: Effect.Effect<void> = Effect.suspend(() => {
    if (this.failure !== undefined) return Effect.void
    if (this.outgoing.length === 0) return Effect.flatMap(this.somethingToSend, () => this.send)
    const chunks = this.outgoing
    this.outgoing = []
    return Effect.matchEffect(this.connection.write(chunks), {
      onFailure: (error) => this.end(ofNetwork(error)),
      onSuccess: () => this.send
    })
  })

  /** Those that ask in the same turn are written together. What came since the sender last looked is seen here. */
  private readonly somethingToSend: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.outgoing.length > 0 || this.failure !== undefined) return resume(Effect.void)
    this.wakeSender = () => resume(Effect.yieldNow)
    return Effect.sync(() => {
      this.wakeSender = undefined
    })
  })

  private deliver(frame: Frame): void {
    const { bytes } = frame
    const id = new DataView(bytes.buffer, bytes.byteOffset + correlationIdAt, correlationIdAt).getInt32(0)
    const asker = this.removeWaiting(id)
    if (asker === undefined) frame.release()
    else asker.answered(frame)
  }

  private removeWaiting(id: number): Waiting | undefined {
    const place = this.waiting.findIndex((each) => each.id === id)
    return place === -1 ? undefined : this.waiting.splice(place, 1)[0]
  }

  private end(error: ChannelError): Effect.Effect<void> {
    if (this.failure === undefined) {
      this.failure = error
      for (const { failed } of this.waiting.splice(0)) failed(error)
      this.wakeSender?.()
    }
    return this.connection.close
  }
}
