/**
 * Metadata (key 3): the brokers, and the topics asked for with their partitions, as seen through the listener that the
 * request came by. Behaviours 024 to 034. Versions: an empty list is all topics in v0 and none from v1, where null is all;
 * ids from v10, lookup by id from v12.
 */
import { MetadataRequest, MetadataResponse } from "@klamm/protocol/api/03-Metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import { ensureTopics } from "../AutoCreate.ts"
import { type BrokerView, type Cluster, isLegalTopicName, type TopicView } from "../Cluster.ts"
import { type Handler, handler } from "../Handler.ts"
import { clusterOperations, topicOperations } from "../Operations.ts"
import type { Services } from "../Services.ts"

type Request = typeof MetadataRequest.Type
type Response = typeof MetadataResponse.Input
type TopicAnswer = Response["topics"][number]

const lookupByIdVersion = 12
/** From here a leader without an endpoint on the asker's listener is told as 72 rather than 5. */
const listenerNotFoundVersion = 6

interface View {
  readonly cluster: Cluster
  readonly listenerName: string
  readonly apiVersion: number
  readonly withOperations: boolean
}

const partitionAnswer = (view: View, partition: TopicView["partitions"][number]) => {
  const leader = view.cluster.broker(partition.leader)
  const reachable = leader?.endpoints.has(view.listenerName) === true
  const errorCode =
    leader === undefined || leader.fenced
      ? ErrorCode.LEADER_NOT_AVAILABLE
      : reachable
        ? ErrorCode.NONE
        : view.apiVersion >= listenerNotFoundVersion
          ? ErrorCode.LISTENER_NOT_FOUND
          : ErrorCode.LEADER_NOT_AVAILABLE
  const offline = partition.replicas.filter((id) => view.cluster.broker(id)?.fenced !== false)
  return {
    errorCode,
    partitionIndex: partition.index,
    leaderId: errorCode === ErrorCode.NONE ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: offline
  }
}

const topicAnswer = (view: View, topic: TopicView): TopicAnswer => ({
  errorCode: ErrorCode.NONE,
  name: topic.name,
  topicId: topic.id,
  isInternal: topic.isInternal,
  partitions: topic.partitions.map((partition) => partitionAnswer(view, partition)),
  ...(view.withOperations ? { topicAuthorizedOperations: topicOperations } : {})
})

const missing = (errorCode: number, name: string | null, topicId: string): TopicAnswer => ({
  errorCode,
  name,
  topicId,
  isInternal: false,
  partitions: []
})

const brokerAnswers = (brokers: ReadonlyArray<BrokerView>, listenerName: string): Response["brokers"] =>
  brokers.flatMap(({ id, rack, endpoints, fenced }) => {
    const endpoint = endpoints.get(listenerName)
    return endpoint === undefined || fenced ? [] : [{ nodeId: id, host: endpoint.host, port: endpoint.port, rack }]
  })

/** Null means all topics. */
const askedFor = (request: Request, apiVersion: number): Request["topics"] =>
  request.topics !== null && request.topics.length === 0 && apiVersion === 0 ? null : request.topics

const byId = (view: View, topicId: string): TopicAnswer => {
  const topic = view.cluster.topicById(topicId)
  return topic === undefined ? missing(ErrorCode.UNKNOWN_TOPIC_ID, null, topicId) : topicAnswer(view, topic)
}

const byName = (view: View, name: string, created: ReadonlyMap<string, number>): TopicAnswer => {
  const topic = view.cluster.topicByName(name)
  if (topic !== undefined) return topicAnswer(view, topic)
  if (!isLegalTopicName(name)) return missing(ErrorCode.INVALID_TOPIC_EXCEPTION, name, ZERO)
  return missing(created.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, ZERO)
}

/** Naming by id was not allowed before v12, nor a null name; neither name nor id never was. */
const isInvalid = (request: Request, apiVersion: number): boolean =>
  (request.topics ?? []).some(
    ({ name, topicId }) =>
      (name === null && topicId === ZERO) || (apiVersion < lookupByIdVersion && (name === null || topicId !== ZERO))
  )

/** A request that makes no sense is told nothing of the cluster. */
const refuse = (request: Request, apiVersion: number): Response => {
  const errorCode = apiVersion < lookupByIdVersion ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_SERVER_ERROR
  const topics = (request.topics ?? []).map(({ name, topicId }) => missing(errorCode, name ?? "", topicId))
  return { brokers: [], clusterId: null, controllerId: -1, topics, errorCode }
}

const describeTopics = (services: Services, request: Request, view: View): Effect.Effect<ReadonlyArray<TopicAnswer>> =>
  Effect.gen(function* () {
    const asked = askedFor(request, view.apiVersion)
    if (asked === null) return view.cluster.topics().map((topic) => topicAnswer(view, topic))
    // Who names one topic by id is answered for ids alone, as Kafka does.
    const ids = [...new Set(asked.flatMap(({ topicId }) => (topicId === ZERO ? [] : [topicId])))]
    if (ids.length > 0) return ids.map((id) => byId(view, id))
    const names = [...new Set(asked.flatMap(({ name }) => name ?? []))]
    const absent = names.filter((name) => view.cluster.topicByName(name) === undefined && isLegalTopicName(name))
    const created = yield* ensureTopics(services, request.allowAutoTopicCreation ? absent : [])
    const now = { ...view, cluster: services.cluster() }
    return names.map((name) => byName(now, name, created))
  })

export const metadata = (services: Services): Handler =>
  handler(MetadataRequest, MetadataResponse, (request, context) =>
    Effect.gen(function* () {
      const { apiVersion, listenerName } = context
      if (isInvalid(request, apiVersion)) return refuse(request, apiVersion)
      const cluster = services.cluster()
      const view = { cluster, listenerName, apiVersion, withOperations: request.includeTopicAuthorizedOperations }
      const brokers = brokerAnswers(cluster.brokers(), listenerName)
      const topics = yield* describeTopics(services, request, view)
      return {
        brokers,
        clusterId: services.clusterId,
        // KRaft brokers name any live broker: every one of them takes controller-bound requests and forwards them.
        controllerId: brokers[0]?.nodeId ?? -1,
        topics,
        ...(request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: clusterOperations } : {})
      }
    })
  )
