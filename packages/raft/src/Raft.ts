/**
 * The raft machine of one node of the metadata quorum (Raft sections 5.1 to 5.4; KIP-595, 630, 853, 996): terms first, then the role.
 *
 * Invariants: the epoch never falls; at most one vote per epoch, durable before it is told; a leader commits only what a majority
 * has made durable, and only once a record of its own epoch is among it; the high watermark never falls. Neighbours: one file
 * per role; `RaftNode.ts` performs the effects.
 */
import { type Machine, none } from "@klamm/actor"
import { unreachable } from "@klamm/platform/Invariant"
import type { Address } from "@klamm/platform/Network"
import * as Candidate from "./Candidate.ts"
import {
  type Common,
  codes,
  commonOf,
  endpointOfLeader,
  type HeldVote,
  mayStand,
  otherVoters,
  type RaftState,
  type Self,
  type Step,
  spread,
  syncIfDue
} from "./Common.ts"
import * as Follower from "./Follower.ts"
import * as Leader from "./Leader.ts"
import * as LogView from "./LogView.ts"
import type { Election, Message, Out, QuorumState } from "./Message.ts"
import type { Head } from "./Peer.ts"
import * as Prospective from "./Prospective.ts"
import * as Requests from "./Requests.ts"
import * as Resigned from "./Resigned.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterSet from "./VoterSet.ts"

export type { RaftState, Self, Step } from "./Common.ts"

/** What a node finds when it starts. */
export interface Found {
  readonly self: Self
  readonly log: LogView.LogView
  /** Undefined for a directory that never held one. */
  readonly stored: QuorumState | undefined
  readonly highWatermark: number
}

export const noElection: Election = {
  epoch: 0,
  votedFor: -1,
  votedDirectoryId: VoterSet.noDirectoryId,
  leaderId: -1
}

/**
 * A node as it starts: it follows the leader it knew, or looks for one. A single voter has nobody to wait for and asks for votes at once;
 * so do several, a little apart, since asking raises no epoch.
 */
export const start = ({ self, log, stored: found, highWatermark }: Found, now: number): RaftState => {
  const { election: stored, fresh } = found ?? { election: noElection, fresh: true }
  const lastEpoch = LogView.lastEpoch(log)
  const election = lastEpoch > stored.epoch ? { ...noElection, epoch: lastEpoch } : stored
  const common: Common = {
    self,
    log,
    election,
    highWatermark,
    leaderEndpoint: undefined,
    nextId: 1,
    held: [],
    fresh,
    leaving: false
  }
  const { leaderId } = election
  if (leaderId !== -1 && leaderId !== self.id && endpointOfLeader(common) !== undefined) {
    return Follower.enter(common, leaderId, undefined, now)
  }
  const nobody = { ...common, election: { ...election, leaderId: -1 } }
  const isAlone = mayStand(nobody) && otherVoters(nobody).length === 0
  const electionAt = isAlone ? Number.NEGATIVE_INFINITY : spread(nobody, startDelayMs, now)
  return Unattached.enter(nobody, electionAt, isAlone ? Number.POSITIVE_INFINITY : now)
}

/** How long a starting voter looks for a leader at least before it asks for votes, in milliseconds. */
const startDelayMs = 100

/** -1 while none is known. */
export const leaderOf = (state: RaftState): number => state.election.leaderId

/** What the role has to say before another takes its place. */
const leave = (state: RaftState): ReadonlyArray<Out> => {
  if (state._tag === "Leader") return Leader.leave(state)
  return state._tag === "Resigned" ? Resigned.leave(state) : none
}

/** Learns from somebody which epoch it is and who leads in it. */
export const observe = (
  state: RaftState,
  { epoch, leaderId, leaderEndpoint }: Omit<Head, "errorCode">,
  now: number
): Step => {
  const { election, self } = state
  if (epoch < election.epoch) return [state, none]
  const begun = epoch > election.epoch ? { ...noElection, epoch } : election
  const known = { ...commonOf(state), election: begun, leaderEndpoint: leaderEndpoint ?? undefined }
  const isNews = leaderId !== -1 && leaderId !== self.id && begun.leaderId === -1
  if (isNews && endpointOfLeader({ ...known, election: { ...begun, leaderId } }) !== undefined) {
    return [Follower.enter(known, leaderId, leaderEndpoint ?? undefined, now), leave(state)]
  }
  return epoch > election.epoch ? [Unattached.enterLater(known, now), leave(state)] : [state, none]
}

/** Votes that were waiting for this election to be durable. */
const releaseVotes = (state: RaftState, election: Election): Step => {
  const isDue = (vote: HeldVote): boolean =>
    vote.election.epoch === election.epoch && vote.election.votedFor === election.votedFor
  const due = state.held.filter(isDue)
  if (due.length === 0) return [state, none]
  return [{ ...state, held: state.held.filter((vote) => !isDue(vote)) }, due.map(({ out }) => out)]
}

