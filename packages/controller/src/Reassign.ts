/**
 * Moving partitions to other replicas (behaviour 185, KIP-455, KIP-860). A reassignment begins as more replicas: the wanted ones
 * first, then those that go once all of the wanted are in sync, which `PartitionChange.ts` notices. Cancelled, it takes back the
 * replicas that it was adding.
 */
import { type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { type Failure, failure, ok } from "./Answer.ts"
import { checkManual } from "./Assignment.ts"
import { maxRecordsPerRequest, tooLarge } from "./Bounded.ts"
import type { Target } from "./PartitionChange.ts"
import { type PartitionRules, partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface ReassignedPartition {
  readonly partitionIndex: number
  /** The wanted replicas, the preferred leader first; null cancels. */
  readonly replicas: ReadonlyArray<number> | null
}

export interface AlterPartitionReassignments {
  readonly _tag: "AlterPartitionReassignments"
  readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: ReadonlyArray<ReassignedPartition> }>
  readonly allowReplicationFactorChange: boolean
}

export interface ReassignmentAltered extends Failure {
  readonly partitionIndex: number
}

export interface ReassignmentsAltered extends Failure {
  readonly topics: ReadonlyArray<{ readonly name: string; readonly partitions: ReadonlyArray<ReassignmentAltered> }>
}

type Ids = ReadonlyArray<number>

const without = (ids: Ids, others: Ids): Ids => ids.filter((id) => !others.includes(id))

const isReassigning = ({ addingReplicas, removingReplicas }: Topics.Partition): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0

/** As it was before, without the replicas that were being added. */
const cancelled = (topic: Topics.Topic, partition: Topics.Partition, rules: PartitionRules): Target | Failure => {
  if (!isReassigning(partition)) {
    return failure(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, "No partition reassignment is in progress.")
  }
  const replicas = without(partition.replicas, partition.addingReplicas)
  const staying = without(partition.isr, partition.addingReplicas)
  const target = { replicas, addingReplicas: [], removingReplicas: [] }
  if (staying.length > 0 || partition.isr.length === 0) return { ...target, isr: staying }
  const [first] = replicas
  if (first === undefined || !rules.allowsUnclean(topic)) {
    return failure(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Unable to revert partition assignment for ${topic.name}:${partition.index} because it would require an unclean leader election.`
    )
  }
  return { ...target, isr: [first], leaderRecoveryState: Topics.recovery.recovering }
}

/** The size that the replica list will have once all is done that is under way. */
const replicationFactor = ({ replicas, removingReplicas }: Topics.Partition): number =>
  without(replicas, removingReplicas).length

const changed = (
  state: ControllerState,
  partition: Topics.Partition,
  wanted: Ids,
  allowReplicationFactorChange: boolean
): Target | Failure => {
  const wrong = checkManual(state, wanted, undefined)
  if (wrong !== undefined) return wrong
  const factor = replicationFactor(partition)
  if (!allowReplicationFactorChange && factor !== wanted.length) {
    return failure(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `The replication factor is changed from ${factor} to ${wanted.length}`
    )
  }
  const origin = without(partition.replicas, partition.addingReplicas)
  // What an earlier reassignment was adding, is wanted no more and has not caught up goes at once, so that a cancel leads back.
  const kept = partition.replicas.filter((id) => origin.includes(id) || partition.isr.includes(id))
  const removingReplicas = without(kept, wanted)
  const addingReplicas = without(wanted, origin)
  return { replicas: [...wanted, ...removingReplicas], removingReplicas, addingReplicas }
}

export const alterPartitionReassignments = (
  state: ControllerState,
  settings: Settings,
  command: AlterPartitionReassignments
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: ReassignmentsAltered } => {
  const rules = partitionRules(state, settings)
  const records: Array<MetadataRecordInput> = []
  const alterOne = (name: string, { partitionIndex, replicas }: ReassignedPartition): Failure => {
    const unknown = (what: string) => failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, what)
    const topic = Topics.byName(state.image.topics, name)
    if (topic === undefined) return unknown(`Unable to find a topic named ${name}.`)
    const partition = topic.partitions[partitionIndex]
    if (partition === undefined) return unknown(`Unable to find partition ${name}:${partitionIndex}.`)
    const target =
      replicas === null
        ? cancelled(topic, partition, rules)
        : changed(state, partition, replicas, command.allowReplicationFactorChange)
    if ("errorCode" in target) return target
    const change = rules.change(topic, partition, target)
    if (change !== undefined) records.push(change)
    return ok
  }
  const topics = command.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((asked) => ({ partitionIndex: asked.partitionIndex, ...alterOne(name, asked) }))
  }))
  if (records.length > maxRecordsPerRequest) return { records: [], reply: { ...tooLarge, topics: [] } }
  return { records, reply: { ...ok, topics } }
}
