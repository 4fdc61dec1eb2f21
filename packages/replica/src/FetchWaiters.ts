/**
 * Long polls: a fetch that found too little waits until enough has been appended to what it asked for, an answer can no longer
 * be "nothing" (a leader change, an error), or its time is up. Invariant: each waiter is woken once and leaves no watcher.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Deadlines from "./Deadlines.ts"
import type { PartitionActor } from "./PartitionActor.ts"

/** Consumers wait for the high watermark, followers for the log end. */
export type Waiter = "Consumer" | "Follower"

export interface FetchWaiters {
  /** Waits until `missingBytes` more have been appended to the partitions, one of them changes otherwise, or `untilMs` of the monotonic clock is there. */
  readonly awaitBytes: (
    partitions: ReadonlyArray<PartitionActor>,
    waiter: Waiter,
    missingBytes: number,
    untilMs: number
  ) => Effect.Effect<void>
}

const awaitBytes = (
  deadlines: Deadlines.Deadlines,
  partitions: ReadonlyArray<PartitionActor>,
  waiter: Waiter,
  missingBytes: number,
  untilMs: number
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let arrived = 0
    let woken = false
    const stops: Array<() => void> = []
    const stop = () => {
      woken = true
      for (const each of stops) each()
    }
    const wake = () => {
      if (woken) return
      stop()
      resume(Effect.void)
    }
    const watcher = (appendedBytes: number) => {
      arrived += appendedBytes
      if (appendedBytes === 0 || arrived >= missingBytes) wake()
    }
    stops.push(deadlines.add(untilMs, wake))
    for (const partition of partitions) {
      stops.push(waiter === "Follower" ? partition.watchLogEnd(watcher) : partition.watch(watcher))
    }
    return Effect.sync(stop)
  })

export const make: Effect.Effect<FetchWaiters, never, Scope.Scope> = Effect.map(Deadlines.make, (deadlines) => ({
  awaitBytes: (partitions, waiter, missingBytes, untilMs) =>
    awaitBytes(deadlines, partitions, waiter, missingBytes, untilMs)
}))
