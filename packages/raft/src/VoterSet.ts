/**
 * The voters of the quorum, and what a majority of them is (Raft section 5.2, KIP-853). Invariant: sorted by id, no id twice; a voter
 * whose directory is not known (kraft.version 0) is its id.
 */
import type { Address } from "@klamm/platform/Network"
import * as Uuid from "@klamm/protocol/Uuid"
import type { ReplicaKey } from "./Peer.ts"

/** Where a voter listens, by the name of its listener. */
export interface VoterEndpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface Voter extends ReplicaKey {
  /** The listener of controllers first. */
  readonly endpoints: ReadonlyArray<VoterEndpoint>
  readonly minKraftVersion: number
  readonly maxKraftVersion: number
}

export interface VoterSet {
  readonly voters: ReadonlyArray<Voter>
  readonly ids: ReadonlyArray<number>
}

/** The kraft.versions that this node speaks. */
export const minKraftVersion = 0
export const maxKraftVersion = 1

export const noDirectoryId = Uuid.ZERO

export const voter = (key: ReplicaKey, endpoints: ReadonlyArray<VoterEndpoint>): Voter => ({
  id: key.id,
  directoryId: key.directoryId,
  endpoints,
  minKraftVersion,
  maxKraftVersion
})

export const of = (voters: Iterable<Voter>): VoterSet => {
  const byId = new Map(Array.from(voters, (one) => [one.id, one]))
  const sorted = [...byId.values()].sort((one, other) => one.id - other.id)
  return { voters: sorted, ids: sorted.map(({ id }) => id) }
}

/** Nobody: the voters are not known yet. */
export const empty: VoterSet = of([])

/** Voters of which only the ids are known. */
export const make = (ids: Iterable<number>): VoterSet =>
  of(Array.from(ids, (id) => voter({ id, directoryId: noDirectoryId }, [])))

/** The voters of controller.quorum.voters. */
export const configured = (
  voters: Iterable<{ readonly id: number; readonly host: string; readonly port: number }>,
  listenerName: string
): VoterSet =>
  of(
    Array.from(voters, ({ id, host, port }) =>
      voter({ id, directoryId: noDirectoryId }, [{ name: listenerName, host, port }])
    )
  )

export const find = (voters: VoterSet, key: ReplicaKey): Voter | undefined =>
  voters.voters.find(
    ({ id, directoryId }) => id === key.id && (directoryId === noDirectoryId || directoryId === key.directoryId)
  )

export const isVoter = (voters: VoterSet, key: ReplicaKey): boolean => find(voters, key) !== undefined

export const addressOf = (voters: VoterSet, id: number): Address | undefined => {
  const endpoint = voters.voters.find((one) => one.id === id)?.endpoints[0]
  return endpoint === undefined ? undefined : { host: endpoint.host, port: endpoint.port }
}

export const majority = (voters: VoterSet): number => Math.floor(voters.ids.length / 2) + 1

/** Whether those who granted are a majority; others than voters don't count. */
export const isMajority = (voters: VoterSet, granted: ReadonlySet<number>): boolean =>
  voters.ids.length > 0 && voters.ids.filter((id) => granted.has(id)).length >= majority(voters)

/** The highest value that a majority has reached. */
export const majorityReached = (voters: VoterSet, reached: (voter: Voter) => number): number => {
  const falling = voters.voters.map(reached).sort((one, other) => other - one)
  return falling[majority(voters) - 1] ?? Number.NEGATIVE_INFINITY
}

export const add = (voters: VoterSet, added: Voter): VoterSet => of([...voters.voters, added])

export const remove = (voters: VoterSet, id: number): VoterSet => of(voters.voters.filter((one) => one.id !== id))
