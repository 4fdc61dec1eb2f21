/**
 * The leader of an epoch: gives appends their offsets, answers fetches, and commits what a majority holds durably.
 *
 * Invariants: offsets rise without a gap; one sync is under way at a time, and the next covers all that was written meanwhile;
 * nothing is committed before the first record of this epoch can be (Raft section 5.4.2); a leader that a majority has not fetched
 * from for a while leads no more (KAFKA-15489). Neighbours: `Fetches.ts` answers, `VoterChange.ts` changes the voters.
 */

import { none } from "@klamm/actor"
import { hasBug } from "@klamm/platform/Bugs"
import {
  type Common,
  commonOf,
  endpointOfLeader,
  keyOf,
  otherVoters,
  type RaftState,
  type Step,
  send,
  votersOf
} from "./Common.ts"
import type { ControlRecord } from "./Control.ts"
import * as Fetches from "./Fetches.ts"
import * as LogView from "./LogView.ts"
import type { Entry, Message, Out } from "./Message.ts"
import * as Progress from "./Progress.ts"
import * as Resigned from "./Resigned.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterChange from "./VoterChange.ts"
import * as VoterSet from "./VoterSet.ts"

export interface Leader extends Common {
  readonly _tag: "Leader"
  /** The offset of the first record of this epoch. */
  readonly epochStartOffset: number
  readonly replicas: Progress.Replicas
  readonly waiting: ReadonlyArray<Fetches.Waiting>
  readonly change: VoterChange.Change | undefined
}

/** A leader waits this many fetch timeouts for a majority. */
export const checkQuorumFactor = 1.5

/** Between two tries to tell a voter that can't be reached who leads, in milliseconds. */
const beginRetryMs = 100

/** What the epoch begins with: its leader, and the voters if only a bootstrap snapshot says who they are (KIP-853). */
const firstRecords = (common: Common, granted: ReadonlySet<number>): ReadonlyArray<ControlRecord> => {
  const { voters, kraftVersion, offset } = LogView.latestVoters(common.log)
  const change: ControlRecord = {
    _tag: "LeaderChange",
    leaderId: common.self.id,
    voters: voters.voters.map(keyOf),
    grantingVoters: voters.voters.filter(({ id }) => granted.has(id)).map(keyOf),
    kraftVersion
  }
  if (kraftVersion === 0 || offset >= 0) return [change]
  return [change, { _tag: "KRaftVersion", kraftVersion }, { _tag: "Voters", voters }]
}

/** Appends control records: the log with them, and the effect that writes them. */
export const appendControl = (state: Leader, records: ReadonlyArray<ControlRecord>, now: number): [Leader, Out] => {
  const { election, log } = state
  const baseOffset = log.endOffset
  const next = LogView.appended(log, baseOffset, records.length, election.epoch, records)
  const { voters } = LogView.latestVoters(next)
  return [
    { ...state, log: next, replicas: Progress.withVoters(state.replicas, voters, now) },
    { _tag: "WriteControl", baseOffset, epoch: election.epoch, records }
  ]
}

/** Takes the epoch that a majority granted. */
export const enter = (common: Common, granted: ReadonlySet<number>, now: number): Step => {
  const election = { ...common.election, leaderId: common.self.id }
  const begun: Leader = {
    _tag: "Leader",
    ...commonOf({ ...common, election, leaderEndpoint: undefined }),
    epochStartOffset: common.log.endOffset,
    replicas: Progress.withVoters(new Map(), votersOf(common), now),
    waiting: [],
    change: undefined
  }
  const [state, write] = appendControl(begun, firstRecords(common, granted), now)
  const [told, sent] = tellVoters(state, now)
  return [told, [write, ...sent]]
}

/** Says who leads to the voters that have not fetched for a while. */
const tellVoters = (state: Leader, now: number): readonly [Leader, ReadonlyArray<Out>] => {
  const { self, election } = state
  const out: Array<Out> = []
  let next = state
  for (const voter of otherVoters(state)) {
    const progress = Progress.ofVoter(state.replicas, voter)
    const address = VoterSet.addressOf(votersOf(state), voter.id)
    if (progress === undefined || address === undefined || now < progress.beginAt) continue
    const [sent, effect] = send(
      next,
      { id: voter.id, address },
      {
        _tag: "BeginQuorumEpoch",
        clusterId: self.clusterId,
        epoch: election.epoch,
        leaderId: self.id,
        leaderEndpoint: endpointOfLeader(state) ?? null,
        voter: keyOf(voter)
      }
    )
    next = { ...sent, replicas: withBeginAt(sent.replicas, voter, Number.POSITIVE_INFINITY) }
    out.push(effect)
  }
  return [next, out]
}

const withBeginAt = (replicas: Progress.Replicas, voter: VoterSet.Voter, beginAt: number): Progress.Replicas => {
  const progress = Progress.ofVoter(replicas, voter)
  if (progress === undefined) return replicas
  const next = new Map(replicas)
  for (const [place, one] of replicas) if (one === progress) next.set(place, { ...one, beginAt })
  return next
}

/** The voter was told who leads, or could not be. */
const told = (state: Leader, id: number, beginAt: number): Leader => {
  const voter = votersOf(state).voters.find((one) => one.id === id)
  return voter === undefined ? state : { ...state, replicas: withBeginAt(state.replicas, voter, beginAt) }
}

