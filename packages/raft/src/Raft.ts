/**
 * The raft machine of one node of the metadata quorum (Raft sections 5.1 to 5.4, KIP-595): a role, and one step each.
 *
 * Invariants: the epoch never falls; at most one vote per epoch, durable before it counts; a leader commits only what a majority
 * has made durable, and only once a record of its own epoch is among it; the high watermark never falls. Neighbours: one file
 * per role; `RaftNode.ts` performs the effects.
 */
import type { Machine } from "@klamm/actor"
import { unreachable } from "@klamm/platform/Invariant"
import * as Candidate from "./Candidate.ts"
import * as Leader from "./Leader.ts"
import type { Election, Message, Out } from "./Message.ts"
import * as Unattached from "./Unattached.ts"
import type { VoterSet } from "./VoterSet.ts"

/** What every role knows. */
export interface Common {
  readonly nodeId: number
  readonly voters: VoterSet
  readonly election: Election
  /** The offset after the last record of the log. */
  readonly logEndOffset: number
  readonly highWatermark: number
}

export type RaftState = Unattached.Unattached | Candidate.Candidate | Leader.Leader
export type Step = readonly [RaftState, ReadonlyArray<Out>]

/** A node as it starts: no leader is known. A single voter has nobody to wait for and asks for votes at once. */
export const start = (common: Common): RaftState => Unattached.enter(common, Number.NEGATIVE_INFINITY)

/** -1 while none is known. */
export const leaderOf = (state: RaftState): number => (state._tag === "Leader" ? state.nodeId : -1)

export const machine: Machine<RaftState, Message, Out> = {
  wakeAt: (state) => (state._tag === "Unattached" ? state.electionAt : Number.POSITIVE_INFINITY),
  step: (state, message) => {
    switch (state._tag) {
      case "Unattached":
        return Unattached.step(state, message)
      case "Candidate":
        return Candidate.step(state, message)
      case "Leader":
        return Leader.step(state, message)
      default:
        return unreachable(state)
    }
  }
}
