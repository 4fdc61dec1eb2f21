/**
 * The in-sync replicas as their leader sees them: how far each follower is, who has to leave the ISR and who may join it.
 *
 * Invariants: one change of the ISR is under way at a time; until its outcome is known everyone who is in the ISR before or after it
 * counts for the high watermark (the maximal ISR), so that whatever the controller has decided, nothing is committed without them.
 * Pure. Kafka: Partition and Replica; KIP-497 (AlterPartition), KIP-903 (a broker's former life is not in sync), behaviours 175 to 177.
 */
import { Brokers, Topics } from "@klamm/metadata"
import { hasBug } from "@klamm/platform/Bugs"
import type { LeaderAssignment } from "./Partition.ts"

/** What the leader knows of one follower. */
export interface Progress {
  readonly replicaId: number
  /** Where its last fetch began; -1 before any. */
  readonly logEndOffset: number
  readonly logStartOffset: number
  /** The last time at which it had all that the leader had. */
  readonly lastCaughtUpMs: number
  readonly lastFetchMs: number
  readonly leaderEndAtLastFetch: number
  /** The life of its broker that fetched last; -1 before any. */
  readonly brokerEpoch: number
}

/** A change that the controller has been asked for. */
export interface Pending {
  readonly partitionEpoch: number
  readonly isr: ReadonlyArray<number>
}

export interface Followers {
  readonly progress: ReadonlyArray<Progress>
  readonly pending: Pending | undefined
  /** No change is asked for before this time: the last one was refused. */
  readonly quietUntilMs: number
}

export interface FollowerFetch {
  readonly replicaId: number
  /** -1: not told. */
  readonly brokerEpoch: number
  readonly fetchOffset: number
  readonly logStartOffset: number
  readonly atMs: number
}

/** Brokers that may be in an ISR, neither fenced nor shutting down: each with the epoch of its present life, and the directories that work. */
export type EligibleBrokers = ReadonlyMap<number, Pick<Brokers.Broker, "epoch" | "logDirs">>

/** What an assignment and the followers' progress are judged by. */
export interface View {
  readonly assignment: LeaderAssignment
  readonly followers: Followers
  readonly eligible: EligibleBrokers
  readonly leaderEnd: number
  readonly lagTimeMaxMs: number
}

/** How long after a refusal the next change is asked for, so that a follower's every fetch does not repeat it; milliseconds. */
export const refusalBackoffMs = 50

const never = Number.NEGATIVE_INFINITY

const unknown = (replicaId: number, lastCaughtUpMs: number): Progress => ({
  replicaId,
  logEndOffset: -1,
  logStartOffset: -1,
  lastCaughtUpMs,
  lastFetchMs: never,
  leaderEndAtLastFetch: -1,
  brokerEpoch: -1
})

/** As a leader begins: whoever is in the ISR counts as caught up until now, nobody's log end is known. */
export const begin = (assignment: LeaderAssignment, nodeId: number, now: number): Followers => ({
  progress: assignment.replicas
    .filter((id) => id !== nodeId)
    .map((id) => unknown(id, assignment.isr.includes(id) ? now : never)),
  pending: undefined,
  quietUntilMs: never
})

/** The same leader under a newer assignment: what was under way is decided, new replicas begin unknown. */
export const reassigned = (
  followers: Followers,
  assignment: LeaderAssignment,
  nodeId: number,
  now: number
): Followers => ({
  ...begin(assignment, nodeId, now),
  progress: assignment.replicas
    .filter((id) => id !== nodeId)
    .map((id) => {
      const known = find(followers, id) ?? unknown(id, never)
      const isNew = assignment.isr.includes(id) && known.lastCaughtUpMs === never
      return isNew ? { ...known, lastCaughtUpMs: now } : known
    })
})

export const find = ({ progress }: Followers, replicaId: number): Progress | undefined =>
  progress.find((each) => each.replicaId === replicaId)

/** A broker that has begun a new life starts over, or what it once had would hold up the watermark while it catches up. */
const caughtUpMs = (known: Progress, fetch: FollowerFetch, leaderEnd: number, isInSync: boolean): number => {
  if (fetch.fetchOffset >= leaderEnd) return Math.max(known.lastCaughtUpMs, fetch.atMs)
  if (!isInSync && known.brokerEpoch !== -1 && fetch.brokerEpoch !== known.brokerEpoch) return never
  return fetch.fetchOffset >= known.leaderEndAtLastFetch
    ? Math.max(known.lastCaughtUpMs, known.lastFetchMs)
    : known.lastCaughtUpMs
}

/** A follower has fetched. One that is no replica, or that speaks for a former life of its broker, changes nothing. */
export const fetched = ({ followers, leaderEnd, assignment }: View, fetch: FollowerFetch): Followers => {
  const known = find(followers, fetch.replicaId)
  if (known === undefined) return followers
  if (fetch.brokerEpoch !== -1 && fetch.brokerEpoch < known.brokerEpoch) return followers
  const { replicaId, brokerEpoch, logStartOffset, fetchOffset, atMs } = fetch
  const next: Progress = {
    replicaId,
    logEndOffset: fetchOffset,
    logStartOffset,
    lastCaughtUpMs: caughtUpMs(known, fetch, leaderEnd, assignment.isr.includes(replicaId)),
    lastFetchMs: atMs,
    leaderEndAtLastFetch: leaderEnd,
    brokerEpoch
  }
  return { ...followers, progress: followers.progress.map((each) => (each === known ? next : each)) }
}

