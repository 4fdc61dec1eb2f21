/**
 * Fetch (key 1): reads each partition through its published state, without a mailbox hop when data is there, and otherwise
 * waits for enough of it or for its time. Sessions (KIP-227) are `FetchSessions`'; what a reader may see is `PartitionRead`'s.
 *
 * Invariants: records stay views of read buffers until the answer has been sent; the first partition with data gives at
 * least one whole batch, whatever the limits (KIP-74); one failed partition never hides another.
 */
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { failedRead, type PartitionRead } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import { FetchReads, type Target } from "../FetchReads.ts"
import type { FetchPartition } from "../FetchSessions.ts"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Request = typeof FetchRequest.Type
type Response = typeof FetchResponse.Input
type TopicAnswer = Response["responses"][number]

/** From this version topics are named by id (KIP-516). */
const topicIdVersion = 13

/**
 * One answer reads no more than this, whatever the client would take: it is all in memory until it is sent, and a consumer that
 * gets it in parts is served no slower.
 */
export const answerMaxBytes = 32 * 1024 * 1024

/** The longest a poll waits, whatever the client would: by then it is answered empty, and a client that has gone is noticed. */
export const longestWaitMs = 300_000
const readUncommittedLevel = 0
const readCommittedLevel = 1
/** What a consumer says it is a replica of: none. */
const consumerReplica = -1

/** Of a partition named twice the last word counts. */
const asked = (request: Request): ReadonlyArray<FetchPartition> =>
  request.topics.flatMap(({ topic, topicId, partitions }) =>
    [...new Map(partitions.map((each) => [each.partition, each])).values()].map((each) => ({
      topic,
      topicId,
      partition: each.partition,
      currentLeaderEpoch: each.currentLeaderEpoch,
      fetchOffset: each.fetchOffset,
      lastFetchedEpoch: each.lastFetchedEpoch,
      maxBytes: each.partitionMaxBytes
    }))
  )

const forgotten = (request: Request) =>
  request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((partition) => ({ topic, topicId, partition }))
  )

/** A quorum of one has no followers: whoever says it is a replica is none of these partitions'. */
const isFollower = ({ replicaId, replicaState }: Request): boolean =>
  replicaId > consumerReplica || replicaState.replicaId > consumerReplica

/** An isolation level that there is none of: the request as a whole fails, and before v13 each partition too. */
const refuse = (request: Request, apiVersion: number): Response => {
  const errorCode = ErrorCode.UNKNOWN_SERVER_ERROR
  const partition = { ...failedRead(errorCode), abortedTransactions: [] }
  const responses = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map((each) => partitionAnswer(each.partition, partition))
  }))
  return { errorCode, sessionId: 0, responses: apiVersion >= topicIdVersion ? [] : responses }
}

const findTarget = (services: Services, each: FetchPartition, usesTopicIds: boolean): Target => {
  const cluster = services.cluster()
  const topic = usesTopicIds ? cluster.topicById(each.topicId) : cluster.topicByName(each.topic)
  const fail = (errorCode: number): Target => ({ asked: each, partition: undefined, errorCode })
  if (topic === undefined) {
    return fail(usesTopicIds ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (topic.partitions[each.partition] === undefined) return fail(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const partition = services.replicas.find(topic.id, each.partition)
  return partition === undefined
    ? fail(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    : { asked: each, partition, errorCode: ErrorCode.NONE }
}

const partitionAnswer = (partitionIndex: number, read: PartitionRead): TopicAnswer["partitions"][number] => ({
  partitionIndex,
  errorCode: read.errorCode,
  highWatermark: read.highWatermark,
  lastStableOffset: read.lastStableOffset,
  logStartOffset: read.logStartOffset,
  abortedTransactions: read.abortedTransactions,
  records: read.records,
  ...(read.divergingEpoch === undefined ? {} : { divergingEpoch: read.divergingEpoch })
})

/** Partitions in order, neighbours of one topic under one heading. */
const gather = (
  targets: ReadonlyArray<Target>,
  reads: ReadonlyArray<PartitionRead>,
  included: (index: number) => boolean
): ReadonlyArray<TopicAnswer> => {
  const topics: Array<TopicAnswer & { readonly partitions: Array<TopicAnswer["partitions"][number]> }> = []
  targets.forEach(({ asked: each }, index) => {
    if (!included(index)) return
    const answer = partitionAnswer(each.partition, reads[index]!)
    const last = topics[topics.length - 1]
    if (last !== undefined && last.topic === each.topic && last.topicId === each.topicId) last.partitions.push(answer)
    else topics.push({ topic: each.topic, topicId: each.topicId, partitions: [answer] })
  })
  return topics
}

export const fetch = (services: Services): Handler =>
  handler(FetchRequest, FetchResponse, (request, context) =>
    Effect.gen(function* () {
      const { isolationLevel } = request
      if (isolationLevel !== readUncommittedLevel && isolationLevel !== readCommittedLevel) {
        return refuse(request, context.apiVersion)
      }
      const usesTopicIds = context.apiVersion >= topicIdVersion
      const session = services.fetchSessions.begin(
        {
          sessionId: request.sessionId,
          sessionEpoch: request.sessionEpoch,
          usesTopicIds,
          partitions: asked(request),
          forgotten: forgotten(request)
        },
        context.receivedAtMs
      )
      if (session._tag === "Refused") return { errorCode: session.errorCode, sessionId: 0, responses: [] }
      const maxBytes = Math.min(request.maxBytes, services.config().values["fetch.max.bytes"], answerMaxBytes)
      const limits = {
        maxBytes,
        minBytes: Math.min(request.minBytes, maxBytes),
        readCommitted: isolationLevel === readCommittedLevel,
        deadline: context.receivedAtMs + Math.min(request.maxWaitMs, longestWaitMs)
      }
      const targets = session.partitions.map(
        (each): Target =>
          isFollower(request)
            ? { asked: each, partition: undefined, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }
            : findTarget(services, each, usesTopicIds)
      )
      const fetching = new FetchReads(services, targets, limits)
      context.whenSent(() => fetching.release())
      yield* fetching.untilEnough
      const { reads } = fetching
      const news = reads.map((read) => ({
        errorCode: read.errorCode,
        highWatermark: read.highWatermark,
        logStartOffset: read.logStartOffset,
        recordsBytes: read.records.byteLength,
        diverging: read.divergingEpoch !== undefined
      }))
      const { sessionId, included } = session.conclude(news)
      return { errorCode: ErrorCode.NONE, sessionId, responses: gather(targets, reads, included) }
    })
  )
