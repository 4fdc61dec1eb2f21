/**
 * Long polls: a fetch that found too little waits until enough has been appended to what it asked for, an answer can no longer
 * be "nothing" (a leader change, an error), or its time is up. Invariant: each waiter is woken once.
 */

import * as Deadlines from "@klamm/platform/Deadlines"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FetchInterest, Member } from "./FetchInterest.ts"

export interface FetchWaiters {
  /**
   * Waits until `missingBytes` more have been appended to what is watched, some of it changes otherwise, or `untilMs` of
   * the monotonic clock is there. `watch` is called when it listens: news of what is watched from then on is not missed.
   */
  readonly awaitBytes: <M extends Member>(
    interest: FetchInterest<M>,
    missingBytes: number,
    untilMs: number,
    watch: () => void
  ) => Effect.Effect<void>
}

const awaitBytes = <M extends Member>(
  deadlines: Deadlines.Deadlines,
  interest: FetchInterest<M>,
  missingBytes: number,
  untilMs: number,
  watch: () => void
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let arrived = 0
    let woken = false
    const stop = () => {
      woken = true
      giveUp()
      deafen()
    }
    const wake = () => {
      if (woken) return
      stop()
      resume(Effect.void)
    }
    const giveUp = deadlines.add(untilMs, wake)
    const deafen = interest.listen((appendedBytes) => {
      arrived += appendedBytes
      if (appendedBytes === 0 || arrived >= missingBytes) wake()
    })
    watch()
    return Effect.sync(stop)
  })

export const make: Effect.Effect<FetchWaiters, never, Scope.Scope> = Effect.map(Deadlines.make, (deadlines) => ({
  awaitBytes: (interest, missingBytes, untilMs, watch) => awaitBytes(deadlines, interest, missingBytes, untilMs, watch)
}))
