/**
 * Whether to give one's vote. Invariants: at most one vote per epoch, told only once it is durable; none for a log that ends before one's
 * own (Raft section 5.4.1); a voter that hears its leader would vote for nobody (KIP-996).
 */
import { hasBug } from "@klamm/platform/Bugs"
import { type Common, codes, type RaftState, type Step, voteResponse } from "./Common.ts"
import * as LogView from "./LogView.ts"
import type { Out, Respond } from "./Message.ts"
import type { VoteRequest } from "./Peer.ts"
import * as Unattached from "./Unattached.ts"
import { noDirectoryId } from "./VoterSet.ts"

/**
 * A directory that is new may have promised anything before, if it is not told apart from the one before it (KAFKA-16526): it votes only
 * for a log that holds nothing, until it has caught up with a leader. Where voters are recorded, who asks names the directory it means.
 */
const mayHaveVoted = ({ fresh }: Common, { voter, lastOffset }: VoteRequest): boolean =>
  fresh && voter.directoryId === noDirectoryId && lastOffset > 0 && !hasBug("new-directory-votes")

const isUpToDate = (state: Common, request: VoteRequest): boolean => {
  if (mayHaveVoted(state, request)) return false
  const { log } = state
  const { lastEpoch, lastOffset } = request
  const own = LogView.lastEpoch(log)
  return lastEpoch > own || (lastEpoch === own && lastOffset >= log.endOffset)
}

const wouldVote = (state: RaftState): boolean => {
  if (state._tag === "Leader") return false
  return state._tag !== "Follower" || state.leaderGone || !state.heard
}

const isVotedFor = ({ election }: Common, { candidate }: VoteRequest): boolean =>
  election.votedFor === candidate.id && election.votedDirectoryId === candidate.directoryId

/** One who would vote for another has no leader to name: whoever asks would go back to it. */
const answer = (state: RaftState, respond: Respond, granted: boolean): Step => {
  const response = voteResponse(state, codes.none, granted)
  const hasNoLeader = granted || (state._tag === "Follower" && state.leaderGone)
  const told = hasNoLeader ? { ...response, leaderId: -1, leaderEndpoint: null } : response
  return [state, [{ _tag: "Respond", respond, response: told }]]
}

/** The same vote once more: told at once if it is durable, else with the first. */
const repeat = (state: RaftState, respond: Respond): Step => {
  const { election, held } = state
  const first = held.find((vote) => vote.election.epoch === election.epoch)
  if (first === undefined) return answer(state, respond, true)
  const out: Out = { _tag: "Respond", respond, response: voteResponse(state, codes.none, true) }
  return [{ ...state, held: [...held, { election: first.election, out }] }, []]
}

const grant = (state: RaftState, { candidate }: VoteRequest, respond: Respond, now: number): Step => {
  const election = { ...state.election, votedFor: candidate.id, votedDirectoryId: candidate.directoryId }
  const voted = Unattached.enterLater({ ...state, election, fresh: false }, now)
  const out: Out = { _tag: "Respond", respond, response: voteResponse(voted, codes.none, true) }
  if (hasBug("vote-told-before-durable")) return [voted, [out]]
  return [{ ...voted, held: [...state.held, { election, out }] }, []]
}

/** The request is of this node's epoch. */
export const vote = (state: RaftState, request: VoteRequest, respond: Respond, now: number): Step => {
  if (request.preVote) return answer(state, respond, wouldVote(state) && isUpToDate(state, request))
  if (state.election.leaderId !== -1) return answer(state, respond, false)
  if (isVotedFor(state, request)) return repeat(state, respond)
  if (state.election.votedFor !== -1 || !isUpToDate(state, request)) return answer(state, respond, false)
  return grant(state, request, respond, now)
}
