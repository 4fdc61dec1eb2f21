/**
 * ListPartitionReassignments (key 46): lists the reassignments that are under way. Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ListPartitionReassignmentsTopics = f.struct({
  name: f.string,
  partitionIndexes: f.array(f.int32)
})
export type ListPartitionReassignmentsTopics = typeof ListPartitionReassignmentsTopics.Type

export const ListPartitionReassignmentsRequest = message(
  "ListPartitionReassignmentsRequest",
  { key: 46, versions: "0", flexible: "0+" },
  {
    timeoutMs: f.int32.default(60000),
    topics: f.array(ListPartitionReassignmentsTopics).nulls().default(null)
  }
)
export type ListPartitionReassignmentsRequest = typeof ListPartitionReassignmentsRequest.Type

export const OngoingPartitionReassignment = f.struct({
  partitionIndex: f.int32,
  replicas: f.array(f.int32),
  addingReplicas: f.array(f.int32),
  removingReplicas: f.array(f.int32)
})
export type OngoingPartitionReassignment = typeof OngoingPartitionReassignment.Type

export const OngoingTopicReassignment = f.struct({
  name: f.string,
  partitions: f.array(OngoingPartitionReassignment)
})
export type OngoingTopicReassignment = typeof OngoingTopicReassignment.Type

export const ListPartitionReassignmentsResponse = message(
  "ListPartitionReassignmentsResponse",
  { key: 46, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls(),
    topics: f.array(OngoingTopicReassignment)
  }
)
export type ListPartitionReassignmentsResponse = typeof ListPartitionReassignmentsResponse.Type
