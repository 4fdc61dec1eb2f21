/**
 * A node that stands for its epoch. It votes for itself first; a majority makes it the leader. Invariant: its own vote counts
 * once it is durable, so that a node that forgets nothing never votes twice in an epoch (Raft section 5.2).
 */
import { none } from "@klamm/actor"
import * as Leader from "./Leader.ts"
import type { Message } from "./Message.ts"
import type { Common, Step } from "./Raft.ts"
import * as VoterSet from "./VoterSet.ts"

export interface Candidate extends Common {
  readonly _tag: "Candidate"
  readonly granted: ReadonlySet<number>
}

/** Begins the next epoch with a vote for oneself. */
export const stand = (common: Common): Step => {
  const { nodeId, voters, logEndOffset, highWatermark } = common
  const election = { epoch: common.election.epoch + 1, votedFor: nodeId, leaderId: -1 }
  const state: Candidate = {
    _tag: "Candidate",
    nodeId,
    voters,
    election,
    logEndOffset,
    highWatermark,
    granted: new Set()
  }
  return [state, [{ _tag: "PersistElection", election }]]
}

export const step = (state: Candidate, message: Message): Step => {
  switch (message._tag) {
    case "ElectionPersisted": {
      if (message.election.epoch !== state.election.epoch) return [state, none]
      const granted = new Set(state.granted).add(state.nodeId)
      return VoterSet.isMajority(state.voters, granted) ? Leader.enter(state, granted) : [{ ...state, granted }, none]
    }
    case "Append":
      return [state, [{ _tag: "Answer", entry: message.entry, answer: { _tag: "NotLeader" } }]]
    default:
      return [state, none]
  }
}
