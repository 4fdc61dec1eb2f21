/**
 * Many deadlines, one sleeper: what a long poll, or a request to another node, needs of a clock without a fiber of its own (Kafka's timer
 * behind DelayedOperationPurgatory). Times are the monotonic clock's. Invariants: a deadline fires once, not before its time, unless it was
 * given up; the sleeper is armed for the earliest one at the latest, and anew only when an earlier one appears; of those that are kept,
 * half or more are pending, but for a few.
 */

import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { monotonicMsOf } from "./Moment.ts"

interface Deadline {
  readonly atMs: number
  /**
   * None once it is over. What it refers to, everything of a fetch, must not wait with the deadline to be forgotten, or each collection of
   * the young generation would carry it along.
   */
  fire: (() => void) | undefined
}

/** So many that were given up are kept without a thought. */
const givenUpKept = 64

const isPending = ({ fire }: Deadline): boolean => fire !== undefined

export class Deadlines {
  /** By rising time; those that were given up leave together, when there are many. */
  private kept: Array<Deadline> = []
  private givenUp = 0
  private armedAtMs = Number.POSITIVE_INFINITY
  private readonly arm: (atMs: number) => void

  /** `arm` has `ring` called at the time given, in place of any earlier call. */
  constructor(arm: (atMs: number) => void) {
    this.arm = arm
  }

  /** Fires at `atMs`; answers how to give it up. */
  add(atMs: number, fire: () => void): () => void {
    const deadline: Deadline = { atMs, fire }
    this.kept.splice(this.placeOf(atMs), 0, deadline)
    this.armAt(atMs)
    return () => this.giveUp(deadline)
  }

  private giveUp(deadline: Deadline): void {
    if (deadline.fire === undefined) return
    deadline.fire = undefined
    this.givenUp += 1
    if (this.givenUp > givenUpKept && this.givenUp * 2 > this.kept.length) this.forget()
  }

  private forget(): void {
    this.kept = this.kept.filter(isPending)
    this.givenUp = 0
  }

  /** The place behind all that come no later; mostly the end, since most polls wait equally long. */
  private placeOf(atMs: number): number {
    let place = this.kept.length
    while (place > 0 && this.kept[place - 1]!.atMs > atMs) place -= 1
    return place
  }

  private armAt(atMs: number): void {
    if (atMs >= this.armedAtMs) return
    this.armedAtMs = atMs
    this.arm(atMs)
  }

  /** Fires what is due, drops what was given up, and arms for the next. */
  ring(nowMs: number): void {
    this.armedAtMs = Number.POSITIVE_INFINITY
    this.forget()
    const due = this.kept.filter(({ atMs }) => atMs <= nowMs)
    this.kept = this.kept.filter(({ atMs }) => atMs > nowMs)
    for (const deadline of due) {
      const { fire } = deadline
      deadline.fire = undefined
      fire?.()
    }
    const [next] = this.kept
    if (next !== undefined) this.armAt(next.atMs)
  }

  /** Deadlines that are kept, given up or not. */
  get size(): number {
    return this.kept.length
  }
}

/** With a sleeper that ends with the scope. */
export const make: Effect.Effect<Deadlines, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let sleeper: Fiber.Fiber<void> | undefined
  const deadlines: Deadlines = new Deadlines((atMs) => {
    sleeper?.interruptUnsafe()
    const wait = Math.max(0, atMs - monotonicMsOf(clock))
    const ring = Effect.sync(() => deadlines.ring(monotonicMsOf(clock)))
    sleeper = run(Effect.andThen(Effect.sleep(wait), ring))
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => sleeper?.interruptUnsafe()))
  return deadlines
})