/** What this node has made durable, or the voter has fetched up to. */
const durableOffset = (state: Leader, voter: VoterSet.Voter): number =>
  voter.id === state.self.id ? state.log.syncedOffset : (Progress.ofVoter(state.replicas, voter)?.endOffset ?? 0)

/** Commits what a majority has; then those who wait for a commit are served. */
export const advance = (state: Leader, now: number): Step => {
  const reached = VoterSet.majorityReached(votersOf(state), (voter) => durableOffset(state, voter))
  const isOfThisEpoch = reached > state.epochStartOffset || hasBug("commit-of-earlier-epoch")
  const moved = isOfThisEpoch && reached > state.highWatermark ? { ...state, highWatermark: reached } : state
  const [woken, out] = moved === state ? [state, none] : Fetches.wake(moved, now)
  const [next, more] = VoterChange.proceed(woken, now)
  return more.length === 0 ? [next, out] : [next, [...out, ...more]]
}

const append = (state: Leader, entry: Entry, now: number): Step => {
  const { election, log } = state
  if (entry.epoch !== election.epoch) return [state, [{ _tag: "Answer", entry, answer: { _tag: "NotLeader" } }]]
  const baseOffset = log.endOffset
  const next = { ...state, log: LogView.appended(log, baseOffset, entry.count, election.epoch, []) }
  const [woken, out] = Fetches.wake(next, now)
  return [
    woken,
    [
      { _tag: "Write", batch: entry.batch, baseOffset, epoch: election.epoch },
      { _tag: "Answer", entry, answer: { _tag: "Appended", lastOffset: baseOffset + entry.count - 1 } },
      ...out
    ]
  ]
}

/** When a majority was last heard of. */
const heardByMajorityAt = (state: Leader, now: number): number =>
  VoterSet.majorityReached(votersOf(state), (voter) =>
    voter.id === state.self.id ? now : (Progress.ofVoter(state.replicas, voter)?.heardAt ?? now)
  )

const quorumDeadline = (state: Leader, now: number): number =>
  hasBug("no-check-quorum")
    ? Number.POSITIVE_INFINITY
    : heardByMajorityAt(state, now) + checkQuorumFactor * state.self.settings.fetchTimeoutMs

/** The voters by how far they are, farthest first. */
export const successors = (state: Leader): ReadonlyArray<VoterSet.Voter> =>
  otherVoters(state)
    .map((voter) => ({ voter, endOffset: durableOffset(state, voter) }))
    .sort((one, other) => other.endOffset - one.endOffset)
    .map(({ voter }) => voter)

/** What has to be answered when it leads no more. */
export const leave = (state: Leader): ReadonlyArray<Out> => [...Fetches.refuseAll(state), ...VoterChange.refuse(state)]

/** Gives the epoch up. */
export const resign = (state: Leader, done: (() => void) | undefined, now: number): Step => {
  const [next, out] = Resigned.enter(state, successors(state), done, now)
  return [next, [...leave(state), ...out]]
}

const stop = (state: Leader, done: () => void, now: number): Step => {
  const leaving = { ...state, leaving: true }
  if (otherVoters(state).length > 0) return resign(leaving, done, now)
  const alone = Unattached.enter(leaving, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  const election = { ...alone.election, leaderId: -1 }
  return [{ ...alone, election }, [...leave(state), { _tag: "Done", done }]]
}

const wake = (state: Leader, now: number): Step => {
  if (otherVoters(state).length > 0 && now >= quorumDeadline(state, now)) return resign(state, undefined, now)
  const [timely, out] = Fetches.expire(state, now)
  const [proceeded, more] = VoterChange.proceed(timely, now)
  if (proceeded._tag !== "Leader") return [proceeded, [...out, ...more]]
  const [next, sent] = tellVoters(proceeded, now)
  return [next, [...out, ...more, ...sent]]
}

export const step = (state: Leader, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Append":
      return append(state, message.entry, now)
    case "Synced":
      return advance(state, now)
    case "Wake":
      return wake(state, now)
    case "Resign":
      return stop(state, message.done, now)
    case "Answered":
      if (message.request._tag !== "BeginQuorumEpoch") return [state, none]
      return [told(state, message.from, now + state.self.settings.fetchTimeoutMs / 2), none]
    case "Unreachable":
      if (message.request._tag !== "BeginQuorumEpoch") return [state, none]
      return [told(state, message.from, now + beginRetryMs), none]
    default:
      return [state, none]
  }
}

export const wakeAt = (state: Leader): number => {
  let at = VoterChange.wakeAt(state)
  for (const { deadline } of state.waiting) at = Math.min(at, deadline)
  const others = otherVoters(state)
  if (others.length === 0) return at
  for (const voter of others) {
    at = Math.min(at, Progress.ofVoter(state.replicas, voter)?.beginAt ?? Number.POSITIVE_INFINITY)
  }
  // What is not the voters' own contact stands for "now" here, which only moves the deadline away.
  return Math.min(at, quorumDeadline(state, Number.POSITIVE_INFINITY))
}

/** Everything of the epochs before is committed, and the first record of this one. */
export const isEstablished = (state: RaftState): boolean =>
  state._tag === "Leader" && state.highWatermark > state.epochStartOffset
