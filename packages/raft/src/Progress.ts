/**
 * How far the leader knows the others to be. Invariant: an offset stands here only when its replica has fetched from there, in this epoch,
 * with a log that is a beginning of the leader's; below it everything is durable with the replica.
 */
import type { FetchRequest, ReplicaKey } from "./Peer.ts"
import { noDirectoryId, type Voter, type VoterSet } from "./VoterSet.ts"

export interface Progress {
  readonly key: ReplicaKey
  /** -1 until it has fetched. */
  readonly endOffset: number
  /** Milliseconds; of the last fetch, or when the epoch began. */
  readonly heardAt: number
  readonly hasFetched: boolean
  /** When it last had all that the leader had; -1 if never. */
  readonly caughtUpAt: number
  /** Where the leader's log ended at the last fetch. */
  readonly leaderEndOffset: number
  /** When to tell it again who leads. */
  readonly beginAt: number
}

export type Replicas = ReadonlyMap<string, Progress>

/** Observers that are remembered and may wait for news at a time. */
export const maxObservers = 1_000

/** An observer not heard of for so long is forgotten, in milliseconds (Kafka's observer session timeout). */
export const observerSessionMs = 300_000

const unheard = (key: ReplicaKey, now: number): Progress => ({
  key,
  endOffset: -1,
  heardAt: now,
  hasFetched: false,
  caughtUpAt: -1,
  leaderEndOffset: Number.POSITIVE_INFINITY,
  beginAt: now
})

/** The place of a voter: its id alone while its directory is not known. */
const placeOfVoter = ({ id, directoryId }: ReplicaKey): string =>
  directoryId === noDirectoryId ? `${id}` : `${id}/${directoryId}`

/** The place of whoever fetches. */
export const placeOf = (voters: VoterSet, key: ReplicaKey): string =>
  voters.voters.some(({ id, directoryId }) => id === key.id && directoryId === noDirectoryId)
    ? `${key.id}`
    : placeOfVoter(key)

export const ofVoter = (replicas: Replicas, voter: Voter): Progress | undefined => replicas.get(placeOfVoter(voter))

/**
 * A place for each voter that has none; what is known of others stays. A voter whose directory had not been known takes along what is
 * known of it.
 */
export const withVoters = (replicas: Replicas, voters: VoterSet, now: number): Replicas => {
  const next = new Map(replicas)
  for (const voter of voters.voters) {
    const place = placeOfVoter(voter)
    if (next.has(place)) continue
    const former = next.get(`${voter.id}`)
    next.delete(`${voter.id}`)
    next.set(place, former?.key.directoryId === voter.directoryId ? former : unheard(voter, now))
  }
  return next
}

const isVoterPlace = (voters: VoterSet, place: string): boolean =>
  voters.voters.some((voter) => placeOfVoter(voter) === place)

const isExpired = (voters: VoterSet, place: string, progress: Progress, now: number): boolean =>
  now - progress.heardAt >= observerSessionMs && !isVoterPlace(voters, place)

/** Whether the replica has, or may get, a place. */
export const hasRoom = (replicas: Replicas, voters: VoterSet, key: ReplicaKey): boolean =>
  replicas.has(placeOf(voters, key)) || replicas.size < maxObservers + voters.ids.length

/** Notes a fetch; `isValid` when its position was good. */
export const fetched = (
  replicas: Replicas,
  voters: VoterSet,
  request: Pick<FetchRequest, "replica" | "fetchOffset">,
  isValid: boolean,
  leaderEndOffset: number,
  nextBeginAt: number,
  now: number
): Replicas => {
  const place = placeOf(voters, request.replica)
  const before = replicas.get(place) ?? unheard(request.replica, now)
  const { fetchOffset } = request
  const wasCaughtUp = before.hasFetched && fetchOffset >= before.leaderEndOffset
  const caughtUpAt = fetchOffset >= leaderEndOffset ? now : wasCaughtUp ? before.heardAt : before.caughtUpAt
  const next = new Map(replicas)
  next.set(place, {
    key: request.replica,
    endOffset: isValid ? fetchOffset : -1,
    heardAt: now,
    hasFetched: true,
    caughtUpAt: isValid ? Math.max(before.caughtUpAt, caughtUpAt) : before.caughtUpAt,
    leaderEndOffset: isValid ? leaderEndOffset : Number.POSITIVE_INFINITY,
    beginAt: nextBeginAt
  })
  if (!replicas.has(place)) {
    for (const [other, progress] of next) if (isExpired(voters, other, progress, now)) next.delete(other)
  }
  return next
}
