/**
 * A voter that stands for its epoch. It votes for itself first; a majority makes it the leader. Invariant: it asks for no vote, and
 * counts none, before its own is durable: a node that forgets nothing never votes twice in an epoch (Raft section 5.2).
 */
import { none } from "@klamm/actor"
import { backoff, type Common, commonOf, type Step, spread } from "./Common.ts"
import * as Election from "./Election.ts"
import * as Leader from "./Leader.ts"
import type { Message } from "./Message.ts"
import * as Prospective from "./Prospective.ts"

export interface Candidate extends Common {
  readonly _tag: "Candidate"
  readonly ballot: Election.Ballot
  /** When it gives up. */
  readonly electionAt: number
  readonly tries: number
}

/** Begins the next epoch with a vote for oneself. */
export const stand = (from: Prospective.Prospective, now: number): Step => {
  const { self, election } = from
  const state: Candidate = {
    _tag: "Candidate",
    ...commonOf({
      ...from,
      election: { epoch: election.epoch + 1, votedFor: self.id, votedDirectoryId: self.directoryId, leaderId: -1 },
      fresh: false
    }),
    ballot: Election.noVotes,
    electionAt: spread(from, self.settings.electionTimeoutMs, now),
    tries: from.tries
  }
  return [state, none]
}

const decide = (state: Candidate, now: number): Step => {
  if (Election.isWon(state, state.ballot)) return Leader.enter(state, state.ballot.granted, now)
  if (!Election.isLost(state, state.ballot)) return [state, none]
  return [{ ...state, electionAt: Math.min(state.electionAt, backoff(state, state.tries, now)) }, none]
}

const persisted = (state: Candidate, now: number): Step => {
  const ballot = { ...state.ballot, granted: new Set([state.self.id]) }
  if (Election.isWon(state, ballot)) return Leader.enter(state, ballot.granted, now)
  return Election.ask({ ...state, ballot }, false)
}

export const step = (state: Candidate, message: Message, now: number): Step => {
  if (message._tag === "Wake") {
    return now < state.electionAt ? [state, none] : Prospective.enter(state, state.tries + 1, now)
  }
  if (message._tag === "ElectionPersisted") {
    const { epoch, votedFor } = message.election
    const isOwn = epoch === state.election.epoch && votedFor === state.self.id
    return isOwn && !state.ballot.granted.has(state.self.id) ? persisted(state, now) : [state, none]
  }
  const ballot = Election.count(state.ballot, message, state.election.epoch, false)
  return ballot === state.ballot ? [state, none] : decide({ ...state, ballot }, now)
}
