/**
 * A partition as its fetch loop knows it: when it may be asked for next. Invariant: failures in a row lengthen its rest, up to
 * replica.fetch.backoff.ms; the first is short, because a leader may be just about to begin.
 */
import type { PartitionActor } from "./PartitionActor.ts"

export interface Followed {
  readonly partition: PartitionActor
  /** It is left out of requests before this time. */
  restsUntilMs: number
  failures: number
}

/** After a first failure, in milliseconds; doubled with each that follows. */
const firstRestMs = 5
const maxDoublings = 20

export const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`

export const restMs = (failures: number, limitMs: number): number =>
  Math.min(limitMs, firstRestMs * 2 ** Math.min(failures, maxDoublings))

export const rest = (followed: Followed, now: number, limitMs: number): void => {
  followed.restsUntilMs = now + restMs(followed.failures, limitMs)
  followed.failures += 1
}
