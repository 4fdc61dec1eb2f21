/**
 * A voter that has lost its leader and asks whether it would be elected, before it begins an epoch (KIP-996). Invariant: the epoch is not
 * raised, so that one who is cut off disturbs nobody when it comes back.
 */

import { none } from "@klamm/actor"
import { hasBug } from "@klamm/platform/Bugs"
import * as Candidate from "./Candidate.ts"
import { backoff, type Common, commonOf, mayStand, type Step, spread } from "./Common.ts"
import * as Election from "./Election.ts"
import type { Message } from "./Message.ts"
import * as Unattached from "./Unattached.ts"

export interface Prospective extends Common {
  readonly _tag: "Prospective"
  readonly ballot: Election.Ballot
  /** When it asks anew. */
  readonly electionAt: number
  /** Elections in a row that failed. */
  readonly tries: number
}

export const enter = (common: Common, tries: number, now: number): Step => {
  if (!mayStand(common)) return [Unattached.enterLater(common, now), none]
  const state: Prospective = {
    _tag: "Prospective",
    ...commonOf({ ...common, election: { ...common.election, leaderId: -1 }, leaderEndpoint: undefined }),
    ballot: { ...Election.noVotes, granted: new Set([common.self.id]) },
    electionAt: spread(common, common.self.settings.electionTimeoutMs, now),
    tries
  }
  return Election.isWon(state, state.ballot) || hasBug("no-pre-vote")
    ? Candidate.stand(state, now)
    : Election.ask(state, true)
}

export const step = (state: Prospective, message: Message, now: number): Step => {
  if (message._tag === "Wake") {
    return now < state.electionAt ? [state, none] : enter(state, state.tries + 1, now)
  }
  const ballot = Election.count(state.ballot, message, state.election.epoch, true)
  if (ballot === state.ballot) return [state, none]
  const next = { ...state, ballot }
  if (Election.isWon(next, ballot)) return Candidate.stand(next, now)
  if (!Election.isLost(next, ballot)) return [next, none]
  return [{ ...next, electionAt: Math.min(state.electionAt, backoff(state, state.tries, now)) }, none]
}
