/**
 * AlterReplicaLogDirs (key 34, KIP-113): replicas of this broker go to others of its log directories, one answer for each. It is answered
 * once the copies have begun; DescribeLogDirs shows how far they are. A replica that is not here yet will be created there.
 */
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from "@klamm/protocol/api/34-AlterReplicaLogDirs"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Request = typeof AlterReplicaLogDirsRequest.Type

/** Of a partition named twice the last word counts. */
const wanted = (request: Request) => {
  const byPartition = new Map<string, { readonly topic: string; readonly partition: number; readonly path: string }>()
  for (const { path, topics } of request.dirs) {
    for (const { name: topic, partitions } of topics) {
      for (const partition of partitions) byPartition.set(`${topic}/${partition}`, { topic, partition, path })
    }
  }
  return [...byPartition.values()]
}

const move = ({ replicas, cluster, nodeId }: Services, topicName: string, index: number, path: string) => {
  const topic = cluster().topicByName(topicName)
  const partition = topic?.partitions[index]
  const asked = {
    topic: topicName,
    topicId: partition === undefined ? undefined : topic?.id,
    partition: index,
    isReplica: partition?.replicas.includes(nodeId) === true
  }
  return Effect.map(replicas.moveTo(asked, path), (errorCode) => ({
    topicName,
    partition: { partitionIndex: index, errorCode }
  }))
}

export const alterReplicaLogDirs = (services: Services): Handler =>
  handler(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, (request) =>
    Effect.map(
      Effect.forEach(wanted(request), ({ topic, partition, path }) => move(services, topic, partition, path)),
      (moved) => ({
        results: [...Map.groupBy(moved, ({ topicName }) => topicName)].map(([topicName, ofTopic]) => ({
          topicName,
          partitions: ofTopic.map(({ partition }) => partition)
        }))
      })
    )
  )
