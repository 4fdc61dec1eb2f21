/**
 * A leader that leads no more, of its own will: it tells the voters who should stand, and waits for one of them (KIP-595). Invariant: it
 * does not stand before an election timeout has passed.
 */
import { none } from "@klamm/actor"
import { type Common, commonOf, isVoter, keyOf, otherVoters, type Step, send, spread, votersOf } from "./Common.ts"
import type { Message, Out } from "./Message.ts"
import type { ReplicaKey } from "./Peer.ts"
import * as Unattached from "./Unattached.ts"
import * as VoterSet from "./VoterSet.ts"

export interface Resigned extends Common {
  readonly _tag: "Resigned"
  readonly electionAt: number
  /** The requests of which nothing was heard yet. */
  readonly awaited: ReadonlySet<number>
  /** Told when all have heard, or enough time has passed. */
  readonly done: (() => void) | undefined
}

export const enter = (
  common: Common,
  preferredSuccessors: ReadonlyArray<ReplicaKey>,
  done: (() => void) | undefined,
  now: number
): Step => {
  const { self, election } = common
  const out: Array<Out> = []
  const awaited = new Set<number>()
  let state: Resigned = {
    _tag: "Resigned",
    ...commonOf({ ...common, election: { ...election, leaderId: -1 } }),
    electionAt: spread(common, self.settings.electionTimeoutMs, now),
    awaited,
    done
  }
  for (const { id } of otherVoters(common)) {
    const address = VoterSet.addressOf(votersOf(common), id)
    if (address === undefined) continue
    awaited.add(state.nextId)
    const [next, effect] = send(
      state,
      { id, address },
      {
        _tag: "EndQuorumEpoch",
        clusterId: self.clusterId,
        epoch: election.epoch,
        leaderId: self.id,
        preferredSuccessors: preferredSuccessors.map(keyOf)
      }
    )
    state = next
    out.push(effect)
  }
  return awaited.size > 0 ? [state, out] : [{ ...state, done: undefined }, leave(state)]
}

/** What has to be said when the role ends. */
export const leave = ({ done }: Resigned): ReadonlyArray<Out> => (done === undefined ? none : [{ _tag: "Done", done }])

/** One that votes no more is not told who leads next: it looks for itself. */
const heard = (state: Resigned, id: number, now: number): Step => {
  const awaited = new Set(state.awaited)
  awaited.delete(id)
  if (awaited.size > 0) return [{ ...state, awaited }, none]
  if (!isVoter(state)) return [Unattached.enterLater(state, now), leave(state)]
  return [{ ...state, awaited, done: undefined }, leave(state)]
}

export const step = (state: Resigned, message: Message, now: number): Step => {
  switch (message._tag) {
    case "Wake":
      return now >= state.electionAt ? [Unattached.enterLater(state, now), leave(state)] : [state, none]
    case "Answered":
    case "Unreachable":
      return state.awaited.has(message.id) ? heard(state, message.id, now) : [state, none]
    default:
      return [state, none]
  }
}
