/**
 * What every role knows, and the few things that all of them do: answer, send, draw a delay, ask for a sync. Pure.
 *
 * Invariants: a delay is drawn from the node's seed, the epoch and the time, so that the same run draws the same; a request is sent
 * under an id that no other request of this node has.
 */
import type { Address } from "@klamm/platform/Network"
import type { Candidate } from "./Candidate.ts"
import type { Follower } from "./Follower.ts"
import type { Leader } from "./Leader.ts"
import * as LogView from "./LogView.ts"
import type { Election, Out, Target } from "./Message.ts"
import type { Head, PeerRequest, ReplicaKey, VoteResponse } from "./Peer.ts"
import type { Prospective } from "./Prospective.ts"
import type { Resigned } from "./Resigned.ts"
import type { Unattached } from "./Unattached.ts"
import * as VoterSet from "./VoterSet.ts"

/** The controller.quorum.* keys that the machine goes by, in milliseconds and bytes. */
export interface QuorumSettings {
  readonly electionTimeoutMs: number
  readonly electionBackoffMaxMs: number
  readonly fetchTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly fetchMaxBytes: number
  readonly fetchSnapshotMaxBytes: number
}

export const defaultSettings: QuorumSettings = {
  electionTimeoutMs: 1000,
  electionBackoffMaxMs: 1000,
  fetchTimeoutMs: 2000,
  requestTimeoutMs: 2000,
  retryBackoffMs: 20,
  fetchMaxBytes: 1_048_576,
  fetchSnapshotMaxBytes: 1_048_576
}

/** What does not change while the node lives. */
export interface Self extends ReplicaKey {
  readonly clusterId: string
  readonly endpoints: ReadonlyArray<VoterSet.VoterEndpoint>
  readonly settings: QuorumSettings
  /** Where to ask for the quorum when no voter is known. */
  readonly bootstrap: ReadonlyArray<Address>
  readonly seed: number
  /** controller.quorum.auto.join.enable. */
  readonly autoJoin: boolean
}

/** A vote that is given once it is durable. */
export interface HeldVote {
  readonly election: Election
  readonly out: Out
}

export interface Common {
  readonly self: Self
  readonly log: LogView.LogView
  readonly election: Election
  readonly highWatermark: number
  /** The leader of this epoch as somebody told it, if the voters don't. */
  readonly leaderEndpoint: Address | undefined
  /** The id of the next request. */
  readonly nextId: number
  readonly held: ReadonlyArray<HeldVote>
  /** The directory began empty, and has not caught up with a leader yet. */
  readonly fresh: boolean
  /** It is about to stop: it stands for no election. */
  readonly leaving: boolean
}

export type RaftState = Unattached | Follower | Prospective | Candidate | Leader | Resigned
export type Step = readonly [RaftState, ReadonlyArray<Out>]

/** The fields of `Common` and no others, when a role ends. */
export const commonOf = (state: Common): Common => ({
  self: state.self,
  log: state.log,
  election: state.election,
  highWatermark: state.highWatermark,
  leaderEndpoint: state.leaderEndpoint,
  nextId: state.nextId,
  held: state.held,
  fresh: state.fresh,
  leaving: state.leaving
})

/** Error codes of the answers. */
export const codes = {
  none: 0,
  notLeader: 6,
  requestTimedOut: 7,
  unsupportedVersion: 35,
  invalidRequest: 42,
  fencedEpoch: 74,
  unknownEpoch: 75,
  invalidUpdateVersion: 95,
  snapshotNotFound: 98,
  positionOutOfRange: 99,
  inconsistentClusterId: 104,
  invalidVoterKey: 125,
  duplicateVoter: 126,
  voterNotFound: 127
} as const

export const votersOf = (state: Common): VoterSet.VoterSet => LogView.latestVoters(state.log).voters

export const isVoter = (state: Common): boolean => VoterSet.isVoter(votersOf(state), state.self)

/**
 * A directory that may have taken the place of one that was lost (KAFKA-16526) has not caught up yet: what was committed with the lost one
 * it may lack, as may whoever would vote for it.
 */
const isRefilling = (state: Common): boolean => {
  const { fresh, log, self } = state
  const isNamed = VoterSet.find(votersOf(state), self)?.directoryId !== VoterSet.noDirectoryId
  return fresh && log.endOffset > 0 && !isNamed && votersOf(state).ids.length > 1
}

/** Whether this node may stand for election. */
export const mayStand = (state: Common): boolean => isVoter(state) && !state.leaving && !isRefilling(state)

export const keyOf = ({ id, directoryId }: ReplicaKey): ReplicaKey => ({ id, directoryId })

/** The others who vote. */
export const otherVoters = (state: Common): ReadonlyArray<VoterSet.Voter> =>
  votersOf(state).voters.filter(({ id }) => id !== state.self.id)

export const head = (state: Common, errorCode: number): Head => {
  const { epoch, leaderId } = state.election
  return { errorCode, epoch, leaderId, leaderEndpoint: (leaderId === -1 ? undefined : endpointOfLeader(state)) ?? null }
}

const ownAddress = ({ self }: Common): Address | undefined => {
  const endpoint = self.endpoints[0]
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port }
}

/** Where the leader of this epoch listens. */
export const endpointOfLeader = (state: Common): Address | undefined =>
  state.election.leaderId === state.self.id
    ? (ownAddress(state) ?? VoterSet.addressOf(votersOf(state), state.self.id))
    : (state.leaderEndpoint ?? VoterSet.addressOf(votersOf(state), state.election.leaderId))

const mix = (value: number): number => {
  let hash = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A number from 0 up to 1 for this node, epoch and moment. */
export const chance = ({ self, election }: Common, now: number): number =>
  mix(mix(mix(self.seed ^ Math.imul(self.id + 1, 0x9e3779b1)) ^ election.epoch) ^ Math.floor(now)) / 0x1_0000_0000

/** Once to twice the time given, so that voters don't stand at once. */
export const spread = (state: Common, timeMs: number, now: number): number => now + timeMs * (1 + chance(state, now))

/** How long a voter waits at most until it takes the place of a leader whose process is gone. */
const failoverDelayMs = 40
const failoverDelayMinMs = 5

export const soon = (state: Common, now: number): number =>
  now + failoverDelayMinMs + failoverDelayMs * chance(state, now)

/** The pause before the next try, after so many that failed. */
export const backoff = (state: Common, tries: number, now: number): number => {
  const { retryBackoffMs, electionBackoffMaxMs } = state.self.settings
  const longest = Math.min(electionBackoffMaxMs, retryBackoffMs * 2 ** Math.min(tries, 16))
  return now + Math.max(retryBackoffMs, longest) * (0.5 + chance(state, now))
}

/** Sends a request: the effect, and the state that counts it. */
export const send = <S extends Common>(state: S, to: Target, request: PeerRequest): readonly [S, Out] => [
  { ...state, nextId: state.nextId + 1 },
  { _tag: "Send", id: state.nextId, to, request, timeoutMs: state.self.settings.requestTimeoutMs }
]

/** Asks for a sync when there is something to sync and none is under way. */
export const syncIfDue = <S extends Common>(state: S): readonly [S, ReadonlyArray<Out>] => {
  const { log } = state
  if (log.syncing || log.writtenOffset <= log.syncedOffset) return [state, []]
  return [{ ...state, log: { ...log, syncing: true } }, [{ _tag: "Sync", generation: log.generation }]]
}

export const voteResponse = (state: Common, errorCode: number, voteGranted: boolean): VoteResponse => ({
  _tag: "Vote",
  ...head(state, errorCode),
  voteGranted
})
