/**
 * What an assignor is: the pure choice of who reads which partition, made by the leader of a classic group from everybody's
 * subscription. Invariant: every partition of a subscribed topic has exactly one reader among those subscribed to it, except where
 * a cooperative assignor holds one back until its owner has let go of it. Neighbours: `Range.ts`, `RoundRobin.ts`, `Sticky.ts`.
 */
import { encodeCooperativeData, encodeStickyData, type Subscription } from "../ConsumerProtocol.ts"
import type { TopicPartition } from "../TopicPartition.ts"
import { range } from "./Range.ts"
import { roundRobin } from "./RoundRobin.ts"
import { cooperativeSticky, sticky } from "./Sticky.ts"

export interface Member extends Subscription {
  readonly memberId: string
  readonly instanceId: string | null
}

/** How many partitions each topic has; a topic that is not there has none. */
export type PartitionCounts = ReadonlyMap<string, number>

/** By member id; every member has an entry. */
export type Assignment = ReadonlyMap<string, ReadonlyArray<TopicPartition>>

export interface Assignor {
  /** The name under which groups agree on it. */
  readonly name: string
  /** Whether members keep what they own while they join (KIP-429), or let go of everything first. */
  readonly isCooperative: boolean
  readonly userData: (owned: ReadonlyArray<TopicPartition>, generation: number) => Uint8Array | null
  readonly assign: (members: ReadonlyArray<Member>, partitions: PartitionCounts) => Assignment
}

/** Strategies of the classic protocol, by Kafka's names. */
export type AssignorName = "range" | "roundrobin" | "sticky" | "cooperative-sticky"

const noUserData = (): null => null

export const assignors: { readonly [Name in AssignorName]: Assignor } = {
  range: { name: "range", isCooperative: false, userData: noUserData, assign: range },
  roundrobin: { name: "roundrobin", isCooperative: false, userData: noUserData, assign: roundRobin },
  sticky: {
    name: "sticky",
    isCooperative: false,
    userData: encodeStickyData,
    assign: sticky
  },
  "cooperative-sticky": {
    name: "cooperative-sticky",
    isCooperative: true,
    userData: (_, generation) => encodeCooperativeData(generation),
    assign: cooperativeSticky
  }
}

/** Static members first, by instance id, so that a restart does not change their order; then the others by member id. */
export const compareMembers = (left: Member, right: Member): number => {
  if (left.instanceId !== null && right.instanceId !== null) return left.instanceId < right.instanceId ? -1 : 1
  if (left.instanceId !== null || right.instanceId !== null) return left.instanceId !== null ? -1 : 1
  return left.memberId < right.memberId ? -1 : 1
}

/** Every topic that somebody wants, by name. */
export const wantedTopics = (members: ReadonlyArray<Member>): ReadonlyArray<string> =>
  [...new Set(members.flatMap(({ topics }) => topics))].toSorted()

/** An assignment under construction, where everyone has an empty list. */
export const nobodyHasAny = (members: ReadonlyArray<Member>): Map<string, Array<TopicPartition>> =>
  new Map(members.map(({ memberId }) => [memberId, []]))

export const partitionsOf = (topic: string, partitions: PartitionCounts): ReadonlyArray<TopicPartition> =>
  Array.from({ length: partitions.get(topic) ?? 0 }, (_, partition) => ({ topic, partition }))
