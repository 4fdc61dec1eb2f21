/**
 * What a consumer does next, as a plan: which broker is asked which question about which partitions, and which is fetched from.
 * Pure. Invariants: a broker has one fetch in flight at most, and a partition one question; nothing is fetched beyond the bound on
 * what is buffered; what is asked about a partition's position is asked when nothing of it is buffered.
 */
import type { Feed } from "../Feed.ts"
import { sourceOf } from "./Position.ts"

export interface Plan {
  readonly committed: ReadonlyArray<Feed>
  readonly offsets: ReadonlyMap<number, ReadonlyArray<Feed>>
  readonly validations: ReadonlyMap<number, ReadonlyArray<Feed>>
  readonly fetches: ReadonlyMap<number, ReadonlyArray<Feed>>
  /** When to look again though nothing has happened; on the monotonic clock. */
  readonly wakeAt: number
  /** Topics of which some partition has no known leader. */
  readonly leaderless: ReadonlySet<string>
}

export interface PlanLimits {
  readonly maxPartitionFetchBytes: number
  readonly prefetchMaxBytes: number
}

const add = (to: Map<number, Array<Feed>>, broker: number, feed: Feed): void => {
  const known = to.get(broker)
  if (known === undefined) to.set(broker, [feed])
  else known.push(feed)
}

/** How much more of a partition is wanted, given what is already here. */
const hasRoom = (feed: Feed, limits: PlanLimits): boolean => feed.bufferedBytes < limits.maxPartitionFetchBytes

export const plan = (
  feeds: Iterable<Feed>,
  fetching: ReadonlySet<number>,
  limits: PlanLimits,
  bufferedBytes: number,
  now: number
): Plan => {
  const committed: Array<Feed> = []
  const offsets = new Map<number, Array<Feed>>()
  const validations = new Map<number, Array<Feed>>()
  const fetches = new Map<number, Array<Feed>>()
  let wakeAt = Number.POSITIVE_INFINITY
  const leaderless = new Set<string>()
  for (const feed of feeds) {
    const { state } = feed
    if (feed.isClosed || feed.isAsking || state.need._tag === "Failed") continue
    if (state.retryAt > now) {
      wakeAt = Math.min(wakeAt, state.retryAt)
      continue
    }
    if (state.need._tag === "Committed") {
      committed.push(feed)
      continue
    }
    if (state.leaderId < 0) {
      leaderless.add(feed.topic)
      continue
    }
    if (state.need._tag === "Offset") add(offsets, state.leaderId, feed)
    else if (state.need._tag === "Validation") {
      if (feed.isDrained) add(validations, state.leaderId, feed)
    } else if (!feed.isPaused && !feed.isClosing && !feed.isBlocked && hasRoom(feed, limits)) {
      const source = sourceOf(state, now)
      if (source !== undefined && !fetching.has(source)) add(fetches, source, feed)
    }
  }
  if (bufferedBytes >= limits.prefetchMaxBytes) fetches.clear()
  return { committed, offsets, validations, fetches, wakeAt, leaderless }
}
