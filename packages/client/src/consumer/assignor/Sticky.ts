/**
 * The sticky assignors (KIP-54, KIP-429): as even as the subscriptions allow, moving as little as that takes. The cooperative form
 * does not hand a partition over while somebody still owns it: it is held back, its owner lets go of it in this round, and the
 * next round gives it away.
 *
 * Invariants: of two members who could swap load, neither has two partitions more than the other; a partition whose owner may
 * keep it and is not above the even share stays. A partition claimed by two members belongs to the one of the later generation,
 * and to nobody when these are equal.
 */
import { decodeCooperativeData, decodeStickyData } from "../ConsumerProtocol.ts"
import { compare, keyOf, type TopicPartition } from "../TopicPartition.ts"
import {
  type Assignment,
  compareMembers,
  type Member,
  type PartitionCounts,
  partitionsOf,
  wantedTopics
} from "./Assignor.ts"

interface Claim {
  readonly owned: ReadonlyArray<TopicPartition>
  readonly generation: number
}

/** What a member under the eager protocol says it had: the subscription cannot tell, since it has let go of everything. */
const eagerClaim = ({ userData }: Member): Claim =>
  (userData === null ? undefined : decodeStickyData(userData)) ?? { owned: [], generation: -1 }

const cooperativeClaim = ({ owned, generation, userData }: Member): Claim => ({
  owned,
  generation: generation >= 0 || userData === null ? generation : decodeCooperativeData(userData)
})

/** Who owned what, with claims of older generations and contested ones gone. */
const settleClaims = (members: ReadonlyArray<Member>, claimOf: (member: Member) => Claim): Map<string, string> => {
  const owners = new Map<string, { readonly memberId: string | undefined; readonly generation: number }>()
  for (const member of members) {
    const { owned, generation } = claimOf(member)
    for (const partition of owned) {
      const key = keyOf(partition)
      const known = owners.get(key)
      if (known === undefined || known.generation < generation)
        owners.set(key, { memberId: member.memberId, generation })
      else if (known.generation === generation) owners.set(key, { memberId: undefined, generation })
    }
  }
  const settled = new Map<string, string>()
  for (const [key, { memberId }] of owners) if (memberId !== undefined) settled.set(key, memberId)
  return settled
}

/** One topic's readers hold their partitions here while they are being balanced. */
class Balance {
  readonly readers: ReadonlyArray<Member>
  private readonly held: Map<string, Array<TopicPartition>>
  private readonly candidates = new Map<string, ReadonlyArray<string>>()

  constructor(members: ReadonlyArray<Member>) {
    this.readers = members.toSorted(compareMembers)
    this.held = new Map(this.readers.map(({ memberId }) => [memberId, []]))
  }

  candidatesOf(topic: string): ReadonlyArray<string> {
    const known = this.candidates.get(topic)
    if (known !== undefined) return known
    const found = this.readers.filter(({ topics }) => topics.includes(topic)).map(({ memberId }) => memberId)
    this.candidates.set(topic, found)
    return found
  }

  loadOf(memberId: string): number {
    return this.held.get(memberId)?.length ?? 0
  }

  give(memberId: string, partition: TopicPartition): void {
    this.held.get(memberId)?.push(partition)
  }

  /** Among those who want the topic, the one with the least; the first of several. */
  leastLoaded(topic: string): string | undefined {
    let least: string | undefined
    for (const memberId of this.candidatesOf(topic)) {
      if (least === undefined || this.loadOf(memberId) < this.loadOf(least)) least = memberId
    }
    return least
  }

  /** Moves partitions from those with more to those with two or more fewer, the newest first, until nobody is left to move for. */
  even(): void {
    let moved = true
    while (moved) {
      moved = false
      for (const { memberId } of this.readers.toSorted((a, b) => this.loadOf(b.memberId) - this.loadOf(a.memberId))) {
        moved = this.relieve(memberId) || moved
      }
    }
  }

  private relieve(memberId: string): boolean {
    const held = this.held.get(memberId) ?? []
    let moved = false
    for (let index = held.length - 1; index >= 0; index--) {
      const partition = held[index]!
      const to = this.leastLoaded(partition.topic)
      if (to === undefined || this.loadOf(to) + 1 >= held.length) continue
      held.splice(index, 1)
      this.give(to, partition)
      moved = true
    }
    return moved
  }

  get assignment(): Map<string, ReadonlyArray<TopicPartition>> {
    return new Map(Array.from(this.held, ([memberId, partitions]) => [memberId, partitions.toSorted(compare)]))
  }
}

const balance = (
  members: ReadonlyArray<Member>,
  partitions: PartitionCounts,
  owners: ReadonlyMap<string, string>
): Map<string, ReadonlyArray<TopicPartition>> => {
  const balance = new Balance(members)
  const homeless: Array<TopicPartition> = []
  for (const topic of wantedTopics(members)) {
    for (const partition of partitionsOf(topic, partitions)) {
      const owner = owners.get(keyOf(partition))
      if (owner !== undefined && balance.candidatesOf(topic).includes(owner)) balance.give(owner, partition)
      else homeless.push(partition)
    }
  }
  // Those with few who could take them first: the others can still be placed anywhere.
  const choice = ({ topic }: TopicPartition) => balance.candidatesOf(topic).length
  for (const partition of homeless.toSorted((left, right) => choice(left) - choice(right) || compare(left, right))) {
    const to = balance.leastLoaded(partition.topic)
    if (to !== undefined) balance.give(to, partition)
  }
  balance.even()
  return balance.assignment
}

export const sticky = (members: ReadonlyArray<Member>, partitions: PartitionCounts): Assignment =>
  balance(members, partitions, settleClaims(members, eagerClaim))

export const cooperativeSticky = (members: ReadonlyArray<Member>, partitions: PartitionCounts): Assignment => {
  const assignment = balance(members, partitions, settleClaims(members, cooperativeClaim))
  // Whoever claims a partition may still be reading it, even with an outdated or contested claim.
  const claimants = new Map<string, Set<string>>()
  for (const { memberId, owned } of members) {
    for (const partition of owned) {
      const key = keyOf(partition)
      claimants.set(key, (claimants.get(key) ?? new Set<string>()).add(memberId))
    }
  }
  const mayHave = (memberId: string, partition: TopicPartition): boolean => {
    const claimed = claimants.get(keyOf(partition))
    return claimed === undefined || [...claimed].every((each) => each === memberId)
  }
  for (const [memberId, given] of assignment) {
    assignment.set(
      memberId,
      given.filter((partition) => mayHave(memberId, partition))
    )
  }
  return assignment
}
