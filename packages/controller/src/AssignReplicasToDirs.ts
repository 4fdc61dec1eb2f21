/**
 * Brokers say in which of their log directories replicas live (KIP-858). Invariants: a replica in a directory that is offline is in no
 * ISR and leads nothing; one whose directory its broker has no more began anew, and leads only once it has caught up (KIP-966).
 */
import { Brokers, type MetadataRecordInput, Topics } from "@klamm/metadata"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { checkBrokerEpoch } from "./BrokerEpoch.ts"
import { isOnline, type PartitionRules, partitionRules } from "./PartitionRules.ts"
import type { ControllerState, Settings } from "./State.ts"

export interface DirectoryAssignment<P> {
  readonly id: string
  readonly topics: ReadonlyArray<{ readonly topicId: string; readonly partitions: ReadonlyArray<P> }>
}

export interface AssignReplicasToDirs {
  readonly _tag: "AssignReplicasToDirs"
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly directories: ReadonlyArray<DirectoryAssignment<{ readonly partitionIndex: number }>>
}

export interface ReplicasAssigned {
  readonly errorCode: number
  readonly directories: ReadonlyArray<
    DirectoryAssignment<{ readonly partitionIndex: number; readonly errorCode: number }>
  >
}

/**
 * The partition with its replica there; without it in the ISR, if that directory has failed. A replica moves between directories that
 * the broker has both; one that comes from elsewhere lost what it had with the disk it was on.
 */
const assigned = (
  rules: PartitionRules,
  topic: Topics.Topic,
  partition: Topics.Partition,
  brokerId: number,
  directory: string,
  isOnlineIn: (directory: string) => boolean
): MetadataRecordInput | undefined => {
  const directories = new Map([[brokerId, directory]])
  const isr = isOnlineIn(directory) ? partition.isr : partition.isr.filter((id) => id !== brokerId)
  const before = Topics.directoryOf(partition, brokerId)
  const hasMoved = before === undefined || before === directory || isOnlineIn(before)
  return rules.change(topic, partition, { directories, isr, ...(hasMoved ? {} : { emptied: brokerId }) })
}

export const assignReplicasToDirs = (
  state: ControllerState,
  settings: Settings,
  { brokerId, brokerEpoch, directories }: AssignReplicasToDirs
): { readonly records: ReadonlyArray<MetadataRecordInput>; readonly reply: ReplicasAssigned } => {
  const stale = checkBrokerEpoch(state, brokerId, brokerEpoch)
  if (stale !== undefined || Brokers.get(state.image.brokers, brokerId) === undefined) {
    return { records: [], reply: { errorCode: ErrorCode.STALE_BROKER_EPOCH, directories: [] } }
  }
  const rules = partitionRules(state, settings)
  const records: Array<MetadataRecordInput> = []
  const assignOne = (directory: string, topicId: string, index: number): number => {
    const topic = Topics.byId(state.image.topics, topicId)
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
    const partition = topic.partitions[index]
    if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (!partition.replicas.includes(brokerId)) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    const change = assigned(rules, topic, partition, brokerId, directory, (id) => isOnline(state, brokerId, id))
    if (change !== undefined) records.push(change)
    return ErrorCode.NONE
  }
  const reply = directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assignOne(id, topicId, partitionIndex)
      }))
    }))
  }))
  return { records, reply: { errorCode: ErrorCode.NONE, directories: reply } }
}
