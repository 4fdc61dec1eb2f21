/**
 * A bounded mailbox with one taker, who takes all there is. Invariants: messages are taken in the order they were offered; a full mailbox
 * refuses; the taker is woken once however many messages come before it runs, so that what gathers is taken together.
 *
 * An array that is handed over whole, and not Effect's Queue: the linked buckets of a queue that is always nearly empty carry
 * every dead message into the old generation of the garbage collector, which doubled the memory of a broker under load.
 */
import * as Effect from "effect/Effect"

export class Mailbox<Message> {
  private messages: Array<Message> = []
  private wake: (() => void) | undefined
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** False when the mailbox is full. */
  offer(message: Message): boolean {
    if (this.messages.length >= this.capacity) return false
    this.put(message)
    return true
  }

  /** Takes the message though the mailbox be full: for what the owner itself has asked for and waits for. */
  put(message: Message): void {
    this.messages.push(message)
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  private readonly take = (): ReadonlyArray<Message> => {
    const { messages } = this
    this.messages = []
    return messages
  }

  private readonly taking = Effect.sync(this.take)
  /** The taker runs after whoever woke it, not within. */
  private readonly takingLater = Effect.andThen(Effect.yieldNow, this.taking)

  /**
   * All messages, at least one; waits for it. One taker at a time. It looks and begins to wait in one step: a fiber may be made to yield
   * between any two, and what came meanwhile would wake nobody.
   */
  readonly takeAll: Effect.Effect<ReadonlyArray<Message>> = Effect.callback((resume) => {
    if (this.messages.length > 0) return resume(this.taking)
    this.wake = () => resume(this.takingLater)
    return Effect.sync(() => {
      this.wake = undefined
    })
  })
}
