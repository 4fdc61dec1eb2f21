/**
 * What a consumer asks brokers about offsets: committed ones, named ones, the ends of epochs; and how it commits. Each function is
 * one request and its answer by partition. Invariant: the bytes of the answer are released before anything is handed on.
 */
import {
  ErrorCode,
  ListOffsetsRequest,
  ListOffsetsResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse
} from "@klamm/protocol"
import * as Effect from "effect/Effect"
import { broker, type Cluster, coordinator } from "../Cluster.ts"
import type { RequestError } from "../KlammError.ts"
import type { Place } from "./Feed.ts"
import type { Need } from "./fetch/Position.ts"
import { byTopic, keyFor, keyOf, type TopicPartition } from "./TopicPartition.ts"

/** Who asks, as the coordinator knows it; nobody outside of a group's membership. */
export interface Identity {
  readonly group: string
  readonly memberId: string
  /** Generation or member epoch. */
  readonly generation: number
  readonly instanceId: string | null
  /** Whether the member is of the new protocol, whose offsets are fetched under its epoch. */
  readonly isModern: boolean
}

/** A partition's answer: an error, or what was asked for. */
export type Answered<A> = { readonly code: number; readonly value: A | undefined }
export type Answers<A> = ReadonlyMap<string, Answered<A>>

const groupLane = "group"
/** Later versions carry topic ids, which a topic's offsets outlive here by name as they do in the Java client's classic groups. */
const lastNamedOffsetFetch = 9
const lastNamedOffsetCommit = 9

const offsetFetchBody = (identity: Identity, partitions: ReadonlyArray<TopicPartition>, requireStable: boolean) => {
  const topics = Array.from(byTopic(partitions), ([name, each]) => ({
    name,
    partitionIndexes: each.map(({ partition }) => partition)
  }))
  const { group: groupId, memberId, generation: memberEpoch, isModern } = identity
  const asMember = isModern ? { memberId, memberEpoch } : {}
  return (version: number): (typeof OffsetFetchRequest)["Input"] => ({
    ...(version < 8 ? { groupId, topics } : { groupId: "", topics: [], groups: [{ groupId, ...asMember, topics }] }),
    groups: version < 8 ? [] : [{ groupId, ...asMember, topics }],
    requireStable: version >= 7 && requireStable
  })
}

/** The group's committed offsets; undefined for a partition that has none. */
export const committed = (
  cluster: Cluster,
  identity: Identity,
  partitions: ReadonlyArray<TopicPartition>,
  timeoutMs: number
): Effect.Effect<{ readonly code: number; readonly places: Answers<Place> }, RequestError> =>
  cluster.ask(
    coordinator("group", identity.group),
    { request: OffsetFetchRequest, response: OffsetFetchResponse },
    offsetFetchBody(identity, partitions, true),
    (body, version) => {
      const group = version < 8 ? body : body.groups[0]
      const places = new Map<string, Answered<Place>>()
      for (const { name, partitions } of group?.topics ?? []) {
        for (const { partitionIndex, errorCode, committedOffset, committedLeaderEpoch } of partitions) {
          const offset = Number(committedOffset)
          const value = offset < 0 ? undefined : { offset, epoch: committedLeaderEpoch }
          places.set(keyFor(name, partitionIndex), { code: errorCode, value })
        }
      }
      const code = group?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
      return { code, places }
    },
    { timeoutMs, lane: groupLane, maxVersion: lastNamedOffsetFetch }
  )

/** Special timestamps of ListOffsets. */
export const earliest = -2
export const latest = -1

/** What ListOffsets is asked with for what is needed, at this time on the wall. */
export const timestampOf = (need: Need, wallMs: number): number => {
  if (need._tag !== "Offset") return latest
  switch (need.target._tag) {
    case "Earliest":
      return earliest
    case "Latest":
      return latest
    case "Timestamp":
      return need.target.timestamp
    case "Ago":
      return Math.max(0, wallMs - need.target.durationMs)
  }
}

export interface TimePlace extends Place {
  /** Of the record found, ms since 1970; -1 for an end. */
  readonly timestamp: number
}

