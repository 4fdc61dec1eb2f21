/**
 * What a follower wants changed about itself among the voters (KIP-853, KIP-1186): a voter that listens elsewhere than the others believe
 * says so; a controller that does not vote may ask to, once it has caught up, and has its old directory taken out before. Invariant:
 * asked for only where voters are recorded in the log, and not again before some time after the last answer.
 */
import { none } from "@klamm/actor"
import { endpointOfLeader, send } from "./Common.ts"
import type { Follower } from "./Follower.ts"
import * as LogView from "./LogView.ts"
import type { Out } from "./Message.ts"
import type { PeerRequest } from "./Peer.ts"
import * as VoterSet from "./VoterSet.ts"

export interface VoterUpdate {
  readonly at: number
}

/** Between two requests, in milliseconds. */
const updateIntervalMs = 1_000

/** How long after it began to follow the first may be sent: the log that was fetched meanwhile may know better. */
const firstUpdateMs = 500

export const initial = (now: number): VoterUpdate => ({ at: now + firstUpdateMs })

const isSame = (one: ReadonlyArray<VoterSet.VoterEndpoint>, other: ReadonlyArray<VoterSet.VoterEndpoint>): boolean =>
  one.length === other.length &&
  one.every(({ name, host, port }, index) => {
    const known = other[index]
    return known?.name === name && known.host === host && known.port === port
  })

/** What to ask the leader for, if anything. */
const wanted = ({ self, log, fresh }: Follower): PeerRequest | undefined => {
  const { voters, kraftVersion } = LogView.latestVoters(log)
  if (kraftVersion < 1 || self.endpoints.length === 0) return undefined
  const { clusterId, id, directoryId, endpoints } = self
  const voter = VoterSet.voter({ id, directoryId }, endpoints)
  const recorded = voters.voters.find((one) => one.id === id)
  if (recorded?.directoryId === directoryId) {
    return isSame(endpoints, recorded.endpoints) ? undefined : { _tag: "UpdateVoter", clusterId, voter }
  }
  if (!self.autoJoin || fresh) return undefined
  if (recorded !== undefined) return { _tag: "RemoveVoter", clusterId, voter: recorded }
  const timeoutMs = self.settings.requestTimeoutMs
  return { _tag: "AddVoter", clusterId, voter, timeoutMs, ackWhenCommitted: false }
}

export const sendIfDue = (state: Follower, now: number): readonly [Follower, ReadonlyArray<Out>] => {
  const request = now < state.voterUpdate.at ? undefined : wanted(state)
  const address = endpointOfLeader(state)
  if (request === undefined || address === undefined) return [state, none]
  const [next, out] = send(state, { id: state.election.leaderId, address }, request)
  return [{ ...next, voterUpdate: { at: Number.POSITIVE_INFINITY } }, [out]]
}

/** Whether the answer is to one of these. */
export const isOf = ({ _tag }: PeerRequest): boolean =>
  _tag === "UpdateVoter" || _tag === "AddVoter" || _tag === "RemoveVoter"

export const answered = (state: Follower, now: number): Follower => ({
  ...state,
  voterUpdate: { at: now + updateIntervalMs }
})

export const wakeAt = (state: Follower): number =>
  wanted(state) === undefined ? Number.POSITIVE_INFINITY : state.voterUpdate.at
