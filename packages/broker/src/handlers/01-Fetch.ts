/**
 * Fetch (key 1): reads each partition through its published state, without a mailbox hop when data is there, and otherwise
 * waits for enough of it or for its time. Sessions (KIP-227) are `FetchSessions`'; what a reader may see is `PartitionRead`'s.
 *
 * Invariants: records stay views of read buffers until the answer has been sent; the first partition with data gives at
 * least one whole batch, whatever the limits (KIP-74); one failed partition never hides another; a follower's progress is told to the
 * leader only once its offset was found to be on the leader's history.
 */
import { Reply } from "@klamm/actor"
import { FetchRequest, FetchResponse } from "@klamm/protocol/api/01-Fetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Isr from "@klamm/replica/Isr"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import { failedRead, type PartitionRead, preferring, type Reader } from "@klamm/replica/PartitionRead"
import * as Effect from "effect/Effect"
import { FetchReads, type Limits, readingAhead, type Target } from "../FetchReads.ts"
import type { CachedPartition, FetchPartition, SessionContext } from "../FetchSessions.ts"
import { type Handler, handler } from "../Handler.ts"
import { LeaderHints } from "../LeaderHints.ts"
import { expectedAfter, type ReadAhead } from "../ReadAhead.ts"
import { preferredReplica, rackAwareSelector } from "../ReplicaSelector.ts"
import type { RequestContext } from "../RequestContext.ts"
import type { Services } from "../Services.ts"

type Request = typeof FetchRequest.Type
type Response = typeof FetchResponse.Input
type TopicAnswer = Response["responses"][number]

/** From this version topics are named by id (KIP-516). */
const topicIdVersion = 13

/**
 * One answer reads no more than this, whatever the client would take: it is all in memory until it is sent, here and at the client.
 * Smaller ones cost a consumer round trips, larger ones memory that is new to it each time: librdkafka reads 32 MiB in an
 * answer half as fast as 16 (docs/decisions/0010).
 */
export const answerMaxBytes = 16 * 1024 * 1024

/** The longest a poll waits, whatever the client would: by then it is answered empty, and a client that has gone is noticed. */
export const longestWaitMs = 300_000
const readUncommittedLevel = 0
const readCommittedLevel = 1
/** What a request says it is a replica of that looks into any of them. */
const debuggingReplica = -2

/** From this version on a consumer may read from any replica (KIP-392), and an error says who leads instead (KIP-951). */
const anyReplicaVersion = 11
const leaderHintVersion = 16

/** A follower's poll that brings nothing new is told to the leader this many times within replica.lag.time.max.ms. */
const tellsPerLagTime = 8

/** In the order of the request. Of a partition named twice the last word counts, in a session as without one. */
const asked = (request: Request): ReadonlyArray<FetchPartition> => {
  const partitions: Array<FetchPartition> = []
  for (const { topic, topicId, partitions: ofTopic } of request.topics) {
    for (const each of ofTopic) {
      partitions.push({
        topic,
        topicId,
        partition: each.partition,
        currentLeaderEpoch: each.currentLeaderEpoch,
        fetchOffset: each.fetchOffset,
        lastFetchedEpoch: each.lastFetchedEpoch,
        maxBytes: each.partitionMaxBytes,
        highWatermark: each.highWatermark,
        logStartOffset: each.logStartOffset
      })
    }
  }
  return partitions
}

const forgotten = (request: Request) =>
  request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((partition) => ({ topic, topicId, partition }))
  )

const isReadCommitted = ({ isolationLevel }: Request): boolean => isolationLevel === readCommittedLevel

/** The replica that asks; negative: none. */
const replicaOf = ({ replicaId, replicaState }: Request): number => Math.max(replicaId, replicaState.replicaId)

const isDebugging = ({ replicaId, replicaState }: Request): boolean =>
  Math.min(replicaId, replicaState.replicaId) === debuggingReplica

const readerOf = (request: Request, apiVersion: number): Reader => {
  if (replicaOf(request) >= 0) return "Follower"
  return apiVersion >= anyReplicaVersion || isDebugging(request) ? "Consumer" : "LeaderOnly"
}

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

/** What all partitions of one request have in common. */
interface Asking {
  readonly services: Services
  readonly request: Request
  readonly context: RequestContext
  readonly usesTopicIds: boolean
  readonly reader: Reader
}

/** A replica that the leader does not know: its metadata is ahead of ours, or it never was one. */
const strangerError = (partition: PartitionActor, currentLeaderEpoch: number, replicaId: number): number => {
  const state = partition.actor.state()
  if (state._tag !== "Leader" || Isr.find(state.followers, replicaId) !== undefined) return ErrorCode.NONE
  if (currentLeaderEpoch < 0) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return currentLeaderEpoch === state.leaderEpoch ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.NONE
}

