/**
 * A node that knows of no leader in its epoch: it waits until its election is due, then stands for the next epoch. Invariant: it
 * takes no appends.
 */
import { none } from "@klamm/actor"
import * as Candidate from "./Candidate.ts"
import type { Message } from "./Message.ts"
import type { Common, Step } from "./Raft.ts"

export interface Unattached extends Common {
  readonly _tag: "Unattached"
  /** Milliseconds; infinity once it has resigned for good. */
  readonly electionAt: number
}

export const enter = (common: Common, electionAt: number): Unattached => {
  const { nodeId, voters, election, logEndOffset, highWatermark } = common
  return { _tag: "Unattached", nodeId, voters, election, logEndOffset, highWatermark, electionAt }
}

export const step = (state: Unattached, message: Message): Step => {
  switch (message._tag) {
    case "Wake":
      return Candidate.stand(state)
    case "Append":
      return [state, [{ _tag: "Answer", entry: message.entry, answer: { _tag: "NotLeader" } }]]
    default:
      return [state, none]
  }
}
