/**
 * A node that fetches the log from the leader of its epoch (KIP-595); a voter that hears from it no more asks to stand.
 *
 * Invariants: it fetches from where its log ends, and only once all of that is durable, so that a fetch is the promise the leader counts;
 * nothing below the high watermark is cut off; one request to the leader is under way at a time.
 */
import { none } from "@klamm/actor"
import { assert, mark } from "@klamm/platform/Invariant"
import type { Address } from "@klamm/platform/Network"
import {
  backoff,
  type Common,
  codes,
  commonOf,
  endpointOfLeader,
  keyOf,
  mayStand,
  type Step,
  send,
  soon,
  votersOf
} from "./Common.ts"
import * as LogView from "./LogView.ts"
import type { FetchedBatch, Message, Out, UnreachableReason } from "./Message.ts"
import type { FetchResponse, FetchSnapshotResponse, PeerRequest, PeerResponse, SnapshotId } from "./Peer.ts"
import * as Prospective from "./Prospective.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterSet from "./VoterSet.ts"
import * as VoterUpdate from "./VoterUpdate.ts"

export interface Follower extends Common {
  readonly _tag: "Follower"
  /** When it gives the leader up. */
  readonly electionAt: number
  /** The leader has answered in this epoch. */
  readonly heard: boolean
  /** The leader's process is gone, or says that it leads no more. */
  readonly leaderGone: boolean
  /** When the next fetch is due; infinity while one is under way. */
  readonly fetchAt: number
  readonly fetchId: number
  /** Fetches in a row that failed. */
  readonly failures: number
  /** The snapshot that is being fetched, up to where. */
  readonly snapshot: { readonly id: SnapshotId; readonly position: number } | undefined
  readonly voterUpdate: VoterUpdate.VoterUpdate
}

/** How long a fetch may wait at the leader. */
export const maxFetchWaitMs = 500

const jitterOf = (common: Common, now: number): number => soon(common, now) - now

/** Follows the leader. Where it listens is kept: it leads on for a while when the voters it is removed from know it no more. */
export const enter = (common: Common, leaderId: number, endpoint: Address | undefined, now: number): Follower => {
  const known = VoterSet.addressOf(votersOf(common), leaderId)
  return {
    _tag: "Follower",
    ...commonOf({ ...common, election: { ...common.election, leaderId }, leaderEndpoint: endpoint ?? known }),
    electionAt: now + common.self.settings.fetchTimeoutMs + jitterOf(common, now),
    heard: false,
    leaderGone: false,
    fetchAt: now,
    fetchId: -1,
    failures: 0,
    snapshot: undefined,
    voterUpdate: VoterUpdate.initial(now)
  }
}

const requestOf = (state: Follower): PeerRequest => {
  const { self, log, election, highWatermark, snapshot } = state
  const common = { clusterId: self.clusterId, epoch: election.epoch, replica: keyOf(self) }
  if (snapshot !== undefined) {
    const { id, position } = snapshot
    const maxBytes = self.settings.fetchSnapshotMaxBytes
    return { _tag: "FetchSnapshot", ...common, snapshotId: id, position, maxBytes }
  }
  return {
    _tag: "Fetch",
    ...common,
    fetchOffset: log.endOffset,
    lastFetchedEpoch: LogView.lastEpoch(log),
    highWatermark,
    maxWaitMs: maxFetchWaitMs,
    maxBytes: self.settings.fetchMaxBytes
  }
}

/** Fetches, if it is time and the log is durable. */
export const fetchIfDue = (state: Follower, now: number): Step => {
  if (now < state.fetchAt || state.log.syncedOffset < state.log.endOffset) return [state, none]
  const address = endpointOfLeader(state)
  assert(address !== undefined, "a follower knows where its leader is")
  const [next, out] = send(state, { id: state.election.leaderId, address }, requestOf(state))
  return [{ ...next, fetchAt: Number.POSITIVE_INFINITY, fetchId: state.nextId }, [out]]
}

/** Gives the leader up: a voter asks to stand, anyone else looks for another leader. */
const abandon = (state: Follower, now: number): Step => {
  if (mayStand(state)) return Prospective.enter(state, 0, now)
  const election = { ...state.election, leaderId: -1 }
  return [Unattached.enter({ ...state, election }, Number.POSITIVE_INFINITY, now), none]
}

/** The leader's process is gone: no need to wait for the fetch timeout. */
const leaderIsGone = (state: Follower, now: number): Follower =>
  state.leaderGone ? state : { ...state, leaderGone: true, electionAt: Math.min(state.electionAt, soon(state, now)) }

const retryLater = (state: Follower, now: number): Follower => ({
  ...state,
  fetchAt: backoff(state, state.failures, now),
  failures: state.failures + 1
})

const unreachable = (state: Follower, reason: UnreachableReason, now: number): Step => {
  const failed = { ...state, fetchId: -1, snapshot: undefined }
  if (reason === "Refused") return [retryLater(leaderIsGone(failed, now), now), none]
  // A lost connection may be that and no more: the next try tells whether anybody listens there.
  if (reason === "Disconnected" && state.failures === 0)
    return fetchIfDue({ ...failed, failures: 1, fetchAt: now }, now)
  return [retryLater(failed, now), none]
}

/** The batches that go on from where the log ends; a leader has no others to give. */
const isNext = (state: Follower, batches: ReadonlyArray<FetchedBatch>): boolean => {
  let { endOffset } = state.log
  let epoch = LogView.lastEpoch(state.log)
  for (const batch of batches) {
    if (batch.baseOffset !== endOffset || batch.epoch < epoch || batch.epoch > state.election.epoch) return false
    endOffset = batch.lastOffset + 1
    epoch = batch.epoch
  }
  return true
}

