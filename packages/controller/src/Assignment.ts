/**
 * New partitions: checking assignments made by hand and turning replica lists into records (behaviour 037). A new partition's ISR
 * is its replicas that are up; the first of them leads.
 */
import { Brokers, type MetadataRecordInput } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure } from "./Answer.ts"
import { defaultDirectory, isActive } from "./PartitionRules.ts"
import type { ControllerState } from "./State.ts"

const invalid = (message: string): Failure => failure(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)

/** Whether a replica list made by hand may be used; `size` is that of the lists before it, if any. */
export const checkManual = (
  state: ControllerState,
  replicas: ReadonlyArray<number>,
  size: number | undefined
): Failure | undefined => {
  if (replicas.length === 0) return invalid("The manual partition assignment includes an empty replica list.")
  const sorted = [...replicas].sort((one, other) => one - other)
  for (const [index, id] of sorted.entries()) {
    if (Brokers.get(state.image.brokers, id) === undefined) {
      return invalid(`The manual partition assignment includes broker ${id}, but no such broker is registered.`)
    }
    if (sorted[index - 1] === id) {
      return invalid(`The manual partition assignment includes the broker ${id} more than once.`)
    }
  }
  if (size === undefined || size === replicas.length) return undefined
  return invalid(
    `The manual partition assignment includes a partition with ${replicas.length} replica(s), but this is not ` +
      `consistent with previous partitions, which have ${size} replica(s).`
  )
}

export const activeReplicas = (state: ControllerState, replicas: ReadonlyArray<number>): ReadonlyArray<number> =>
  replicas.filter((id) => isActive(state, id))

export const partitionRecord = (
  state: ControllerState,
  topicId: string,
  partitionId: number,
  replicas: ReadonlyArray<number>
): MetadataRecordInput => {
  const isr = activeReplicas(state, replicas)
  return {
    _tag: "Partition",
    partitionId,
    topicId,
    replicas,
    isr,
    removingReplicas: [],
    addingReplicas: [],
    leader: isr[0] ?? -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map((id) => defaultDirectory(state, id))
  }
}
