/** The controller of the cluster: commands in, metadata records and replies out. `Bus.ts` is imported by name, for it brings Schema along. */
export type { AlteredResource } from "./AlterConfigs.ts"
export type {
  AlteredPartition,
  AlterPartition,
  IsrMember,
  PartitionAltered,
  PartitionsAltered
} from "./AlterPartition.ts"
export * from "./Answer.ts"
export type { AssignReplicasToDirs, ReplicasAssigned } from "./AssignReplicasToDirs.ts"
export * as BrokerRegistry from "./BrokerRegistry.ts"
export * from "./Controller.ts"
export * as ControllerNode from "./ControllerNode.ts"
export type { RegisterController } from "./ControllerRegistry.ts"
export type { CreatedTopic } from "./CreateTopics.ts"
export type { ElectLeaders, LeadersElected } from "./ElectLeaders.ts"
export * as Features from "./Features.ts"
export type { Heartbeat, HeartbeatAnswer } from "./Heartbeats.ts"
export type { AlterPartitionReassignments, ReassignmentsAltered } from "./Reassign.ts"
export type { BrokerLost } from "./Sessions.ts"
export * as SnapshotGenerator from "./SnapshotGenerator.ts"
export { illegal as illegalTopicName } from "./TopicNames.ts"
export { type FeatureUpdate, invalidMessage as invalidFeatureUpdate, type UpdateFeatures } from "./UpdateFeatures.ts"
