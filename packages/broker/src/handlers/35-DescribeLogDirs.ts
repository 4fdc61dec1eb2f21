/**
 * DescribeLogDirs (key 35, KIP-113): the data directories, their volumes (KIP-827), and the size of each replica in them.
 */
import {
  type DescribeLogDirsPartition,
  DescribeLogDirsRequest,
  DescribeLogDirsResponse
} from "@klamm/protocol/api/35-DescribeLogDirs"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { ReplicaDirectory } from "@klamm/replica"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import type { FutureReplica } from "@klamm/replica/ReplicaDirectory"
import * as Effect from "effect/Effect"
import { type Handler, handler } from "../Handler.ts"
import type { Services } from "../Services.ts"

type Request = typeof DescribeLogDirsRequest.Type

const wanted = (request: Request, { topic, partition }: PartitionActor): boolean =>
  request.topics === null || request.topics.some((each) => each.topic === topic && each.partitions.includes(partition))

const current = ({ partition, log, actor }: PartitionActor): DescribeLogDirsPartition => ({
  partitionIndex: partition,
  partitionSize: log.sizeBytes,
  offsetLag: Math.max(0, actor.state().highWatermark - log.logEndOffset),
  isFutureKey: false
})

/** A copy lags behind the log that it is of. */
const future = ({ partition, log }: FutureReplica): DescribeLogDirsPartition => ({
  partitionIndex: partition.partition,
  partitionSize: log.sizeBytes,
  offsetLag: Math.max(0, partition.log.logEndOffset - log.logEndOffset),
  isFutureKey: true
})

const topicsIn = (request: Request, directory: ReplicaDirectory) => {
  const topics = new Map<string, Array<DescribeLogDirsPartition>>()
  const add = (of: PartitionActor, partition: DescribeLogDirsPartition) => {
    if (!wanted(request, of)) return
    const known = topics.get(of.topic)
    if (known === undefined) topics.set(of.topic, [partition])
    else known.push(partition)
  }
  for (const each of directory.partitions) add(each, current(each))
  for (const each of directory.futures.values()) add(each.partition, future(each))
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

const describe = (request: Request, directory: ReplicaDirectory) => {
  const failed = { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: directory.path, topics: [] }
  if (directory.failed) return Effect.succeed(failed)
  const topics = topicsIn(request, directory)
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
