/**
 * One classic group as a value: state, generation, members and their deadlines, and the committed offsets. Invariants: members
 * are kept in the order they joined; the leader, when there is one, is a member; a member id is either a member's or pending,
 * never both. Changes that take a decision are in Join.ts, Sync.ts, Heartbeat.ts, Leave.ts and Rebalance.ts.
 */
import type { JoinGroupResponse } from "@klamm/protocol/api/11-JoinGroup"
import type { SyncGroupResponse } from "@klamm/protocol/api/14-SyncGroup"
import { subscriptionTopics } from "./Subscription.ts"

/** Kafka's ClassicGroupState; a group that is Dead is not kept. */
export type GroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable"

export type JoinAnswer = typeof JoinGroupResponse.Input
export type SyncAnswer = typeof SyncGroupResponse.Input
export type Complete<Answer> = (answer: Answer) => void

export interface Protocol {
  readonly name: string
  /** Own memory: requests are views of what was received. */
  readonly metadata: Uint8Array
}

export interface Member {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** In the order of the member's preference. */
  readonly protocols: ReadonlyArray<Protocol>
  readonly assignment: Uint8Array
  /** True until its first generation: even while its join is parked it may be given up. */
  readonly isNew: boolean
  /** When the member is given up, ms; Infinity while a parked request vouches for it. */
  readonly sessionDeadline: number
  /** The JoinGroup that waits for the generation. */
  readonly join: Complete<JoinAnswer> | null
  /** The SyncGroup that waits for the assignment. */
  readonly sync: Complete<SyncAnswer> | null
}

export interface Committed {
  readonly offset: bigint
  /** -1 for none. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestamp: number
  /** -1 for none; only commits with a retention of their own (OffsetCommit v2 to v4) have one. */
  readonly expireTimestamp: number
  readonly topicId: string
}

/** By topic and partition. */
export type Offsets = ReadonlyMap<string, ReadonlyMap<number, Committed>>

export interface Group {
  readonly groupId: string
  readonly state: GroupState
  /** True in PreparingRebalance when the group was Empty before: then the delay decides, not who has joined. */
  readonly isInitialRebalance: boolean
  /** When the present state was entered, ms; -1 for unknown. */
  readonly stateTimestamp: number
  readonly generation: number
  /** Null for a group that only has commits. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string | null
  readonly members: ReadonlyMap<string, Member>
  /** Ids given out with MEMBER_ID_REQUIRED, and when they lapse, ms. */
  readonly pendingJoins: ReadonlyMap<string, number>
  /** Members of this generation that have not synced. */
  readonly pendingSyncs: ReadonlySet<string>
  /** A member was added since the initial rebalance was last put off. */
  readonly newMemberAdded: boolean
  /** When the join phase ends, ms. */
  readonly joinDeadline: number
  /** How long the initial rebalance has been put off in the present turn, and how much longer it may be, ms. */
  readonly initialDelay: { readonly delayMs: number; readonly remainingMs: number }
  /** When members that have not synced are given up, ms. */
  readonly syncDeadline: number
  /** What the members of a consumer group subscribe to; null when it can't be told. */
  readonly subscribedTopics: ReadonlySet<string> | null
  /** What is committed: no append that may still fail is seen here. */
  readonly offsets: Offsets
  /** Its deletion is decided, and waits to be committed: requests find no group. */
  readonly isDeleted: boolean
}

export const never = Number.POSITIVE_INFINITY
export const noBytes = new Uint8Array(0)
export const consumerProtocolType = "consumer"

/** A group without members, as a commit or a first JoinGroup makes it. */
export const emptyGroup = (groupId: string, wallMs: number): Group => ({
  groupId,
  state: "Empty",
  isInitialRebalance: false,
  stateTimestamp: wallMs,
  generation: 0,
  protocolType: null,
  protocolName: null,
  leader: null,
  members: new Map(),
  pendingJoins: new Map(),
  pendingSyncs: new Set(),
  newMemberAdded: false,
  joinDeadline: never,
  initialDelay: { delayMs: 0, remainingMs: 0 },
  syncDeadline: never,
  subscribedTopics: null,
  offsets: new Map(),
  isDeleted: false
})

