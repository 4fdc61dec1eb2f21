/**
 * Many deadlines, one sleeper: what a long poll needs of a clock without a fiber of its own (Kafka's timer behind
 * DelayedOperationPurgatory). Times are the monotonic clock's. Invariants: a deadline fires once, not before its time, unless it was given up; the sleeper is armed for
 * the earliest one at the latest, and anew only when an earlier one appears.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

interface Deadline {
  readonly atMs: number
  readonly fire: () => void
  over: boolean
}

export class Deadlines {
  /** By rising time; those that are over leave when their time comes. */
  private pending: Array<Deadline> = []
  private armedAtMs = Number.POSITIVE_INFINITY
  private readonly arm: (atMs: number) => void

  /** `arm` has `ring` called at the time given, in place of any earlier call. */
  constructor(arm: (atMs: number) => void) {
    this.arm = arm
  }

  /** Fires at `atMs`; answers how to give it up. */
  add(atMs: number, fire: () => void): () => void {
    const deadline: Deadline = { atMs, fire, over: false }
    this.pending.splice(this.placeOf(atMs), 0, deadline)
    this.armAt(atMs)
    return () => {
      deadline.over = true
    }
  }

  /** The place behind all that come no later; mostly the end, since most polls wait equally long. */
  private placeOf(atMs: number): number {
    let place = this.pending.length
    while (place > 0 && this.pending[place - 1]!.atMs > atMs) place -= 1
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
    const due = this.pending.filter(({ atMs, over }) => !over && atMs <= nowMs)
    this.pending = this.pending.filter(({ atMs, over }) => !over && atMs > nowMs)
    for (const deadline of due) {
      if (deadline.over) continue
      deadline.over = true
      deadline.fire()
    }
    const [next] = this.pending
    if (next !== undefined) this.armAt(next.atMs)
  }

  /** Deadlines that are kept, given up or not: bounded by what is added within the longest wait. */
  get size(): number {
    return this.pending.length
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
