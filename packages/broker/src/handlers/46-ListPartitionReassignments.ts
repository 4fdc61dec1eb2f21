/**
 * ListPartitionReassignments (key 46, KIP-455): the partitions whose replicas are being changed. Behaviour 185: progress is visible here
 * until the last new replica is in sync. What is named and is not being reassigned, or is not there at all, is left out.
 */
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
} from "@klamm/protocol/api/46-ListPartitionReassignments"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as Effect from "effect/Effect"
import type { Cluster, PartitionView, TopicView } from "../Cluster.ts"
import { type Handler, handler } from "../Handler.ts"
import type { ControlServices } from "../Services.ts"

const isReassigning = ({ addingReplicas, removingReplicas }: PartitionView): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0

const ongoing = ({ name }: TopicView, partitions: ReadonlyArray<PartitionView>) => {
  const changing = partitions.filter(isReassigning)
  if (changing.length === 0) return []
  return [
    {
      name,
      partitions: changing.map(({ index, replicas, addingReplicas, removingReplicas }) => ({
        partitionIndex: index,
        replicas,
        addingReplicas,
        removingReplicas
      }))
    }
  ]
}

const list = (cluster: Cluster, asked: (typeof ListPartitionReassignmentsRequest.Type)["topics"]) =>
  asked === null
    ? cluster.topics().flatMap((topic) => ongoing(topic, topic.partitions))
    : asked.flatMap(({ name, partitionIndexes }) => {
        const topic = cluster.topicByName(name)
        return topic === undefined
          ? []
          : ongoing(
              topic,
              topic.partitions.filter(({ index }) => partitionIndexes.includes(index))
            )
      })

export const listPartitionReassignments = (services: ControlServices): Handler =>
  handler(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, ({ topics }) =>
    Effect.sync(() => ({
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      topics: list(services.cluster(), topics)
    }))
  )
