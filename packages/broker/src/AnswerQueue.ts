/**
 * The admitted requests of one connection, in the order their answers leave. One producer (the reader fiber), one consumer
 * (the writer fiber). Invariant: never longer than its capacity; a full queue makes the reader wait, which stops the socket.
 */
import { Reply } from "@klamm/actor"
import * as Effect from "effect/Effect"

export class AnswerQueue<A> {
  private items: Array<A> = []
  private head = 0
  private outstanding = 0
  private readonly capacity: number
  private arrival: Reply<void> | undefined
  private departure: Reply<void> | undefined

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** The next item whose answer is due, left in place. */
  peek(): A | undefined {
    return this.items[this.head]
  }

  shift(): A | undefined {
    const item = this.items[this.head]
    if (item === undefined) return undefined
    this.head += 1
    if (this.head === this.items.length) {
      this.items = []
      this.head = 0
    }
    return item
  }

  push(item: A): void {
    this.items.push(item)
    this.outstanding += 1
    const { arrival } = this
    this.arrival = undefined
    arrival?.complete(undefined)
  }

  /** `count` items have been answered: the reader may go on. */
  answered(count: number): void {
    this.outstanding -= count
    const { departure } = this
    this.departure = undefined
    departure?.complete(undefined)
  }

  /** Waits for an item. */
  get notEmpty(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.head < this.items.length) return Effect.void
      this.arrival ??= new Reply<void>()
      return this.arrival.await
    })
  }

  /** Waits until fewer than `limit` items are unanswered. */
  private below(limit: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.outstanding < limit) return Effect.void
      this.departure ??= new Reply<void>()
      return Effect.andThen(this.departure.await, this.below(limit))
    })
  }

  /** Waits until everything has been answered. */
  get drained(): Effect.Effect<void> {
    return this.below(1)
  }

  /** Waits until one more fits. */
  get room(): Effect.Effect<void> {
    return this.below(this.capacity)
  }
}
