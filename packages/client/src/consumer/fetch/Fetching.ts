/**
 * One fetch: from feeds to a Fetch request of a broker's session, and from its answer to what the feeds hold. Plain functions.
 * Invariants: bytes are copied once, out of receive memory, before it is released; an answer for a feed that has jumped since it was
 * asked changes nothing. Neighbours: `FetchSession.ts`, `Position.ts`; `Engine.ts` sends.
 */
import { type Compression, ErrorCode, type FetchRequest, type FetchResponse, Uuid } from "@klamm/protocol"
import type { PartitionData } from "@klamm/protocol/api/01-Fetch"
import type { LeaderNews } from "../../Cluster.ts"
import type { Feed } from "../Feed.ts"
import type { Settings } from "../Settings.ts"
import { byTopic, keyFor } from "../TopicPartition.ts"
import type { SessionRequest, Wanted } from "./FetchSession.ts"
import type { News } from "./Position.ts"
import { RecordReader } from "./RecordReader.ts"

/** The first version that names topics by id. */
export const firstVersionWithIds = 13

/** A feed as it was when it was asked for. */
export interface Asked {
  readonly feed: Feed
  readonly turn: number
  readonly topicId: string
}

export const wantedOf = ({ feed, topicId }: Asked, { maxPartitionFetchBytes }: Settings): Wanted => ({
  topic: feed.topic,
  topicId,
  partition: feed.partition,
  currentLeaderEpoch: feed.state.leaderEpoch,
  fetchOffset: feed.state.offset,
  lastFetchedEpoch: feed.state.offsetEpoch,
  partitionMaxBytes: maxPartitionFetchBytes
})

const topicsOf = (wanted: ReadonlyArray<Wanted>, version: number) =>
  Array.from(byTopic(wanted), ([topic, partitions]) => ({
    ...(version < firstVersionWithIds ? { topic } : { topicId: partitions[0]!.topicId }),
    partitions
  }))

/** The request at a version. */
export const requestOf =
  ({ sessionId, sessionEpoch, wanted, forgotten }: SessionRequest, settings: Settings) =>
  (version: number): (typeof FetchRequest)["Input"] => ({
    replicaId: -1,
    replicaState: {},
    maxWaitMs: settings.fetchMaxWaitMs,
    minBytes: settings.fetchMinBytes,
    maxBytes: settings.fetchMaxBytes,
    isolationLevel: settings.isolationLevel === "read_committed" ? 1 : 0,
    sessionId,
    sessionEpoch,
    topics: topicsOf(version < 12 ? wanted.map((each) => ({ ...each, lastFetchedEpoch: -1 })) : wanted, version).map(
      ({ partitions, ...topic }) => ({ ...named(topic), partitions: partitions.map(partitionOf) })
    ),
    forgottenTopicsData: topicsOf(forgotten, version).map(({ partitions, ...topic }) => ({
      ...named(topic),
      partitions: partitions.map(({ partition }) => partition)
    })),
    rackId: settings.clientRack
  })

const named = (topic: { readonly topic?: string; readonly topicId?: string }) => ({
  topic: topic.topic ?? "",
  topicId: topic.topicId ?? Uuid.ZERO
})

const partitionOf = ({ partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, partitionMaxBytes }: Wanted) => ({
  partition,
  currentLeaderEpoch,
  fetchOffset,
  lastFetchedEpoch,
  partitionMaxBytes,
  replicaDirectoryId: Uuid.ZERO
})

/** What an answer says to one feed. */
export interface Told {
  readonly feed: Feed
  readonly news: News
}

export interface AnswerContext {
  readonly from: number
  readonly asked: ReadonlyArray<Asked>
  readonly settings: Settings
  readonly decompression: Compression.Decompression
  /** On the monotonic clock: how long a preferred replica is believed in. */
  readonly preferredUntil: number
}

/** The leaders that an answer names where it was not the leader who was asked (KIP-951). */
export const leadersOf = (
  responses: (typeof FetchResponse)["Type"]["responses"],
  { asked }: AnswerContext
): ReadonlyArray<LeaderNews> => {
  const names = new Map(asked.map(({ topicId, feed }) => [topicId, feed.topic]))
  return responses.flatMap(({ topic, topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex, currentLeader: { leaderId, leaderEpoch } }) => {
      const name = topic === "" ? names.get(topicId) : topic
      if (name === undefined || leaderId < 0 || leaderEpoch < 0) return []
      return [{ topic: name, partition: partitionIndex, leader: { id: leaderId, epoch: leaderEpoch } }]
    })
  )
}

/** Takes the records of an answer to their feeds, and answers the news for the position machines. */
export const take = (
  responses: (typeof FetchResponse)["Type"]["responses"],
  context: AnswerContext
): ReadonlyArray<Told> => {
  const byName = new Map(context.asked.map((each) => [keyFor(each.feed.topic, each.feed.partition), each]))
  const byId = new Map(context.asked.map((each) => [keyFor(each.topicId, each.feed.partition), each]))
  const told: Array<Told> = []
  for (const { topic, topicId, partitions } of responses) {
    for (const data of partitions) {
      const asked =
        topic === "" ? byId.get(keyFor(topicId, data.partitionIndex)) : byName.get(keyFor(topic, data.partitionIndex))
      if (asked === undefined || asked.feed.isClosed || asked.turn !== asked.feed.turn) continue
      const news = takeOne(asked.feed, data, context)
      if (news !== undefined) told.push({ feed: asked.feed, news })
    }
  }
  return told
}

/** What puts the position in doubt is looked at once nothing is buffered: the fetch is made again then. */
const whenDrained = (feed: Feed, news: News): News | undefined => {
  if (feed.isDrained) return news
  feed.isBlocked = true
  return undefined
}

const takeOne = (feed: Feed, data: PartitionData, context: AnswerContext): News | undefined => {
  const { from, settings, preferredUntil } = context
  const { errorCode, divergingEpoch, preferredReadReplica, records } = data
  if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return whenDrained(feed, { _tag: "Refused", code: errorCode, from })
  if (errorCode !== ErrorCode.NONE) return { _tag: "Refused", code: errorCode, from }
  if (divergingEpoch.epoch >= 0 || divergingEpoch.endOffset >= 0) {
    const { epoch, endOffset } = divergingEpoch
    return whenDrained(feed, { _tag: "EpochEnd", epoch, endOffset })
  }
  if (data.highWatermark >= 0) feed.highWatermark = data.highWatermark
  if (data.lastStableOffset >= 0) feed.lastStableOffset = data.lastStableOffset
  if (data.logStartOffset >= 0) feed.logStartOffset = data.logStartOffset
  if (preferredReadReplica >= 0 && preferredReadReplica !== from) {
    return { _tag: "Preferred", id: preferredReadReplica, until: preferredUntil }
  }
  if (records === null || records.length === 0) return undefined
  const isCommittedOnly = settings.isolationLevel === "read_committed"
  const reader = new RecordReader(records.slice(), {
    position: feed.state.offset,
    aborted: isCommittedOnly ? (data.abortedTransactions ?? []) : null,
    decompression: context.decompression,
    checkCrcs: settings.checkCrcs
  })
  feed.buffer(reader)
  return { _tag: "Consumed", offset: reader.endOffset, epoch: reader.endEpoch }
}
