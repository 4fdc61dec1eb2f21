/**
 * Long polls: a fetch that found too little waits until enough has been appended to what it asked for, an answer can no longer
 * be "nothing" (a leader change, an error), or its time is up. Invariant: each waiter is woken once and leaves no watcher.
 */
import * as Effect from "effect/Effect"
import type { PartitionActor } from "./PartitionActor.ts"

/** Waits until `missingBytes` more have been appended to the partitions, one of them changes otherwise, or time is up. */
export const awaitBytes = (
  partitions: ReadonlyArray<PartitionActor>,
  missingBytes: number,
  maxWaitMs: number
): Effect.Effect<void> => {
  const waiting = Effect.callback<void>((resume) => {
    let arrived = 0
    let woken = false
    const stops: Array<() => void> = []
    const stop = () => {
      for (const each of stops) each()
    }
    const watcher = (appendedBytes: number) => {
      if (woken) return
      arrived += appendedBytes
      if (appendedBytes > 0 && arrived < missingBytes) return
      woken = true
      stop()
      resume(Effect.void)
    }
    for (const partition of partitions) stops.push(partition.watch(watcher))
    return Effect.sync(stop)
  })
  return Effect.timeoutOrElse(waiting, { duration: maxWaitMs, orElse: () => Effect.void })
}
