/**
 * The voters of the quorum, and what a majority of them is (Raft section 5.2). Invariant: never empty, sorted, no id twice.
 */
import { assert } from "@klamm/platform/Invariant"

export interface VoterSet {
  readonly ids: ReadonlyArray<number>
}

export const make = (ids: Iterable<number>): VoterSet => {
  const sorted = [...new Set(ids)].sort((one, other) => one - other)
  assert(sorted.length > 0, "a quorum has voters")
  return { ids: sorted }
}

export const isVoter = (voters: VoterSet, id: number): boolean => voters.ids.includes(id)

export const majority = (voters: VoterSet): number => Math.floor(voters.ids.length / 2) + 1

/** Whether those who granted are a majority; others than voters don't count. */
export const isMajority = (voters: VoterSet, granted: ReadonlySet<number>): boolean =>
  voters.ids.filter((id) => granted.has(id)).length >= majority(voters)

/** The highest offset that a majority has reached; a voter not heard of counts as 0. */
export const majorityOffset = (voters: VoterSet, offsets: ReadonlyMap<number, number>): number => {
  const falling = voters.ids.map((id) => offsets.get(id) ?? 0).sort((one, other) => other - one)
  return falling[majority(voters) - 1]!
}