const append = (state: Follower, batches: ReadonlyArray<FetchedBatch>): readonly [Follower, ReadonlyArray<Out>] => {
  if (batches.length === 0) return [state, none]
  let { log } = state
  for (const { baseOffset, lastOffset, epoch, control } of batches) {
    log = LogView.appended(log, baseOffset, lastOffset + 1 - baseOffset, epoch, control)
  }
  return [{ ...state, log }, [{ _tag: "WriteFetched", batches }]]
}

const truncate = (state: Follower, diverging: { epoch: number; endOffset: number }): Step => {
  const offset = LogView.truncationOffset(state.log, diverging)
  assert(offset >= state.highWatermark, "what is committed is never cut off")
  if (offset >= state.log.endOffset) return [state, none]
  mark("raft.truncated")
  return [{ ...state, log: LogView.truncated(state.log, offset) }, [{ _tag: "Truncate", offset }]]
}

/** What a fetch brought: another end of an epoch, a snapshot to fetch instead, or what comes next. */
const fetched = (state: Follower, response: FetchResponse, batches: ReadonlyArray<FetchedBatch>, now: number): Step => {
  if (response.diverging !== null) {
    const [cut, out] = truncate(state, response.diverging)
    assert(cut._tag === "Follower", "cutting the log changes no role")
    if (out.length === 0) return [retryLater(cut, now), none]
    const [next, more] = fetchIfDue(cut, now)
    return [next, [...out, ...more]]
  }
  if (response.snapshotId !== null) {
    return fetchIfDue({ ...state, snapshot: { id: response.snapshotId, position: 0 } }, now)
  }
  if (!isNext(state, batches)) return [retryLater(state, now), none]
  // A new leader's watermark may be from long ago; who has a record of its epoch has all that was committed before.
  const hasItsEpoch = LogView.lastEpoch(state.log) === state.election.epoch
  const hasCaughtUp = hasItsEpoch && response.highWatermark <= state.log.syncedOffset
  const [appended, out] = append(state, batches)
  const highWatermark = Math.max(state.highWatermark, Math.min(response.highWatermark, appended.log.endOffset))
  const [next, more] = fetchIfDue({ ...appended, highWatermark, fresh: state.fresh && !hasCaughtUp }, now)
  return [next, [...out, ...more]]
}

const fetchedSnapshot = (state: Follower, response: FetchSnapshotResponse, now: number): Step => {
  const { snapshot } = state
  if (snapshot === undefined || response.position !== snapshot.position || response.bytes.byteLength === 0) {
    return [retryLater({ ...state, snapshot: undefined }, now), none]
  }
  const { id } = snapshot
  const { bytes, position, sizeBytes } = response
  const isLast = position + bytes.byteLength >= sizeBytes
  const write: Out = { _tag: "WriteSnapshot", snapshotId: id, position, bytes, isLast }
  // The last part is followed by `SnapshotLoaded`.
  if (isLast) return [{ ...state, fetchAt: Number.POSITIVE_INFINITY }, [write]]
  const [next, out] = fetchIfDue({ ...state, snapshot: { id, position: position + bytes.byteLength } }, now)
  return [next, [write, ...out]]
}

const loaded = (state: Follower, message: Extract<Message, { _tag: "SnapshotLoaded" }>, now: number): Step => {
  const { snapshotId, voters } = message
  const log = LogView.replaced(state.log, snapshotId, voters)
  const highWatermark = Math.max(state.highWatermark, snapshotId.endOffset)
  return fetchIfDue({ ...state, log, highWatermark, snapshot: undefined, fetchAt: now }, now)
}

const answered = (state: Follower, response: PeerResponse, batches: ReadonlyArray<FetchedBatch>, now: number): Step => {
  const idle = { ...state, fetchId: -1, fetchAt: now }
  if (response.epoch === state.election.epoch && response.errorCode === codes.notLeader) {
    return [retryLater(leaderIsGone(idle, now), now), none]
  }
  const isGood = response.errorCode === codes.none && response.epoch === state.election.epoch
  if (!isGood) return [retryLater({ ...idle, snapshot: undefined }, now), none]
  const { fetchTimeoutMs } = state.self.settings
  const electionAt = now + fetchTimeoutMs + jitterOf(state, now)
  const heard = { ...idle, heard: true, leaderGone: false, failures: 0, electionAt }
  if (response._tag === "Fetch") return fetched(heard, response, batches, now)
  return response._tag === "FetchSnapshot" ? fetchedSnapshot(heard, response, now) : [heard, none]
}

const wake = (state: Follower, now: number): Step => {
  if (now >= state.electionAt) return abandon(state, now)
  const [next, out] = fetchIfDue(state, now)
  if (next._tag !== "Follower") return [next, out]
  const [updated, more] = VoterUpdate.sendIfDue(next, now)
  return [updated, [...out, ...more]]
}

export const step = (state: Follower, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Wake":
      return wake(state, now)
    case "Synced":
      return fetchIfDue(state, now)
    case "Answered":
      if (VoterUpdate.isOf(message.request)) return [VoterUpdate.answered(state, now), none]
      return message.id === state.fetchId ? answered(state, message.response, message.batches, now) : [state, none]
    case "Unreachable":
      if (VoterUpdate.isOf(message.request)) return [VoterUpdate.answered(state, now), none]
      return message.id === state.fetchId ? unreachable(state, message.reason, now) : [state, none]
    case "SnapshotLoaded":
      return loaded(state, message, now)
    default:
      return [state, none]
  }
}

export const wakeAt = (state: Follower): number => {
  const fetchAt = state.log.syncedOffset < state.log.endOffset ? Number.POSITIVE_INFINITY : state.fetchAt
  return Math.min(state.electionAt, fetchAt, VoterUpdate.wakeAt(state))
}