/** What every role does with a message; the role's own step follows. */
const common = (state: RaftState, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Answered":
      // The epochs of another cluster mean nothing here.
      return message.response.errorCode === codes.inconsistentClusterId
        ? [state, none]
        : observe(state, message.response, now)
    case "ElectionPersisted":
      return releaseVotes(state, message.election)
    case "Written":
      return syncIfDue({ ...state, log: { ...state.log, writtenOffset: message.logEndOffset } })
    case "Synced": {
      const { log } = state
      // A sync that was asked for before a truncation says nothing of what was written after it.
      const isOfNow = message.generation === log.generation
      const syncedOffset = isOfNow ? Math.max(log.syncedOffset, message.offset) : log.syncedOffset
      return syncIfDue({ ...state, log: { ...log, syncing: false, syncedOffset } })
    }
    case "SnapshotStored":
      return [{ ...state, log: LogView.snapshotted(state.log, message.snapshotId, message.logStartOffset) }, none]
    case "Append":
      return state._tag === "Leader"
        ? [state, none]
        : [state, [{ _tag: "Answer", entry: message.entry, answer: { _tag: "NotLeader" } }]]
    case "Resign":
      return state._tag === "Leader"
        ? [state, none]
        : [{ ...state, leaving: true }, [{ _tag: "Done", done: message.done }]]
    case "Wake":
      return syncIfDue(state)
    default:
      return [state, none]
  }
}

const roleStep = (state: RaftState, message: Message, now: number): Step => {
  switch (state._tag) {
    case "Unattached":
      return Unattached.step(state, message, now)
    case "Follower":
      return Follower.step(state, message, now)
    case "Prospective":
      return Prospective.step(state, message, now)
    case "Candidate":
      return Candidate.step(state, message, now)
    case "Leader":
      return Leader.step(state, message, now)
    case "Resigned":
      return Resigned.step(state, message, now)
    default:
      return unreachable(state)
  }
}

const isOtherVote = (one: Election, other: Election): boolean =>
  one.epoch !== other.epoch ||
  one.votedFor !== other.votedFor ||
  one.votedDirectoryId !== other.votedDirectoryId ||
  (one.leaderId !== other.leaderId && other.leaderId !== -1)

const isSame = (one: Address | undefined, other: Address | undefined): boolean =>
  one?.host === other?.host && one?.port === other?.port

/** What follows from how the state has changed, whatever the way: what to persist, and what to tell. */
const consequences = (before: RaftState, after: RaftState): readonly [ReadonlyArray<Out>, ReadonlyArray<Out>] => {
  if (before === after) return [none, none]
  const { election, highWatermark } = after
  const { fresh } = after
  const first: ReadonlyArray<Out> =
    isOtherVote(before.election, election) || before.fresh !== fresh
      ? [{ _tag: "PersistElection", election, fresh, voters: LogView.latestVoters(after.log) }]
      : none
  const last: Array<Out> = []
  const isLeader = after._tag === "Leader" && before._tag === "Leader" && before.election.epoch === election.epoch
  if (before._tag === "Leader" && !isLeader) last.push({ _tag: "Resigned" })
  const endpoint = election.leaderId === -1 ? undefined : endpointOfLeader(after)
  const isNews =
    before.election.epoch !== election.epoch ||
    before.election.leaderId !== election.leaderId ||
    (election.leaderId !== -1 && !isSame(endpoint, endpointOfLeader(before)))
  if (isNews) last.push({ _tag: "NewLeader", id: election.leaderId, epoch: election.epoch, endpoint })
  if (highWatermark > before.highWatermark) last.push({ _tag: "Committed", highWatermark })
  if (Leader.isEstablished(after) && !(isLeader && Leader.isEstablished(before))) {
    last.push({ _tag: "Led", epoch: election.epoch })
  }
  return [first, last]
}

const route = (state: RaftState, message: Message, now: number): Step => {
  if (message._tag === "Requested") return Requests.step(state, message.request, message.respond, now)
  const [seen, out] = common(state, message, now)
  const [next, more] = roleStep(seen, message, now)
  if (out.length === 0) return [next, more]
  return more.length === 0 ? [next, out] : [next, [...out, ...more]]
}

const wakeAt = (state: RaftState): number => {
  const { syncing, writtenOffset, syncedOffset } = state.log
  // A log that was just opened may end behind what is known to be durable.
  if (!syncing && syncedOffset < writtenOffset) return Number.NEGATIVE_INFINITY
  switch (state._tag) {
    case "Unattached":
      return Unattached.wakeAt(state)
    case "Follower":
      return Follower.wakeAt(state)
    case "Leader":
      return Leader.wakeAt(state)
    default:
      return state.electionAt
  }
}

export const machine: Machine<RaftState, Message, Out> = {
  wakeAt,
  step: (before, message, now) => {
    const [after, out] = route(before, message, now)
    const [first, last] = consequences(before, after)
    return first.length === 0 && last.length === 0 ? [after, out] : [after, [...first, ...out, ...last]]
  }
}
