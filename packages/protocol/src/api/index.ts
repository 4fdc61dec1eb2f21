/**
 * Every API of the protocol, in the order of keys: the one list from which ApiVersions, the headers' versions and docs/apis.md
 * derive. An API that is not here does not exist. Structs inside messages are imported from the file of their key.
 */
import type { Api } from "../Api.ts"
import { ProduceRequest, ProduceResponse } from "./00-Produce.ts"
import { FetchRequest, FetchResponse } from "./01-Fetch.ts"
import { ListOffsetsRequest, ListOffsetsResponse } from "./02-ListOffsets.ts"
import { MetadataRequest, MetadataResponse } from "./03-Metadata.ts"
import { OffsetCommitRequest, OffsetCommitResponse } from "./08-OffsetCommit.ts"
import { OffsetFetchRequest, OffsetFetchResponse } from "./09-OffsetFetch.ts"
import { FindCoordinatorRequest, FindCoordinatorResponse } from "./10-FindCoordinator.ts"
import { JoinGroupRequest, JoinGroupResponse } from "./11-JoinGroup.ts"
import { HeartbeatRequest, HeartbeatResponse } from "./12-Heartbeat.ts"
import { LeaveGroupRequest, LeaveGroupResponse } from "./13-LeaveGroup.ts"
import { SyncGroupRequest, SyncGroupResponse } from "./14-SyncGroup.ts"
import { DescribeGroupsRequest, DescribeGroupsResponse } from "./15-DescribeGroups.ts"
import { ListGroupsRequest, ListGroupsResponse } from "./16-ListGroups.ts"
import { SaslHandshakeRequest, SaslHandshakeResponse } from "./17-SaslHandshake.ts"
import { ApiVersionsRequest, ApiVersionsResponse } from "./18-ApiVersions.ts"
import { CreateTopicsRequest, CreateTopicsResponse } from "./19-CreateTopics.ts"
import { DeleteTopicsRequest, DeleteTopicsResponse } from "./20-DeleteTopics.ts"
import { DeleteRecordsRequest, DeleteRecordsResponse } from "./21-DeleteRecords.ts"
import { InitProducerIdRequest, InitProducerIdResponse } from "./22-InitProducerId.ts"
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from "./23-OffsetForLeaderEpoch.ts"
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from "./24-AddPartitionsToTxn.ts"
import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from "./25-AddOffsetsToTxn.ts"
import { EndTxnRequest, EndTxnResponse } from "./26-EndTxn.ts"
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from "./27-WriteTxnMarkers.ts"
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from "./28-TxnOffsetCommit.ts"
import { DescribeAclsRequest, DescribeAclsResponse } from "./29-DescribeAcls.ts"
import { CreateAclsRequest, CreateAclsResponse } from "./30-CreateAcls.ts"
import { DeleteAclsRequest, DeleteAclsResponse } from "./31-DeleteAcls.ts"
import { DescribeConfigsRequest, DescribeConfigsResponse } from "./32-DescribeConfigs.ts"
import { AlterConfigsRequest, AlterConfigsResponse } from "./33-AlterConfigs.ts"
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from "./34-AlterReplicaLogDirs.ts"
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from "./35-DescribeLogDirs.ts"
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from "./36-SaslAuthenticate.ts"
import { CreatePartitionsRequest, CreatePartitionsResponse } from "./37-CreatePartitions.ts"
import { CreateDelegationTokenRequest, CreateDelegationTokenResponse } from "./38-CreateDelegationToken.ts"
import { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from "./39-RenewDelegationToken.ts"
import { ExpireDelegationTokenRequest, ExpireDelegationTokenResponse } from "./40-ExpireDelegationToken.ts"
import { DescribeDelegationTokenRequest, DescribeDelegationTokenResponse } from "./41-DescribeDelegationToken.ts"
import { DeleteGroupsRequest, DeleteGroupsResponse } from "./42-DeleteGroups.ts"
import { ElectLeadersRequest, ElectLeadersResponse } from "./43-ElectLeaders.ts"
import { IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse } from "./44-IncrementalAlterConfigs.ts"
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
} from "./45-AlterPartitionReassignments.ts"
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
} from "./46-ListPartitionReassignments.ts"
import { OffsetDeleteRequest, OffsetDeleteResponse } from "./47-OffsetDelete.ts"
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from "./48-DescribeClientQuotas.ts"
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from "./49-AlterClientQuotas.ts"
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse
} from "./50-DescribeUserScramCredentials.ts"
import { AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse } from "./51-AlterUserScramCredentials.ts"
import { VoteRequest, VoteResponse } from "./52-Vote.ts"
import { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from "./53-BeginQuorumEpoch.ts"
import { EndQuorumEpochRequest, EndQuorumEpochResponse } from "./54-EndQuorumEpoch.ts"
import { DescribeQuorumRequest, DescribeQuorumResponse } from "./55-DescribeQuorum.ts"
import { AlterPartitionRequest, AlterPartitionResponse } from "./56-AlterPartition.ts"
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from "./57-UpdateFeatures.ts"
import { EnvelopeRequest, EnvelopeResponse } from "./58-Envelope.ts"
import { FetchSnapshotRequest, FetchSnapshotResponse } from "./59-FetchSnapshot.ts"
import { DescribeClusterRequest, DescribeClusterResponse } from "./60-DescribeCluster.ts"
import { DescribeProducersRequest, DescribeProducersResponse } from "./61-DescribeProducers.ts"
import { BrokerRegistrationRequest, BrokerRegistrationResponse } from "./62-BrokerRegistration.ts"
import { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from "./63-BrokerHeartbeat.ts"
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from "./64-UnregisterBroker.ts"
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from "./65-DescribeTransactions.ts"
import { ListTransactionsRequest, ListTransactionsResponse } from "./66-ListTransactions.ts"
import { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from "./67-AllocateProducerIds.ts"
import { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse } from "./68-ConsumerGroupHeartbeat.ts"
import { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from "./69-ConsumerGroupDescribe.ts"
import { ControllerRegistrationRequest, ControllerRegistrationResponse } from "./70-ControllerRegistration.ts"
import { GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse } from "./71-GetTelemetrySubscriptions.ts"
import { PushTelemetryRequest, PushTelemetryResponse } from "./72-PushTelemetry.ts"
import { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from "./73-AssignReplicasToDirs.ts"
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from "./74-ListConfigResources.ts"
import { DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse } from "./75-DescribeTopicPartitions.ts"
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from "./76-ShareGroupHeartbeat.ts"
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from "./77-ShareGroupDescribe.ts"
import { ShareFetchRequest, ShareFetchResponse } from "./78-ShareFetch.ts"
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from "./79-ShareAcknowledge.ts"
import { AddRaftVoterRequest, AddRaftVoterResponse } from "./80-AddRaftVoter.ts"
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from "./81-RemoveRaftVoter.ts"
import { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from "./82-UpdateRaftVoter.ts"
import { InitializeShareGroupStateRequest, InitializeShareGroupStateResponse } from "./83-InitializeShareGroupState.ts"
import { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from "./84-ReadShareGroupState.ts"
import { WriteShareGroupStateRequest, WriteShareGroupStateResponse } from "./85-WriteShareGroupState.ts"
import { DeleteShareGroupStateRequest, DeleteShareGroupStateResponse } from "./86-DeleteShareGroupState.ts"
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse
} from "./87-ReadShareGroupStateSummary.ts"
import { StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse } from "./88-StreamsGroupHeartbeat.ts"
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from "./89-StreamsGroupDescribe.ts"
import { DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse } from "./90-DescribeShareGroupOffsets.ts"
import { AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse } from "./91-AlterShareGroupOffsets.ts"
import { DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse } from "./92-DeleteShareGroupOffsets.ts"
import {
  StreamsGroupTopologyDescriptionUpdateRequest,
  StreamsGroupTopologyDescriptionUpdateResponse
} from "./93-StreamsGroupTopologyDescriptionUpdate.ts"
import { UnregisterControllerRequest, UnregisterControllerResponse } from "./94-UnregisterController.ts"

const api = (request: Api["request"], response: Api["response"]): Api => ({
  key: request.key,
  name: request.name.slice(0, -"Request".length),
  request,
  response
})

/** Requests and responses, in the order of keys. */
export const apis: ReadonlyArray<Api> = [
  api(ProduceRequest, ProduceResponse),
  api(FetchRequest, FetchResponse),
  api(ListOffsetsRequest, ListOffsetsResponse),
  api(MetadataRequest, MetadataResponse),
  api(OffsetCommitRequest, OffsetCommitResponse),
  api(OffsetFetchRequest, OffsetFetchResponse),
  api(FindCoordinatorRequest, FindCoordinatorResponse),
  api(JoinGroupRequest, JoinGroupResponse),
  api(HeartbeatRequest, HeartbeatResponse),
  api(LeaveGroupRequest, LeaveGroupResponse),
  api(SyncGroupRequest, SyncGroupResponse),
  api(DescribeGroupsRequest, DescribeGroupsResponse),
  api(ListGroupsRequest, ListGroupsResponse),
  api(SaslHandshakeRequest, SaslHandshakeResponse),
  api(ApiVersionsRequest, ApiVersionsResponse),
  api(CreateTopicsRequest, CreateTopicsResponse),
  api(DeleteTopicsRequest, DeleteTopicsResponse),
  api(DeleteRecordsRequest, DeleteRecordsResponse),
  api(InitProducerIdRequest, InitProducerIdResponse),
  api(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse),
  api(AddPartitionsToTxnRequest, AddPartitionsToTxnResponse),
  api(AddOffsetsToTxnRequest, AddOffsetsToTxnResponse),
  api(EndTxnRequest, EndTxnResponse),
  api(WriteTxnMarkersRequest, WriteTxnMarkersResponse),
  api(TxnOffsetCommitRequest, TxnOffsetCommitResponse),
  api(DescribeAclsRequest, DescribeAclsResponse),
  api(CreateAclsRequest, CreateAclsResponse),
  api(DeleteAclsRequest, DeleteAclsResponse),
  api(DescribeConfigsRequest, DescribeConfigsResponse),
  api(AlterConfigsRequest, AlterConfigsResponse),
  api(AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse),
  api(DescribeLogDirsRequest, DescribeLogDirsResponse),
  api(SaslAuthenticateRequest, SaslAuthenticateResponse),
  api(CreatePartitionsRequest, CreatePartitionsResponse),
  api(CreateDelegationTokenRequest, CreateDelegationTokenResponse),
  api(RenewDelegationTokenRequest, RenewDelegationTokenResponse),
  api(ExpireDelegationTokenRequest, ExpireDelegationTokenResponse),
  api(DescribeDelegationTokenRequest, DescribeDelegationTokenResponse),
  api(DeleteGroupsRequest, DeleteGroupsResponse),
  api(ElectLeadersRequest, ElectLeadersResponse),
  api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse),
  api(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse),
  api(ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse),
  api(OffsetDeleteRequest, OffsetDeleteResponse),
  api(DescribeClientQuotasRequest, DescribeClientQuotasResponse),
  api(AlterClientQuotasRequest, AlterClientQuotasResponse),
  api(DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse),
  api(AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse),
  api(VoteRequest, VoteResponse),
  api(BeginQuorumEpochRequest, BeginQuorumEpochResponse),
  api(EndQuorumEpochRequest, EndQuorumEpochResponse),
  api(DescribeQuorumRequest, DescribeQuorumResponse),
  api(AlterPartitionRequest, AlterPartitionResponse),
  api(UpdateFeaturesRequest, UpdateFeaturesResponse),
  api(EnvelopeRequest, EnvelopeResponse),
  api(FetchSnapshotRequest, FetchSnapshotResponse),
  api(DescribeClusterRequest, DescribeClusterResponse),
  api(DescribeProducersRequest, DescribeProducersResponse),
  api(BrokerRegistrationRequest, BrokerRegistrationResponse),
  api(BrokerHeartbeatRequest, BrokerHeartbeatResponse),
  api(UnregisterBrokerRequest, UnregisterBrokerResponse),
  api(DescribeTransactionsRequest, DescribeTransactionsResponse),
  api(ListTransactionsRequest, ListTransactionsResponse),
  api(AllocateProducerIdsRequest, AllocateProducerIdsResponse),
  api(ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse),
  api(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse),
  api(ControllerRegistrationRequest, ControllerRegistrationResponse),
  api(GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse),
  api(PushTelemetryRequest, PushTelemetryResponse),
  api(AssignReplicasToDirsRequest, AssignReplicasToDirsResponse),
  api(ListConfigResourcesRequest, ListConfigResourcesResponse),
  api(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse),
  api(ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse),
  api(ShareGroupDescribeRequest, ShareGroupDescribeResponse),
  api(ShareFetchRequest, ShareFetchResponse),
  api(ShareAcknowledgeRequest, ShareAcknowledgeResponse),
  api(AddRaftVoterRequest, AddRaftVoterResponse),
  api(RemoveRaftVoterRequest, RemoveRaftVoterResponse),
  api(UpdateRaftVoterRequest, UpdateRaftVoterResponse),
  api(InitializeShareGroupStateRequest, InitializeShareGroupStateResponse),
  api(ReadShareGroupStateRequest, ReadShareGroupStateResponse),
  api(WriteShareGroupStateRequest, WriteShareGroupStateResponse),
  api(DeleteShareGroupStateRequest, DeleteShareGroupStateResponse),
  api(ReadShareGroupStateSummaryRequest, ReadShareGroupStateSummaryResponse),
  api(StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse),
  api(StreamsGroupDescribeRequest, StreamsGroupDescribeResponse),
  api(DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse),
  api(AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse),
  api(DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse),
  api(StreamsGroupTopologyDescriptionUpdateRequest, StreamsGroupTopologyDescriptionUpdateResponse),
  api(UnregisterControllerRequest, UnregisterControllerResponse)
]

/** The API of a key. */
export const apiByKey: ReadonlyMap<number, Api> = new Map(apis.map((one) => [one.key, one]))
