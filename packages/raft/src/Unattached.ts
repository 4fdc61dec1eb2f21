/**
 * A node that knows of no leader in its epoch: it looks for one, and a voter among them stands for election when its time has come.
 * Invariant: it takes no appends; it gives at most one vote in the epoch.
 */
import { none } from "@klamm/actor"
import {
  type Common,
  commonOf,
  isVoter,
  keyOf,
  mayStand,
  otherVoters,
  type RaftState,
  type Step,
  send,
  spread
} from "./Common.ts"
import * as LogView from "./LogView.ts"
import type { Message, Target } from "./Message.ts"
import * as Prospective from "./Prospective.ts"

export interface Unattached extends Common {
  readonly _tag: "Unattached"
  /** Milliseconds; infinity for one who does not stand. */
  readonly electionAt: number
  /** When to ask somebody who leads; infinity while an answer is awaited. */
  readonly searchAt: number
  readonly searchId: number
  readonly searches: number
}

/** Between two questions who leads, in milliseconds: quick at first, for a quorum that is just starting. */
const searchIntervalMs = 50
const searchIntervalMaxMs = 500

/** Enters the epoch in the election, of which no leader is known. */
export const enter = (common: Common, electionAt: number, searchAt: number): Unattached => ({
  _tag: "Unattached",
  ...commonOf({ ...common, leaderEndpoint: undefined }),
  electionAt: mayStand(common) ? electionAt : Number.POSITIVE_INFINITY,
  searchAt,
  searchId: -1,
  searches: 0
})

/** As when an epoch has begun and its leader is yet to be heard of. */
export const enterLater = (common: Common, now: number): Unattached =>
  enter(common, spread(common, common.self.settings.electionTimeoutMs, now), now + searchIntervalMs)

/** All who may know, in turn. */
const targets = (state: Unattached): ReadonlyArray<Target> => {
  const known = otherVoters(state).flatMap(
    ({ id, endpoints: [endpoint] }): ReadonlyArray<Target> =>
      endpoint === undefined ? [] : [{ id, address: { host: endpoint.host, port: endpoint.port } }]
  )
  const asked = state.self.bootstrap.map((address, index): Target => ({ id: -2 - index, address }))
  return isVoter(state) && known.length > 0 ? known : [...known, ...asked]
}

/** Asks the next one by a fetch: whoever leads answers as the leader, the others name it. */
const search = (state: Unattached, now: number): Step => {
  const { self, log, election, highWatermark } = state
  const known = targets(state)
  const target = known[state.searches % Math.max(1, known.length)]
  if (target === undefined) return [{ ...state, searchAt: Number.POSITIVE_INFINITY }, none]
  if (log.syncedOffset < log.endOffset) return [{ ...state, searchAt: now + searchIntervalMs }, none]
  const [next, out] = send(state, target, {
    _tag: "Fetch",
    clusterId: self.clusterId,
    epoch: election.epoch,
    replica: keyOf(self),
    fetchOffset: log.syncedOffset,
    lastFetchedEpoch: LogView.lastEpoch(log),
    highWatermark,
    maxWaitMs: 0,
    maxBytes: 0
  })
  return [{ ...next, searchAt: Number.POSITIVE_INFINITY, searchId: state.nextId, searches: state.searches + 1 }, [out]]
}

/** What came of a question; that there is a leader has been seen before. */
const searched = (state: Unattached, now: number): RaftState => ({
  ...state,
  searchId: -1,
  searchAt: now + Math.min(searchIntervalMaxMs, searchIntervalMs * (1 + state.searches))
})

export const step = (state: Unattached, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Wake":
      if (now >= state.electionAt) return Prospective.enter(state, 0, now)
      return now >= state.searchAt ? search(state, now) : [state, none]
    case "Answered":
    case "Unreachable":
      return [message.id === state.searchId ? searched(state, now) : state, none]
    default:
      return [state, none]
  }
}

export const wakeAt = ({ electionAt, searchAt }: Unattached): number => Math.min(electionAt, searchAt)