export const transition = (group: Group, state: GroupState, wallMs: number): Group => ({
  ...group,
  state,
  isInitialRebalance: state === "PreparingRebalance" && group.state === "Empty",
  stateTimestamp: wallMs
})

/** Puts a member in its place, or behind the others when it is new. */
export const withMember = (group: Group, member: Member): Group => ({
  ...group,
  members: new Map(group.members).set(member.memberId, member)
})

/** A member whose requests are answered goes; the next one leads if it was the leader. */
export const withoutMember = (group: Group, memberId: string): Group => {
  const members = new Map(group.members)
  const pendingJoins = new Map(group.pendingJoins)
  const pendingSyncs = new Set(group.pendingSyncs)
  members.delete(memberId)
  pendingJoins.delete(memberId)
  pendingSyncs.delete(memberId)
  const leader = group.leader === memberId ? (members.keys().next().value ?? null) : group.leader
  return { ...group, members, pendingJoins, pendingSyncs, leader }
}

export const staticMember = (group: Group, groupInstanceId: string): Member | undefined => {
  for (const member of group.members.values()) if (member.groupInstanceId === groupInstanceId) return member
  return undefined
}

export const awaitingJoinCount = (group: Group): number => {
  let count = 0
  for (const member of group.members.values()) if (member.join !== null) count += 1
  return count
}

export const hasAllMembersJoined = (group: Group): boolean =>
  group.pendingJoins.size === 0 && awaitingJoinCount(group) === group.members.size

/** The largest of its members', ms. */
export const rebalanceTimeoutMs = (group: Group): number => {
  let largest = 0
  for (const member of group.members.values()) largest = Math.max(largest, member.rebalanceTimeoutMs)
  return largest
}

/** The protocols that every member supports, in the first member's order. */
const commonProtocols = (group: Group): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { protocols } of group.members.values()) {
    for (const { name } of protocols) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].flatMap(([name, count]) => (count === group.members.size ? [name] : []))
}

/** Behaviour 113: what a joining member must bring along. */
export const supportsProtocols = (group: Group, protocolType: string, names: ReadonlyArray<string>): boolean => {
  if (group.state === "Empty") return protocolType !== "" && names.length > 0
  if (group.protocolType !== protocolType) return false
  if (group.members.size === 0) return names.length > 0
  const common = new Set(commonProtocols(group))
  return names.some((name) => common.has(name))
}

/** Behaviour 114: of the protocols all support, the one that most members like best. */
export const selectProtocol = (group: Group): string | null => {
  const votes = new Map(commonProtocols(group).map((name) => [name, 0]))
  for (const { protocols } of group.members.values()) {
    const vote = protocols.find(({ name }) => votes.has(name))?.name
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
  }
  let selected: string | null = null
  for (const [name, count] of votes) if (selected === null || count > (votes.get(selected) ?? 0)) selected = name
  return selected
}

/** The metadata a member gave for the group's protocol. */
export const metadataOf = (group: Group, member: Member): Uint8Array =>
  member.protocols.find(({ name }) => name === group.protocolName)?.metadata ?? noBytes

export const computeSubscribedTopics = (group: Group): ReadonlySet<string> | null => {
  if (group.protocolType !== consumerProtocolType) return null
  const topics = new Set<string>()
  if (group.members.size > 0 && group.protocolName === null) return null
  for (const member of group.members.values()) {
    const subscribed = subscriptionTopics(metadataOf(group, member))
    if (subscribed === undefined) return null
    for (const topic of subscribed) topics.add(topic)
  }
  return topics
}

/** A consumer group whose subscriptions can't be read counts as subscribed to everything. */
export const isSubscribedTo = (group: Group, topic: string): boolean =>
  group.subscribedTopics === null ? group.protocolType === consumerProtocolType : group.subscribedTopics.has(topic)

/** The next moment at which something in the group lapses, ms. */
export const nextDeadline = (group: Group): number => {
  let next = Math.min(group.joinDeadline, group.syncDeadline)
  for (const deadline of group.pendingJoins.values()) next = Math.min(next, deadline)
  for (const { sessionDeadline } of group.members.values()) next = Math.min(next, sessionDeadline)
  return next
}
