/**
 * A voter that listens elsewhere than the others believe tells the leader (KIP-853). Invariant: asked for only where voters are recorded
 * in the log, and not again before some time after the last answer.
 */
import { none } from "@klamm/actor"
import { endpointOfLeader, send } from "./Common.ts"
import type { Follower } from "./Follower.ts"
import * as LogView from "./LogView.ts"
import type { Out } from "./Message.ts"
import * as VoterSet from "./VoterSet.ts"

export interface VoterUpdate {
  readonly at: number
}

/** Between two requests, in milliseconds. */
const updateIntervalMs = 3_000

/** How long after it began to follow the first may be sent: the log that was fetched meanwhile may know better. */
const firstUpdateMs = 500

export const initial = (now: number): VoterUpdate => ({ at: now + firstUpdateMs })

/** What is recorded of this node says something else than the node itself. */
const isDue = (state: Follower): boolean => {
  const { voters, kraftVersion } = LogView.latestVoters(state.log)
  const recorded = VoterSet.find(voters, state.self)
  if (kraftVersion < 1 || recorded === undefined || state.self.endpoints.length === 0) return false
  const { endpoints } = state.self
  return (
    endpoints.length !== recorded.endpoints.length ||
    endpoints.some(({ name, host, port }, index) => {
      const known = recorded.endpoints[index]
      return known?.name !== name || known.host !== host || known.port !== port
    })
  )
}

export const sendIfDue = (state: Follower, now: number): readonly [Follower, ReadonlyArray<Out>] => {
  if (now < wakeAt(state)) return [state, none]
  const { self, election } = state
  const address = endpointOfLeader(state)
  if (address === undefined) return [state, none]
  const voter = VoterSet.voter({ id: self.id, directoryId: self.directoryId }, self.endpoints)
  const request = { _tag: "UpdateVoter", clusterId: self.clusterId, voter } as const
  const [next, out] = send(state, { id: election.leaderId, address }, request)
  return [{ ...next, voterUpdate: { at: Number.POSITIVE_INFINITY } }, [out]]
}

export const answered = (state: Follower, now: number): Follower => ({
  ...state,
  voterUpdate: { at: now + updateIntervalMs }
})

export const wakeAt = (state: Follower): number => (isDue(state) ? state.voterUpdate.at : Number.POSITIVE_INFINITY)
