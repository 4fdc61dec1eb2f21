/**
 * From a topic and a partition number of a request to the replica here, or the error code why there is none. One place, so
 * that every handler answers alike.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import type { PartitionActor } from "@klamm/replica/PartitionActor"
import type { Services } from "./Services.ts"

export type Found = { readonly partition: PartitionActor } | { readonly errorCode: number }

/** For requests that name topics and that only the leader may answer. */
export const findLeader = (services: Services, topicName: string, index: number): Found => {
  const topic = services.cluster().topicByName(topicName)
  if (topic?.partitions[index] === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  const partition = services.replicas.find(topic.id, index)
  return partition === undefined ? { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER } : { partition }
}
