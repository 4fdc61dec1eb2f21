/**
 * Asking all other voters for their vote, or whether they would give it: what Prospective and Candidate share. Invariant: one question
 * per voter and election; an answer from another epoch than the one asked in counts for nothing.
 */
import type { Common } from "./Common.ts"
import { keyOf, otherVoters, send, votersOf } from "./Common.ts"
import * as LogView from "./LogView.ts"
import type { Message, Out } from "./Message.ts"
import * as VoterSet from "./VoterSet.ts"

/** How the voters have answered so far, by id. */
export interface Ballot {
  readonly granted: ReadonlySet<number>
  readonly refused: ReadonlySet<number>
}

export const noVotes: Ballot = { granted: new Set(), refused: new Set() }

/** Asks every other voter whose address is known; those without one count as refusing. */
export const ask = <S extends Common>(state: S, preVote: boolean): readonly [S, ReadonlyArray<Out>] => {
  const out: Array<Out> = []
  let next = state
  for (const voter of otherVoters(state)) {
    const address = VoterSet.addressOf(votersOf(state), voter.id)
    if (address === undefined) continue
    const { self, log, election } = state
    const [sent, effect] = send(
      next,
      { id: voter.id, address },
      {
        _tag: "Vote",
        clusterId: self.clusterId,
        epoch: election.epoch,
        candidate: keyOf(self),
        voter: keyOf(voter),
        lastEpoch: LogView.lastEpoch(log),
        lastOffset: log.endOffset,
        preVote
      }
    )
    next = sent
    out.push(effect)
  }
  return [next, out]
}

/** The ballot with what the message says, if it is an answer to this question in this epoch; the same one if not. */
export const count = (ballot: Ballot, message: Message, epoch: number, preVote: boolean): Ballot => {
  if (message._tag !== "Answered" && message._tag !== "Unreachable") return ballot
  const { request, from } = message
  if (request._tag !== "Vote" || request.epoch !== epoch || request.preVote !== preVote) return ballot
  const isGranted = message._tag === "Answered" && message.response._tag === "Vote" && message.response.voteGranted
  return isGranted
    ? { ...ballot, granted: new Set(ballot.granted).add(from) }
    : { ...ballot, refused: new Set(ballot.refused).add(from) }
}

export const isWon = (state: Common, ballot: Ballot): boolean => VoterSet.isMajority(votersOf(state), ballot.granted)

/** Nobody is left who could make it a majority. */
export const isLost = (state: Common, ballot: Ballot): boolean => {
  const voters = votersOf(state)
  const open = voters.ids.filter((id) => !ballot.refused.has(id) || ballot.granted.has(id))
  return open.length < VoterSet.majority(voters)
}
