/**
 * When a log is cleaned. A pass may take minutes, and it works on the log's files all the while.
 *
 * Invariants: one pass at a time, and none while `without` runs; when `end` is over none is under way, and there is no other: what a pass
 * has not put in place by then is gone. Kafka: LogCleanerManager.abortCleaning. Neighbour: `Cleaner.ts`.
 */
import { hasBug } from "@klamm/platform/Bugs"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** A deletion or truncation has changed the segments that a pass is about, or the log ends: the pass ends and leaves no trace. */
export class Overtaken extends Data.TaggedError("Overtaken") {}

export class CleaningTurns {
  private readonly turn = Semaphore.makeUnsafe(1)
  private readonly ended = Deferred.makeUnsafe<void>()
  /** Done when the pass that is under way is over. */
  private underWay: Deferred.Deferred<void> | undefined

  /** Runs a pass in its turn, unless the log ends first. */
  pass<A, E>(cleaning: Effect.Effect<A, E>): Effect.Effect<A, E | Overtaken> {
    const untilEnded = Effect.andThen(Deferred.await(this.ended), Effect.fail(new Overtaken()))
    const begin = Effect.suspend(() => {
      if (Deferred.isDoneUnsafe(this.ended)) return Effect.fail(new Overtaken())
      const over = Deferred.makeUnsafe<void>()
      this.underWay = over
      return Effect.succeed(over)
    })
    const cleaned = Effect.acquireUseRelease(
      begin,
      () => Effect.raceFirst(cleaning, untilEnded),
      (over) => Deferred.succeed(over, undefined)
    )
    return this.without(cleaned)
  }

  /** Runs `effect` while no pass is under way. */
  without<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Semaphore.withPermits(this.turn, 1, effect)
  }

  /** For good: interrupts the pass that is under way, and waits until it has left the files alone. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    if (hasBug("cleaned-after-the-end")) return Effect.void
    const { underWay } = this
    const ended = Deferred.succeed(this.ended, undefined)
    return underWay === undefined ? Effect.asVoid(ended) : Effect.andThen(ended, Deferred.await(underWay))
  })
}
