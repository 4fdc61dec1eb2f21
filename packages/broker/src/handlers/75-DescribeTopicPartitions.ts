/**
 * DescribeTopicPartitions (key 75, KIP-966): topics with their partitions and eligible leader replicas, in pages. A page ends
 * after `responsePartitionLimit` partitions; its cursor names the next one.
 */
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse
} from "@klamm/protocol/api/75-DescribeTopicPartitions"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import { type Cluster, isLegalTopicName, type TopicView } from "../Cluster.ts"
import { type Handler, handler } from "../Handler.ts"
import { topicOperations } from "../Operations.ts"
import type { Services } from "../Services.ts"

type Request = typeof DescribeTopicPartitionsRequest.Type
type Response = typeof DescribeTopicPartitionsResponse.Input
type TopicAnswer = Response["topics"][number]

const partitionAnswer = (cluster: Cluster, partition: TopicView["partitions"][number]) => ({
  // Unlike Metadata, this says of a partition without leader only that: leader -1.
  errorCode: ErrorCode.NONE,
  partitionIndex: partition.index,
  leaderId: partition.leader,
  leaderEpoch: partition.leaderEpoch,
  replicaNodes: partition.replicas,
  isrNodes: partition.isr,
  eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
  lastKnownElr: partition.lastKnownElr,
  offlineReplicas: partition.replicas.filter((id) => cluster.broker(id)?.fenced !== false)
})

const absent = (name: string): TopicAnswer => ({
  errorCode: isLegalTopicName(name) ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
  name,
  topicId: ZERO,
  partitions: [],
  topicAuthorizedOperations: topicOperations
})

/** A cursor has to stand in a topic that is asked for. */
const isLost = ({ cursor, topics }: Request): boolean =>
  cursor !== null &&
  (cursor.partitionIndex < 0 || (topics.length > 0 && !topics.some((topic) => topic.name === cursor.topicName)))

const refuse = ({ topics }: Request): ReadonlyArray<TopicAnswer> =>
  topics.map(({ name }) => ({ errorCode: ErrorCode.INVALID_REQUEST, name, topicId: ZERO, partitions: [] }))

/** The names of the page, sorted, from the cursor's topic on. */
const names = (cluster: Cluster, request: Request): ReadonlyArray<string> => {
  const asked =
    request.topics.length === 0
      ? cluster.topics().map((topic) => topic.name)
      : [...new Set(request.topics.map((topic) => topic.name))]
  const from = request.cursor?.topicName ?? ""
  return asked.filter((name) => name >= from).sort()
}

const page = (cluster: Cluster, request: Request, limit: number): Pick<Response, "topics" | "nextCursor"> => {
  const topics: Array<TopicAnswer> = []
  let left = limit
  for (const name of names(cluster, request)) {
    const topic = cluster.topicByName(name)
    if (topic === undefined) {
      topics.push(absent(name))
      continue
    }
    const from = request.cursor !== null && request.cursor.topicName === name ? request.cursor.partitionIndex : 0
    if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: from } }
    const shown = topic.partitions.slice(from, from + left)
    topics.push({
      errorCode: ErrorCode.NONE,
      name,
      topicId: topic.id,
      isInternal: topic.isInternal,
      partitions: shown.map((partition) => partitionAnswer(cluster, partition)),
      topicAuthorizedOperations: topicOperations
    })
    left -= shown.length
    const next = from + shown.length
    if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } }
  }
  return { topics, nextCursor: null }
}

export const describeTopicPartitions = (services: Services): Handler =>
  handler(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, (request) =>
    Effect.sync(() => {
      if (isLost(request)) return { throttleTimeMs: 0, topics: refuse(request), nextCursor: null }
      const most = services.config().values["max.request.partition.size.limit"]
      const limit = Math.max(1, Math.min(request.responsePartitionLimit, most))
      return { throttleTimeMs: 0, ...page(services.cluster(), request, limit) }
    })
  )
