/**
 * The admitted requests of one connection, in the order their answers leave. One producer (the reader fiber), one consumer
 * (the writer fiber). Invariants: never longer than its capacity; a full queue makes the reader wait, which stops the socket;
 * nothing refers to an item that has left.
 *
 * A ring whose slots are cleared, and not an array that is thrown away when it is through: on a connection that always has something
 * to answer it would never be, and once the garbage collector has moved such an array to the old generation, it takes with it
 * all that the array refers to, dead or not.
 */
import { Reply } from "@klamm/actor"
import * as Effect from "effect/Effect"

const FIRST_SLOTS = 8

export class AnswerQueue<A> {
  private readonly capacity: number
  private slots: Array<A | undefined> = Array.from({ length: FIRST_SLOTS }, () => undefined)
  private head = 0
  private size = 0
  private outstanding = 0
  private arrival: Reply<void> | undefined
  private departure: Reply<void> | undefined

  /** Waits for an item. */
  readonly notEmpty: Effect.Effect<void> = Effect.suspend(() => {
    if (this.size > 0) return Effect.void
    this.arrival ??= new Reply<void>()
    return this.arrival.await
  })
  /** Waits until everything has been answered. */
  readonly drained: Effect.Effect<void> = this.below(1)
  /** Waits until one more fits. */
  readonly room: Effect.Effect<void>

  constructor(capacity: number) {
    this.capacity = capacity
    this.room = this.below(capacity)
  }

  /** The next item whose answer is due, left in place. */
  peek(): A | undefined {
    return this.slots[this.head]
  }

  shift(): A | undefined {
    const item = this.slots[this.head]
    if (item === undefined) return undefined
    this.slots[this.head] = undefined
    this.head = (this.head + 1) % this.slots.length
    this.size -= 1
    return item
  }

  push(item: A): void {
    const { slots, head } = this
    if (this.size === slots.length) {
      this.slots = [...slots.slice(head), ...slots.slice(0, head), ...Array.from(slots, () => undefined)]
      this.head = 0
    }
    this.slots[(this.head + this.size) % this.slots.length] = item
    this.size += 1
    this.outstanding += 1
    const { arrival } = this
    this.arrival = undefined
    arrival?.complete(undefined)
  }

  /** One more fits. */
  get hasRoom(): boolean {
    return this.outstanding < this.capacity
  }

  /** Items that have not left. */
  get length(): number {
    return this.size
  }

  /** How many items it refers to. */
  get held(): number {
    return this.slots.reduce((count, slot) => (slot === undefined ? count : count + 1), 0)
  }

  /** `count` items have been answered: the reader may go on. */
  answered(count: number): void {
    this.outstanding -= count
    const { departure } = this
    this.departure = undefined
    departure?.complete(undefined)
  }

  /** Waits until fewer than `limit` items are unanswered. */
  private below(limit: number): Effect.Effect<void> {
    const below: Effect.Effect<void> = Effect.suspend(() => {
      if (this.outstanding < limit) return Effect.void
      this.departure ??= new Reply<void>()
      return Effect.andThen(this.departure.await, below)
    })
    return below
  }
}
