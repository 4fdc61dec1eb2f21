/**
 * Every handler of a node, one per API key, for its two kinds of listener. What is not listed is not served and not advertised.
 */
import type { Handler } from "../Handler.ts"
import type { ControlServices, Services } from "../Services.ts"
import { produce } from "./00-Produce.ts"
import { fetch } from "./01-Fetch.ts"
import { listOffsets } from "./02-ListOffsets.ts"
import { metadata } from "./03-Metadata.ts"
import { offsetCommit } from "./08-OffsetCommit.ts"
import { offsetFetch } from "./09-OffsetFetch.ts"
import { findCoordinator } from "./10-FindCoordinator.ts"
import { joinGroup } from "./11-JoinGroup.ts"
import { heartbeat } from "./12-Heartbeat.ts"
import { leaveGroup } from "./13-LeaveGroup.ts"
import { syncGroup } from "./14-SyncGroup.ts"
import { describeGroups } from "./15-DescribeGroups.ts"
import { listGroups } from "./16-ListGroups.ts"
import { apiVersions } from "./18-ApiVersions.ts"
import { createTopics } from "./19-CreateTopics.ts"
import { deleteTopics } from "./20-DeleteTopics.ts"
import { deleteRecords } from "./21-DeleteRecords.ts"
import { initProducerId } from "./22-InitProducerId.ts"
import { offsetForLeaderEpoch } from "./23-OffsetForLeaderEpoch.ts"
import { describeConfigs } from "./32-DescribeConfigs.ts"
import { alterConfigs } from "./33-AlterConfigs.ts"
import { alterReplicaLogDirs } from "./34-AlterReplicaLogDirs.ts"
import { describeLogDirs } from "./35-DescribeLogDirs.ts"
import { createPartitions } from "./37-CreatePartitions.ts"
import { deleteGroups } from "./42-DeleteGroups.ts"
import { electLeaders } from "./43-ElectLeaders.ts"
import { incrementalAlterConfigs } from "./44-IncrementalAlterConfigs.ts"
import { alterPartitionReassignments } from "./45-AlterPartitionReassignments.ts"
import { listPartitionReassignments } from "./46-ListPartitionReassignments.ts"
import { offsetDelete } from "./47-OffsetDelete.ts"
import { describeQuorum } from "./55-DescribeQuorum.ts"
import { updateFeatures } from "./57-UpdateFeatures.ts"
import { describeCluster, describeControllers } from "./60-DescribeCluster.ts"
import { describeProducers } from "./61-DescribeProducers.ts"
import { unregisterBroker } from "./64-UnregisterBroker.ts"
import { listConfigResources } from "./74-ListConfigResources.ts"
import { describeTopicPartitions } from "./75-DescribeTopicPartitions.ts"
import { addRaftVoter } from "./80-AddRaftVoter.ts"
import { removeRaftVoter } from "./81-RemoveRaftVoter.ts"

/** What clients and brokers are served. */
const ofBrokers = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  alterConfigs,
  alterReplicaLogDirs,
  describeLogDirs,
  createPartitions,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  describeQuorum,
  updateFeatures,
  describeCluster,
  describeProducers,
  unregisterBroker,
  listConfigResources,
  describeTopicPartitions,
  addRaftVoter,
  removeRaftVoter
]

/** What is served on the listeners of controllers (KIP-919), beside what only nodes of this kind say. */
const ofControllers = [
  describeConfigs,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  describeQuorum,
  updateFeatures,
  describeControllers,
  unregisterBroker,
  addRaftVoter,
  removeRaftVoter
]

const withApiVersions = <S extends ControlServices>(
  services: S,
  kinds: ReadonlyArray<(services: S) => Handler>
): ReadonlyArray<Handler> => {
  const handlers: Array<Handler> = kinds.map((make) => make(services))
  handlers.push(apiVersions(services, () => handlers))
  return handlers
}

export const makeHandlers = (services: Services): ReadonlyArray<Handler> => withApiVersions(services, ofBrokers)

export const controllerHandlers = (services: ControlServices): ReadonlyArray<Handler> =>
  withApiVersions(services, ofControllers)
