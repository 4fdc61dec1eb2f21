/**
 * The door of the package: Kafka's wire protocol as values. Messages are exported here by name; the structs inside them by
 * the file of their key (`@klamm/protocol/api/00-Produce`). Modules that are used as a whole are exported as namespaces.
 */
export { type Api, type Message, type MessageOptions, message, type Table } from "./Api.ts"
export { ProduceRequest, ProduceResponse } from "./api/00-Produce.ts"
export { FetchRequest, FetchResponse } from "./api/01-Fetch.ts"
export { ListOffsetsRequest, ListOffsetsResponse } from "./api/02-ListOffsets.ts"
export { MetadataRequest, MetadataResponse } from "./api/03-Metadata.ts"
export { OffsetCommitRequest, OffsetCommitResponse } from "./api/08-OffsetCommit.ts"
export { OffsetFetchRequest, OffsetFetchResponse } from "./api/09-OffsetFetch.ts"
export { FindCoordinatorRequest, FindCoordinatorResponse } from "./api/10-FindCoordinator.ts"
export { JoinGroupRequest, JoinGroupResponse } from "./api/11-JoinGroup.ts"
export { HeartbeatRequest, HeartbeatResponse } from "./api/12-Heartbeat.ts"
export { LeaveGroupRequest, LeaveGroupResponse } from "./api/13-LeaveGroup.ts"
export { SyncGroupRequest, SyncGroupResponse } from "./api/14-SyncGroup.ts"
export { DescribeGroupsRequest, DescribeGroupsResponse } from "./api/15-DescribeGroups.ts"
export { ListGroupsRequest, ListGroupsResponse } from "./api/16-ListGroups.ts"
export { SaslHandshakeRequest, SaslHandshakeResponse } from "./api/17-SaslHandshake.ts"
export { ApiVersionsRequest, ApiVersionsResponse } from "./api/18-ApiVersions.ts"
export { CreateTopicsRequest, CreateTopicsResponse } from "./api/19-CreateTopics.ts"
export { DeleteTopicsRequest, DeleteTopicsResponse } from "./api/20-DeleteTopics.ts"
export { DeleteRecordsRequest, DeleteRecordsResponse } from "./api/21-DeleteRecords.ts"
export { InitProducerIdRequest, InitProducerIdResponse } from "./api/22-InitProducerId.ts"
export { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from "./api/23-OffsetForLeaderEpoch.ts"
export { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from "./api/24-AddPartitionsToTxn.ts"
export { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from "./api/25-AddOffsetsToTxn.ts"
export { EndTxnRequest, EndTxnResponse } from "./api/26-EndTxn.ts"
export { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from "./api/27-WriteTxnMarkers.ts"
export { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from "./api/28-TxnOffsetCommit.ts"
export { DescribeAclsRequest, DescribeAclsResponse } from "./api/29-DescribeAcls.ts"
export { CreateAclsRequest, CreateAclsResponse } from "./api/30-CreateAcls.ts"
export { DeleteAclsRequest, DeleteAclsResponse } from "./api/31-DeleteAcls.ts"
export { DescribeConfigsRequest, DescribeConfigsResponse } from "./api/32-DescribeConfigs.ts"
export { AlterConfigsRequest, AlterConfigsResponse } from "./api/33-AlterConfigs.ts"
export { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from "./api/34-AlterReplicaLogDirs.ts"
export { DescribeLogDirsRequest, DescribeLogDirsResponse } from "./api/35-DescribeLogDirs.ts"
export { SaslAuthenticateRequest, SaslAuthenticateResponse } from "./api/36-SaslAuthenticate.ts"
export { CreatePartitionsRequest, CreatePartitionsResponse } from "./api/37-CreatePartitions.ts"
export { CreateDelegationTokenRequest, CreateDelegationTokenResponse } from "./api/38-CreateDelegationToken.ts"
export { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from "./api/39-RenewDelegationToken.ts"
export { ExpireDelegationTokenRequest, ExpireDelegationTokenResponse } from "./api/40-ExpireDelegationToken.ts"
export { DescribeDelegationTokenRequest, DescribeDelegationTokenResponse } from "./api/41-DescribeDelegationToken.ts"
export { DeleteGroupsRequest, DeleteGroupsResponse } from "./api/42-DeleteGroups.ts"
export { ElectLeadersRequest, ElectLeadersResponse } from "./api/43-ElectLeaders.ts"
export { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from "./api/44-IncrementalAlterConfigs.ts"
export {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
} from "./api/45-AlterPartitionReassignments.ts"
export {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
} from "./api/46-ListPartitionReassignments.ts"
export { OffsetDeleteRequest, OffsetDeleteResponse } from "./api/47-OffsetDelete.ts"
export { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from "./api/48-DescribeClientQuotas.ts"
export { AlterClientQuotasRequest, AlterClientQuotasResponse } from "./api/49-AlterClientQuotas.ts"
export {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse
} from "./api/50-DescribeUserScramCredentials.ts"
export {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse
} from "./api/51-AlterUserScramCredentials.ts"
export { VoteRequest, VoteResponse } from "./api/52-Vote.ts"
export { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from "./api/53-BeginQuorumEpoch.ts"
export { EndQuorumEpochRequest, EndQuorumEpochResponse } from "./api/54-EndQuorumEpoch.ts"
export { DescribeQuorumRequest, DescribeQuorumResponse } from "./api/55-DescribeQuorum.ts"
export { AlterPartitionRequest, AlterPartitionResponse } from "./api/56-AlterPartition.ts"
export { UpdateFeaturesRequest, UpdateFeaturesResponse } from "./api/57-UpdateFeatures.ts"
export { EnvelopeRequest, EnvelopeResponse } from "./api/58-Envelope.ts"
export { FetchSnapshotRequest, FetchSnapshotResponse } from "./api/59-FetchSnapshot.ts"
export { DescribeClusterRequest, DescribeClusterResponse } from "./api/60-DescribeCluster.ts"
export { DescribeProducersRequest, DescribeProducersResponse } from "./api/61-DescribeProducers.ts"
export { BrokerRegistrationRequest, BrokerRegistrationResponse } from "./api/62-BrokerRegistration.ts"
export { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from "./api/63-BrokerHeartbeat.ts"
export { UnregisterBrokerRequest, UnregisterBrokerResponse } from "./api/64-UnregisterBroker.ts"
export { DescribeTransactionsRequest, DescribeTransactionsResponse } from "./api/65-DescribeTransactions.ts"
export { ListTransactionsRequest, ListTransactionsResponse } from "./api/66-ListTransactions.ts"
export { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from "./api/67-AllocateProducerIds.ts"
export { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse } from "./api/68-ConsumerGroupHeartbeat.ts"
export { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from "./api/69-ConsumerGroupDescribe.ts"
export { ControllerRegistrationRequest, ControllerRegistrationResponse } from "./api/70-ControllerRegistration.ts"
export {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse
} from "./api/71-GetTelemetrySubscriptions.ts"
export { PushTelemetryRequest, PushTelemetryResponse } from "./api/72-PushTelemetry.ts"
export { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from "./api/73-AssignReplicasToDirs.ts"
export { ListConfigResourcesRequest, ListConfigResourcesResponse } from "./api/74-ListConfigResources.ts"
export { DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse } from "./api/75-DescribeTopicPartitions.ts"
export { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from "./api/76-ShareGroupHeartbeat.ts"
export { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from "./api/77-ShareGroupDescribe.ts"
export { ShareFetchRequest, ShareFetchResponse } from "./api/78-ShareFetch.ts"
export { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from "./api/79-ShareAcknowledge.ts"
export { AddRaftVoterRequest, AddRaftVoterResponse } from "./api/80-AddRaftVoter.ts"
export { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from "./api/81-RemoveRaftVoter.ts"
export { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from "./api/82-UpdateRaftVoter.ts"
export {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse
} from "./api/83-InitializeShareGroupState.ts"
export { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from "./api/84-ReadShareGroupState.ts"
export { WriteShareGroupStateRequest, WriteShareGroupStateResponse } from "./api/85-WriteShareGroupState.ts"
export { DeleteShareGroupStateRequest, DeleteShareGroupStateResponse } from "./api/86-DeleteShareGroupState.ts"
export {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse
} from "./api/87-ReadShareGroupStateSummary.ts"
export { StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse } from "./api/88-StreamsGroupHeartbeat.ts"
export { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from "./api/89-StreamsGroupDescribe.ts"
export {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse
} from "./api/90-DescribeShareGroupOffsets.ts"
export { AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse } from "./api/91-AlterShareGroupOffsets.ts"
export { DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse } from "./api/92-DeleteShareGroupOffsets.ts"
export {
  StreamsGroupTopologyDescriptionUpdateRequest,
  StreamsGroupTopologyDescriptionUpdateResponse
} from "./api/93-StreamsGroupTopologyDescriptionUpdate.ts"
export { UnregisterControllerRequest, UnregisterControllerResponse } from "./api/94-UnregisterController.ts"
export { apiByKey, apis } from "./api/index.ts"
export { MalformedBytes, Reader, Writer, written } from "./Bytes.ts"
export { type Codec, codec } from "./Compile.ts"
export * as Compression from "./Compression.ts"
export * as Crc32c from "./Crc32c.ts"
export { ErrorCode, type ErrorInfo, type ErrorName, errorByCode, errors } from "./ErrorCode.ts"
export { type Field, f, type VersionRange } from "./Field.ts"
export { FrameSplitter, frameLength, lengthPrefixBytes } from "./Frame.ts"
export {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  firstPrivateKey,
  type RequestHeader
} from "./Header.ts"
export * as Record from "./Record.ts"
export * as RecordBatch from "./RecordBatch.ts"
export { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from "./records/ConsumerProtocol.ts"
export {
  AbortedTxn,
  ControlRecordTypeSchema,
  EndTxnMarker,
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord
} from "./records/Control.ts"
export { GroupMetadataKey, GroupMetadataValue } from "./records/group/Classic.ts"
export {
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataValue,
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupPartitionMetadataValue,
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataValue
} from "./records/group/Consumer.ts"
export {
  LegacyOffsetCommitKey,
  LegacyOffsetCommitValue,
  OffsetCommitKey,
  OffsetCommitValue
} from "./records/group/Offset.ts"
export {
  ShareGroupCurrentMemberAssignmentKey,
  ShareGroupCurrentMemberAssignmentValue,
  ShareGroupMemberMetadataKey,
  ShareGroupMemberMetadataValue,
  ShareGroupMetadataKey,
  ShareGroupMetadataValue,
  ShareGroupStatePartitionMetadataKey,
  ShareGroupStatePartitionMetadataValue,
  ShareGroupTargetAssignmentMemberKey,
  ShareGroupTargetAssignmentMemberValue,
  ShareGroupTargetAssignmentMetadataKey,
  ShareGroupTargetAssignmentMetadataValue
} from "./records/group/Share.ts"
export {
  StreamsGroupCurrentMemberAssignmentKey,
  StreamsGroupCurrentMemberAssignmentValue,
  StreamsGroupMemberMetadataKey,
  StreamsGroupMemberMetadataValue,
  StreamsGroupMetadataKey,
  StreamsGroupMetadataValue,
  StreamsGroupTargetAssignmentMemberKey,
  StreamsGroupTargetAssignmentMemberValue,
  StreamsGroupTargetAssignmentMetadataKey,
  StreamsGroupTargetAssignmentMetadataValue,
  StreamsGroupTopologyKey,
  StreamsGroupTopologyValue
} from "./records/group/Streams.ts"
export {
  controlRecords,
  embeddedData,
  groupRecords,
  metadataRecords,
  records,
  shareStateRecords,
  transactionRecords
} from "./records/index.ts"
export {
  BrokerRegistrationChangeRecord,
  FenceBrokerRecord,
  RegisterBrokerRecord,
  UnfenceBrokerRecord,
  UnregisterBrokerRecord
} from "./records/metadata/Brokers.ts"
export { ClientQuotaRecord, ConfigRecord, FeatureLevelRecord } from "./records/metadata/Configs.ts"
export { RegisterControllerRecord, UnregisterControllerRecord } from "./records/metadata/Controllers.ts"
export {
  AbortTransactionRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  NoOpRecord,
  ProducerIdsRecord,
  ZkMigrationStateRecord
} from "./records/metadata/Log.ts"
export {
  AccessControlEntryRecord,
  DelegationTokenRecord,
  RemoveAccessControlEntryRecord,
  RemoveDelegationTokenRecord,
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord
} from "./records/metadata/Security.ts"
export {
  ClearElrRecord,
  PartitionChangeRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicRecord
} from "./records/metadata/Topics.ts"
export { DefaultPrincipalData } from "./records/Principal.ts"
export { QuorumStateData } from "./records/QuorumState.ts"
export { ShareSnapshotKey, ShareSnapshotValue, ShareUpdateKey, ShareUpdateValue } from "./records/ShareState.ts"
export { SubscriptionInfoData } from "./records/StreamsSubscription.ts"
export { TransactionLogKey, TransactionLogValue } from "./records/Transaction.ts"
export * as Uuid from "./Uuid.ts"
