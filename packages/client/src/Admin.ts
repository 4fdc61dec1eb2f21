/**
 * The administrator: every admin API of Kafka, typed. Each call is an effect that needs a client and fails with `AdminError`, which names
 * every resource that was refused and why. Neighbours: the files of `admin/`, one per kind of resource; `admin/Call.ts` has the rules of
 * asking.
 */
export * from "./admin/Acls.ts"
export {
  type AclOperation,
  type Admin,
  AdminError,
  type Failure,
  type TopicName,
  type TopicPartition
} from "./admin/Call.ts"
export * from "./admin/Cluster.ts"
export * from "./admin/Configs.ts"
export * from "./admin/GroupOffsets.ts"
export {
  type AssignedTopic,
  type ClassicGroup,
  type ClassicMember,
  type ConsumerGroup,
  type ConsumerMember,
  deleteGroups,
  describeClassicGroups,
  describeConsumerGroups,
  type ListedGroup,
  type ListGroupsOptions,
  listGroups,
  type MemberToRemove,
  removeMembers
} from "./admin/Groups.ts"
export * from "./admin/Offsets.ts"
export * from "./admin/OtherGroups.ts"
export * from "./admin/Replicas.ts"
export {
  type CreatedTopic,
  createPartitions,
  createTopics,
  deleteTopics,
  describeTopic,
  describeTopics,
  type ListedTopic,
  listTopics,
  type MadeTopic,
  type NewTopic,
  type PartitionDescription,
  type TopicDescription
} from "./admin/Topics.ts"
export * from "./admin/Transactions.ts"
export * from "./admin/Users.ts"
