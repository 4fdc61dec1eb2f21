/**
 * AlterReplicaLogDirs (key 34): moves replicas to other log directories of the same broker. Flexible from v2.
 *
 * - v1: the broker answers before it throttles (KIP-219)
 * - v2: flexible
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const AlterReplicaLogDirTopic = f.struct({
  name: f.string,
  partitions: f.array(f.int32)
})
export type AlterReplicaLogDirTopic = typeof AlterReplicaLogDirTopic.Type

export const AlterReplicaLogDir = f.struct({
  path: f.string,
  topics: f.array(AlterReplicaLogDirTopic)
})
export type AlterReplicaLogDir = typeof AlterReplicaLogDir.Type

export const AlterReplicaLogDirsRequest = message(
  "AlterReplicaLogDirsRequest",
  { key: 34, versions: "1-2", flexible: "2+" },
  {
    dirs: f.array(AlterReplicaLogDir)
  }
)
export type AlterReplicaLogDirsRequest = typeof AlterReplicaLogDirsRequest.Type

export const AlterReplicaLogDirPartitionResult = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type AlterReplicaLogDirPartitionResult = typeof AlterReplicaLogDirPartitionResult.Type

export const AlterReplicaLogDirTopicResult = f.struct({
  topicName: f.string,
  partitions: f.array(AlterReplicaLogDirPartitionResult)
})
export type AlterReplicaLogDirTopicResult = typeof AlterReplicaLogDirTopicResult.Type

export const AlterReplicaLogDirsResponse = message(
  "AlterReplicaLogDirsResponse",
  { key: 34, versions: "1-2", flexible: "2+" },
  {
    throttleTimeMs: f.int32.default(0),
    results: f.array(AlterReplicaLogDirTopicResult)
  }
)
export type AlterReplicaLogDirsResponse = typeof AlterReplicaLogDirsResponse.Type
