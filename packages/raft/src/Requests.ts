/**
 * What a node answers to the others. Invariant: a request of another cluster, of the past, or meant for another directory changes nothing;
 * one of a later epoch is answered from there.
 */
import { none } from "@klamm/actor"
import { unreachable } from "@klamm/platform/Invariant"
import { codes, head, type RaftState, type Step, soon, voteResponse } from "./Common.ts"
import * as Fetches from "./Fetches.ts"
import type { Respond } from "./Message.ts"
import type {
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  PeerRequest,
  PeerResponse,
  ReplicaKey,
  VoteRequest
} from "./Peer.ts"
import { observe } from "./Raft.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterChange from "./VoterChange.ts"
import { noDirectoryId } from "./VoterSet.ts"
import * as Votes from "./Votes.ts"

/** The answer that says only what is wrong, and who leads. */
export const refusal = (state: RaftState, request: PeerRequest, errorCode: number): PeerResponse => {
  switch (request._tag) {
    case "Vote":
      return voteResponse(state, errorCode, false)
    case "BeginQuorumEpoch":
    case "EndQuorumEpoch":
      return { _tag: request._tag, ...head(state, errorCode) }
    case "Fetch":
      return Fetches.response(state, errorCode)
    case "FetchSnapshot":
      return Fetches.snapshotResponse(state, request, errorCode)
    case "AddVoter":
    case "RemoveVoter":
    case "UpdateVoter":
    case "UpgradeVersion":
      return VoterChange.response(state, request, errorCode, null)
    default:
      return unreachable(request)
  }
}

const isMeant = ({ self }: RaftState, { id, directoryId }: ReplicaKey): boolean =>
  id === self.id && (directoryId === noDirectoryId || directoryId === self.directoryId)

/** What is wrong with the request before anything is done with it. */
const faultOf = (state: RaftState, request: PeerRequest): number | undefined => {
  if (request.clusterId !== state.self.clusterId) return codes.inconsistentClusterId
  const isOfVoters = request._tag === "Vote" || request._tag === "BeginQuorumEpoch" || request._tag === "EndQuorumEpoch"
  if (!isOfVoters) return undefined
  if (request.epoch < state.election.epoch) return codes.fencedEpoch
  if (request._tag !== "EndQuorumEpoch" && !isMeant(state, request.voter)) return codes.invalidVoterKey
  return undefined
}

const refuse = (state: RaftState, request: PeerRequest, respond: Respond, errorCode: number): Step => [
  state,
  [{ _tag: "Respond", respond, response: refusal(state, request, errorCode) }]
]

const vote = (state: RaftState, request: VoteRequest, respond: Respond, now: number): Step => {
  const [seen, out] = observe(state, { epoch: request.epoch, leaderId: -1, leaderEndpoint: null }, now)
  const [next, more] = Votes.vote(seen, request, respond, now)
  return [next, [...out, ...more]]
}

const begin = (state: RaftState, request: BeginQuorumEpochRequest, respond: Respond, now: number): Step => {
  const [next, out] = observe(state, request, now)
  return [next, [...out, { _tag: "Respond", respond, response: refusal(next, request, codes.none) }]]
}

/** Between the moments at which the preferred successors stand, in milliseconds. */
const successorDelayMs = 50

/** The leader has resigned: the first of its successors asks for votes at once, the others a little later. */
const end = (state: RaftState, request: EndQuorumEpochRequest, respond: Respond, now: number): Step => {
  const [seen, out] = observe(state, { epoch: request.epoch, leaderId: -1, leaderEndpoint: null }, now)
  const { self, election } = seen
  const isOver = seen._tag !== "Leader" && (election.leaderId === -1 || election.leaderId === request.leaderId)
  const place = request.preferredSuccessors.findIndex(({ id }) => id === self.id)
  const behind = place === -1 ? request.preferredSuccessors.length : place
  const electionAt = behind === 0 ? now : soon(seen, now) + behind * successorDelayMs
  const isFree = isOver && (seen._tag === "Follower" || seen._tag === "Unattached")
  const nobody = { ...seen, election: { ...election, leaderId: -1 } }
  const next = isFree ? Unattached.enter(nobody, electionAt, electionAt + successorDelayMs) : seen
  return [next, [...out, { _tag: "Respond", respond, response: refusal(next, request, codes.none) }]]
}

export const step = (state: RaftState, request: PeerRequest, respond: Respond, now: number): Step => {
  const fault = faultOf(state, request)
  if (fault !== undefined) return refuse(state, request, respond, fault)
  switch (request._tag) {
    case "Vote":
      return vote(state, request, respond, now)
    case "BeginQuorumEpoch":
      return begin(state, request, respond, now)
    case "EndQuorumEpoch":
      return end(state, request, respond, now)
    default:
      break
  }
  if (state._tag !== "Leader") return refuse(state, request, respond, codes.notLeader)
  switch (request._tag) {
    case "Fetch":
      return Fetches.fetch(state, request, respond, now)
    case "FetchSnapshot":
      return Fetches.fetchSnapshot(state, request, respond, now)
    case "AddVoter":
    case "RemoveVoter":
    case "UpdateVoter":
    case "UpgradeVersion":
      return VoterChange.request(state, request, respond, now)
    default:
      return [unreachable(request), none]
  }
}