/** The answer that sends a consumer to a replica nearer to it (KIP-392). */
const sentElsewhere = ({ services, request, reader }: Asking, partition: PartitionActor, each: FetchPartition) => {
  if (reader !== "Consumer" || request.rackId === "") return undefined
  if (services.staticConfig.values["replica.selector.class"] !== rackAwareSelector) return undefined
  const state = partition.actor.state()
  if (state._tag !== "Leader" || each.fetchOffset > state.logEndOffset) return undefined
  const preferred = preferredReplica(state, services.cluster(), request.rackId, each.fetchOffset)
  return preferred === -1 ? undefined : preferring(state, preferred)
}

const noTarget = (errorCode: number): Target => ({ partition: undefined, errorCode })

const findTarget = (asking: Asking, each: FetchPartition): Target => {
  const { services, request, usesTopicIds, reader } = asking
  const cluster = services.cluster()
  const topic = usesTopicIds ? cluster.topicById(each.topicId) : cluster.topicByName(each.topic)
  if (topic === undefined) {
    return noTarget(usesTopicIds ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (topic.partitions[each.partition] === undefined) return noTarget(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const partition = services.replicas.find(topic.id, each.partition)
  if (partition === undefined) return noTarget(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const target: Target = { partition, errorCode: ErrorCode.NONE }
  if (reader === "Follower") {
    const errorCode = strangerError(partition, each.currentLeaderEpoch, replicaOf(request))
    return errorCode === ErrorCode.NONE ? target : noTarget(errorCode)
  }
  const answer = sentElsewhere(asking, partition, each)
  return answer === undefined ? target : { ...target, answer }
}

/** Tells the leader how far its follower is, unless that is no news. */
const tellProgress =
  (request: Request, atMs: number) => (each: FetchPartition, partition: PartitionActor, read: PartitionRead) => {
    const state = partition.actor.state()
    if (state._tag !== "Leader") return
    if (read.errorCode !== ErrorCode.NONE || read.divergingEpoch !== undefined) return
    if (read.leaderEpoch !== state.leaderEpoch) return
    const { fetchOffset, logStartOffset } = each
    const brokerEpoch = request.replicaState.replicaEpoch
    const fetch = { replicaId: replicaOf(request), brokerEpoch, fetchOffset, logStartOffset, atMs }
    const restMs = state.settings.lagTimeMaxMs / tellsPerLagTime
    const isInSync = state.assignment.isr.includes(fetch.replicaId)
    if (isInSync && !Isr.isNews(state.followers, fetch, restMs)) return
    partition.actor.tell({ _tag: "FollowerFetched", leaderEpoch: read.leaderEpoch, fetch })
  }

const partitionAnswer = (partitionIndex: number, read: PartitionRead): TopicAnswer["partitions"][number] => {
  const { divergingEpoch } = read
  const answer = {
    partitionIndex,
    errorCode: read.errorCode,
    highWatermark: read.highWatermark,
    lastStableOffset: read.lastStableOffset,
    logStartOffset: read.logStartOffset,
    abortedTransactions: read.abortedTransactions,
    records: read.records,
    preferredReadReplica: read.preferredReadReplica
  }
  return divergingEpoch === undefined ? answer : { ...answer, divergingEpoch }
}

/** Partitions in order, neighbours of one topic under one heading; beside an error that tells of another leader, who that is. */
const gather = (
  found: FetchReads["found"],
  included: (partition: CachedPartition) => boolean,
  hints: LeaderHints | undefined
): ReadonlyArray<TopicAnswer> => {
  const topics: Array<TopicAnswer & { readonly partitions: Array<TopicAnswer["partitions"][number]> }> = []
  for (const [member, { read }] of found) {
    if (!included(member)) continue
    const each = member.request
    const plain = partitionAnswer(each.partition, read)
    const currentLeader = hints?.of(plain.errorCode, { name: each.topic, topicId: each.topicId }, each.partition)
    const answer = currentLeader === undefined ? plain : { ...plain, currentLeader }
    const last = topics[topics.length - 1]
    if (last !== undefined && last.topic === each.topic && last.topicId === each.topicId) last.partitions.push(answer)
    else topics.push({ topic: each.topic, topicId: each.topicId, partitions: [answer] })
  }
  return topics
}

/** A follower that may join the ISR is heard with every fetch, until it has. */
const isOutOfSync =
  (replicaId: number) =>
  ({ actor }: PartitionActor): boolean => {
    const state = actor.state()
    return state._tag === "Leader" && !state.assignment.isr.includes(replicaId)
  }

/** What only a follower's fetch needs: its progress is told, and it may be slowed. */
const followerLimits = ({ services, request, context }: Asking) => {
  const onFirstRead = tellProgress(request, context.receivedMonotonicMs)
  const staysDue = isOutOfSync(replicaOf(request))
  const { leader } = services.quotas
  if (!leader.isActive) return { onFirstRead, staysDue }
  return {
    onFirstRead,
    staysDue,
    holdsBack: (partition: PartitionActor) => leader.holdsBack(partition, replicaOf(request))
  }
}

/** What a follower is sent of throttled partitions counts, whether or not it is in sync. */
const recordSent = ({ services, reader }: Asking, found: FetchReads["found"]): void => {
  const { leader } = services.quotas
  if (reader !== "Follower" || !leader.isActive) return
  let bytes = 0
  for (const { partition, read } of found.values()) {
    if (partition !== undefined && leader.isThrottled(partition)) bytes += read.records.byteLength
  }
  if (bytes > 0) leader.record(bytes)
}

const limitsOf = (asking: Asking, ahead: ReadAhead | undefined): Limits => {
  const { services, request, context, reader } = asking
  const maxBytes = Math.min(request.maxBytes, services.config().values["fetch.max.bytes"], answerMaxBytes)
  return {
    findTarget: (each) => findTarget(asking, each),
    ahead,
    reader,
    maxBytes,
    minBytes: Math.min(request.minBytes, maxBytes),
    readCommitted: isReadCommitted(request),
    deadline: context.receivedMonotonicMs + Math.min(request.maxWaitMs, longestWaitMs),
    ...(reader === "Follower" ? followerLimits(asking) : {})
  }
}

const beginSession = ({ services, request, context, usesTopicIds, reader }: Asking) =>
  services.fetchSessions.begin(
    {
      sessionId: request.sessionId,
      sessionEpoch: request.sessionEpoch,
      usesTopicIds,
      view: { reader, readCommitted: isReadCommitted(request), cluster: services.cluster() },
      lookEachMs: services.config().values["replica.lag.time.max.ms"] / tellsPerLagTime,
      partitions: asked(request),
      forgotten: forgotten(request)
    },
    context.receivedMonotonicMs
  )

type Open = Extract<SessionContext, { readonly _tag: "Open" }>

/** Concludes the session of a fetch that has all it waited for. */
const answerTo = ({ services, context }: Asking, session: Open, { found }: FetchReads) => {
  const { sessionId, included } = session.conclude(found)
  const hints =
    context.apiVersion >= leaderHintVersion ? new LeaderHints(services.cluster(), context.listenerName) : undefined
  const responses = gather(found, included, hints)
  return { errorCode: ErrorCode.NONE, sessionId, responses, nodeEndpoints: hints?.nodeEndpoints ?? [] }
}

/** Once the answer has been sent, what comes next is read, if the client is one that comes for it soon. */
const readAhead = (asking: Asking, session: Open, fetching: FetchReads, limits: Limits): Effect.Effect<unknown> => {
  const { arena, scope } = asking.services
  if (session.ahead === undefined || !session.ahead.isWorthIt(arena)) return Effect.void
  const expected = expectedAfter(session.interest.turns(), fetching.found)
  if (expected.length === 0) return Effect.void
  const sent = new Reply<void>()
  asking.context.whenSent(() => sent.complete(undefined))
  const reading = session.ahead.read(expected, readingAhead(limits, arena), limits.maxBytes)
  return Effect.forkIn(Effect.andThen(sent.await, reading), scope)
}

const answered = (asking: Asking, session: Open): Effect.Effect<Response> => {
  const limits = limitsOf(asking, session.ahead)
  const fetching = new FetchReads(asking.services, session.interest, limits)
  asking.context.whenSent(() => fetching.release())
  return Effect.flatMap(fetching.untilEnough, () => {
    recordSent(asking, fetching.found)
    const answer = answerTo(asking, session, fetching)
    return Effect.as(readAhead(asking, session, fetching, limits), answer)
  })
}

/** Not a generator, for the reason that `FetchReads` gives. */
export const fetch = (services: Services): Handler =>
  handler(FetchRequest, FetchResponse, (request, context) =>
    Effect.suspend((): Effect.Effect<(typeof FetchResponse)["Input"]> => {
      const { apiVersion } = context
      const { isolationLevel } = request
      if (isolationLevel !== readUncommittedLevel && isolationLevel !== readCommittedLevel) {
        return Effect.succeed(refuse(request, apiVersion))
      }
      const usesTopicIds = apiVersion >= topicIdVersion
      const asking: Asking = { services, request, context, usesTopicIds, reader: readerOf(request, apiVersion) }
      const session = beginSession(asking)
      if (session._tag === "Refused") {
        return Effect.succeed({ errorCode: session.errorCode, sessionId: 0, responses: [] })
      }
      const { ahead } = session
      const answer =
        ahead === undefined
          ? answered(asking, session)
          : Effect.flatMap(ahead.resume(context.receivedMonotonicMs), () => answered(asking, session))
      const abandon = () => {
        ahead?.release()
        session.abandon()
      }
      return Effect.onInterrupt(answer, () => Effect.sync(abandon))
    })
  )
