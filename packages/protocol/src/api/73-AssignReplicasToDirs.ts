/**
 * AssignReplicasToDirs (key 73): tells the controller in which log directories replicas live (KIP-858). Flexible in
 * every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const PartitionData = f.struct({
  partitionIndex: f.int32
})
export type PartitionData = typeof PartitionData.Type

export const TopicData = f.struct({
  topicId: f.uuid,
  partitions: f.array(PartitionData)
})
export type TopicData = typeof TopicData.Type

export const DirectoryData = f.struct({
  id: f.uuid,
  topics: f.array(TopicData)
})
export type DirectoryData = typeof DirectoryData.Type

export const AssignReplicasToDirsRequest = message(
  "AssignReplicasToDirsRequest",
  { key: 73, versions: "0", flexible: "0+" },
  {
    brokerId: f.int32,
    brokerEpoch: f.int64.default(-1),
    directories: f.array(DirectoryData)
  }
)
export type AssignReplicasToDirsRequest = typeof AssignReplicasToDirsRequest.Type

export const AssignReplicasToDirsResponsePartitionData = f.struct({
  partitionIndex: f.int32,
  errorCode: f.int16
})
export type AssignReplicasToDirsResponsePartitionData = typeof AssignReplicasToDirsResponsePartitionData.Type

export const AssignReplicasToDirsResponseTopicData = f.struct({
  topicId: f.uuid,
  partitions: f.array(AssignReplicasToDirsResponsePartitionData)
})
export type AssignReplicasToDirsResponseTopicData = typeof AssignReplicasToDirsResponseTopicData.Type

export const AssignReplicasToDirsResponseDirectoryData = f.struct({
  id: f.uuid,
  topics: f.array(AssignReplicasToDirsResponseTopicData)
})
export type AssignReplicasToDirsResponseDirectoryData = typeof AssignReplicasToDirsResponseDirectoryData.Type

export const AssignReplicasToDirsResponse = message(
  "AssignReplicasToDirsResponse",
  { key: 73, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    directories: f.array(AssignReplicasToDirsResponseDirectoryData)
  }
)
export type AssignReplicasToDirsResponse = typeof AssignReplicasToDirsResponse.Type
