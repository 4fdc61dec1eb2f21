/**
 * DescribeLogDirs (key 35, KIP-113): the data directories, their volumes (KIP-827), and the size of each replica in them.
 */
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from "@klamm/protocol/api/35-DescribeLogDirs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { ReplicaDirectory } from "@klamm/replica"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Request = typeof DescribeLogDirsRequest.Type

const wanted = (request: Request, { topic, partition }: PartitionActor): boolean =>
  request.topics === null || request.topics.some((each) => each.topic === topic && each.partitions.includes(partition))

const byTopic = (partitions: ReadonlyArray<PartitionActor>) => {
  const topics = new Map<string, Array<PartitionActor>>()
  for (const each of partitions) topics.set(each.topic, [...(topics.get(each.topic) ?? []), each])
  return [...topics].map(([name, members]) => ({
    name,
    partitions: members.map(({ partition, log }) => ({
      partitionIndex: partition,
      partitionSize: log.sizeBytes,
      offsetLag: 0,
      isFutureKey: false
    }))
  }))
}

const describe = (request: Request, directory: ReplicaDirectory) => {
  const failed = { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: directory.path, topics: [] }
  if (directory.failed) return Effect.succeed(failed)
  const topics = byTopic(directory.partitions.filter((partition) => wanted(request, partition)))
  return directory.volume.pipe(
    Effect.map((volume) => ({ errorCode: ErrorCode.NONE, logDir: directory.path, topics, ...volume })),
    Effect.catch((error) => Effect.as(Effect.logError("asking for a volume failed", error), failed))
  )
}

export const describeLogDirs = (services: Services): Handler =>
  handler(DescribeLogDirsRequest, DescribeLogDirsResponse, (request) =>
    Effect.map(
      Effect.forEach(services.replicas.directories(), (directory) => describe(request, directory)),
      (results) => ({ throttleTimeMs: 0, results })
    )
  )