/** Whether a follower's fetch would change anything: polls that find nothing are told now and then only. */
export const isNews = (followers: Followers, fetch: FollowerFetch, restMs: number): boolean => {
  const known = find(followers, fetch.replicaId)
  return (
    known !== undefined &&
    (known.logEndOffset !== fetch.fetchOffset ||
      known.logStartOffset !== fetch.logStartOffset ||
      known.brokerEpoch !== fetch.brokerEpoch ||
      fetch.atMs - known.lastFetchMs >= restMs)
  )
}

/**
 * Whoever can't join the ISR is not waited for: neither one whose broker is gone or lives anew, nor one whose directory has failed, though
 * its broker lives, and though a fetch that was on its way then says that it has caught up.
 */
const isEligible = ({ eligible, assignment }: View, { replicaId, brokerEpoch }: Progress): boolean => {
  const present = eligible.get(replicaId)
  if (present === undefined || (brokerEpoch !== -1 && brokerEpoch !== present.epoch)) return false
  const directory = Topics.directoryOf(assignment, replicaId)
  if (hasBug("watermark-waits-for-failed-directory")) return true
  return directory !== undefined && Brokers.hasOnline(present, directory)
}

const isInMaximalIsr = ({ assignment, followers }: View, id: number): boolean =>
  assignment.isr.includes(id) || followers.pending?.isr.includes(id) === true

const isCaughtUp = (view: View, { logEndOffset, lastCaughtUpMs }: Progress, now: number): boolean =>
  logEndOffset === view.leaderEnd || now - lastCaughtUpMs <= view.lagTimeMaxMs

/** What every member of the maximal ISR has, and everyone who is about to join it; -1 while one of them has not fetched. */
export const watermark = (view: View, now: number): number => {
  let lowest = view.leaderEnd
  for (const each of view.followers.progress) {
    const counts = isInMaximalIsr(view, each.replicaId) || (isEligible(view, each) && isCaughtUp(view, each, now))
    if (counts && each.logEndOffset < lowest) lowest = each.logEndOffset
  }
  return lowest
}

const mayAsk = ({ followers }: View, now: number): boolean =>
  followers.pending === undefined && now >= followers.quietUntilMs

/** The ISR in which the follower that has just fetched has joined; undefined when it may not. */
export const expansion = (
  view: View,
  replicaId: number,
  bounds: { readonly highWatermark: number; readonly epochStartOffset: number },
  now: number
): ReadonlyArray<number> | undefined => {
  const { isr, replicas } = view.assignment
  const known = find(view.followers, replicaId)
  if (known === undefined || isr.includes(replicaId) || !mayAsk(view, now) || !isEligible(view, known)) return undefined
  if (known.logEndOffset < Math.max(bounds.highWatermark, bounds.epochStartOffset)) return undefined
  return replicas.filter((id) => id === replicaId || isr.includes(id))
}

const isLagging = (view: View, each: Progress, now: number): boolean =>
  view.assignment.isr.includes(each.replicaId) && !isCaughtUp(view, each, now)

/** The ISR without those that lag; undefined when nobody does. */
export const reduction = (view: View, now: number): ReadonlyArray<number> | undefined => {
  if (!mayAsk(view, now)) return undefined
  const lagging = view.followers.progress.filter((each) => isLagging(view, each, now))
  if (lagging.length === 0) return undefined
  return view.assignment.isr.filter((id) => !lagging.some(({ replicaId }) => replicaId === id))
}

/** When somebody in the ISR will have lagged for too long. */
export const reduceAt = (view: View): number => {
  const { assignment, followers, leaderEnd, lagTimeMaxMs } = view
  if (followers.pending !== undefined) return Number.POSITIVE_INFINITY
  let at = Number.POSITIVE_INFINITY
  for (const { replicaId, logEndOffset, lastCaughtUpMs } of followers.progress) {
    if (logEndOffset === leaderEnd || !assignment.isr.includes(replicaId)) continue
    at = Math.min(at, lastCaughtUpMs + lagTimeMaxMs + 1)
  }
  return Math.max(at, followers.quietUntilMs)
}

/** The members with the lives of their brokers, as the controller is told (KIP-903): it refuses one that has begun another. */
export const withEpochs = (view: View, isr: ReadonlyArray<number>) =>
  isr.map((brokerId) => {
    const known = find(view.followers, brokerId)?.brokerEpoch ?? -1
    return { brokerId, brokerEpoch: known === -1 ? (view.eligible.get(brokerId)?.epoch ?? -1) : known }
  })

/** The lowest log start of the replicas that are alive: what DeleteRecords answers and waits for (KIP-107). */
export const lowWatermark = (view: View, leaderLogStart: number): number => {
  let lowest = leaderLogStart
  for (const { replicaId, logStartOffset } of view.followers.progress) {
    if (view.eligible.has(replicaId)) lowest = Math.min(lowest, logStartOffset)
  }
  return lowest
}
