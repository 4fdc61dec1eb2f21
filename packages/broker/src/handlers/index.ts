/**
 * Every handler of this broker, one per API key. What is not listed here is not served and not advertised.
 */
import type { Handler } from "../Handler.ts"
import type { Services } from "../Services.ts"
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
import { describeLogDirs } from "./35-DescribeLogDirs.ts"
import { createPartitions } from "./37-CreatePartitions.ts"
import { deleteGroups } from "./42-DeleteGroups.ts"
import { incrementalAlterConfigs } from "./44-IncrementalAlterConfigs.ts"
import { offsetDelete } from "./47-OffsetDelete.ts"
import { describeCluster } from "./60-DescribeCluster.ts"
import { describeProducers } from "./61-DescribeProducers.ts"
import { listConfigResources } from "./74-ListConfigResources.ts"
import { describeTopicPartitions } from "./75-DescribeTopicPartitions.ts"

const kinds = [
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
  describeLogDirs,
  createPartitions,
  deleteGroups,
  incrementalAlterConfigs,
  offsetDelete,
  describeCluster,
  describeProducers,
  listConfigResources,
  describeTopicPartitions
]

export const makeHandlers = (services: Services): ReadonlyArray<Handler> => {
  const handlers: Array<Handler> = kinds.map((make) => make(services))
  handlers.push(apiVersions(services, () => handlers))
  return handlers
}