/** The offset of each partition's timestamp, from its leader; undefined where no record is so late. */
export const offsetsAt = (
  cluster: Cluster,
  leader: number,
  asked: ReadonlyArray<TopicPartition & { readonly timestamp: number; readonly leaderEpoch: number }>,
  isCommittedOnly: boolean,
  timeoutMs: number
): Effect.Effect<Answers<TimePlace>, RequestError> => {
  const topics = Array.from(byTopic(asked), ([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, timestamp, leaderEpoch }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: leaderEpoch,
      timestamp
    }))
  }))
  return cluster.ask(
    broker(leader),
    { request: ListOffsetsRequest, response: ListOffsetsResponse },
    (version) => ({
      replicaId: -1,
      topics,
      timeoutMs,
      ...(version >= 2 ? { isolationLevel: isCommittedOnly ? 1 : 0 } : { isolationLevel: 0 })
    }),
    (body) => {
      const places = new Map<string, Answered<TimePlace>>()
      for (const { name, partitions } of body.topics) {
        for (const { partitionIndex, errorCode, offset, timestamp, leaderEpoch } of partitions) {
          const value = offset < 0 ? undefined : { offset, timestamp, epoch: leaderEpoch }
          places.set(keyFor(name, partitionIndex), { code: errorCode, value })
        }
      }
      return places
    },
    { timeoutMs }
  )
}

/**
 * The same; where no record is so late it is the end, as it was before anybody asked for the time: what is stored between the two
 * questions is not passed over.
 */
export const offsetsOrEnds: typeof offsetsAt = (cluster, leader, asked, isCommittedOnly, timeoutMs) => {
  const timed = asked.filter(({ timestamp }) => timestamp >= 0).map((each) => ({ ...each, timestamp: latest }))
  const found = offsetsAt(cluster, leader, asked, isCommittedOnly, timeoutMs)
  if (timed.length === 0) return found
  return Effect.flatMap(offsetsAt(cluster, leader, timed, isCommittedOnly, timeoutMs), (ends) =>
    Effect.map(found, (answers) => {
      const isNone = ({ code, value }: Answered<TimePlace>) => code === ErrorCode.NONE && value === undefined
      return new Map(Array.from(answers, ([key, answer]) => [key, isNone(answer) ? (ends.get(key) ?? answer) : answer]))
    })
  )
}

/** How far each partition's epoch goes in the leader's log (KIP-320). */
export const epochEnds = (
  cluster: Cluster,
  leader: number,
  asked: ReadonlyArray<TopicPartition & { readonly currentLeaderEpoch: number; readonly leaderEpoch: number }>,
  timeoutMs: number
): Effect.Effect<Answers<{ readonly epoch: number; readonly endOffset: number }>, RequestError> => {
  const topics = Array.from(byTopic(asked), ([topic, partitions]) => ({ topic, partitions }))
  return cluster.ask(
    broker(leader),
    { request: OffsetForLeaderEpochRequest, response: OffsetForLeaderEpochResponse },
    { topics, replicaId: -1 },
    (body) => {
      const ends = new Map<string, Answered<{ readonly epoch: number; readonly endOffset: number }>>()
      for (const { topic, partitions } of body.topics) {
        for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
          ends.set(keyFor(topic, partition), { code: errorCode, value: { epoch: leaderEpoch, endOffset } })
        }
      }
      return ends
    },
    { timeoutMs }
  )
}

export interface Committing extends TopicPartition, Place {
  readonly metadata?: string
}

/** Commits, and answers each partition's error code. */
export const commit = (
  cluster: Cluster,
  identity: Identity,
  offsets: ReadonlyArray<Committing>,
  timeoutMs: number
): Effect.Effect<ReadonlyMap<string, number>, RequestError> => {
  const topics = Array.from(byTopic(offsets), ([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset, epoch, metadata }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: epoch,
      committedMetadata: metadata ?? ""
    }))
  }))
  const body = {
    groupId: identity.group,
    generationIdOrMemberEpoch: identity.generation,
    memberId: identity.memberId,
    topics
  }
  return cluster.ask(
    coordinator("group", identity.group),
    { request: OffsetCommitRequest, response: OffsetCommitResponse },
    (version) => (version >= 7 ? { ...body, groupInstanceId: identity.instanceId } : body),
    (answer) => {
      const codes = new Map(offsets.map((each) => [keyOf(each), ErrorCode.UNKNOWN_SERVER_ERROR as number]))
      for (const { name, partitions } of answer.topics)
        for (const { partitionIndex, errorCode } of partitions) codes.set(keyFor(name, partitionIndex), errorCode)
      return codes
    },
    { timeoutMs, lane: groupLane, maxVersion: lastNamedOffsetCommit }
  )
}
