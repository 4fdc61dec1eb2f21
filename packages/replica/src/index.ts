/** Partitions: the machine, its actor, the set of them on a node, and reading them. */
export * as AppendRules from "./AppendRules.ts"
export * as FetchWaiters from "./FetchWaiters.ts"
export type { PartitionActor } from "./PartitionActor.ts"
export * as PartitionRead from "./PartitionRead.ts"
export { ReplicaDirectory } from "./ReplicaDirectory.ts"
export * as Replicas from "./Replicas.ts"
export * as TopicSettings from "./TopicSettings.ts"
