/**
 * What the group coordinator offers to the broker and what it asks of it. Requests and answers are Kafka's message bodies, as
 * in Kafka's GroupCoordinator interface, so that handlers only check rights and translate topic ids. Neighbours:
 * GroupCoordinator.ts keeps the promise, Shard.ts decides.
 */
import type { OffsetCommitRequest, OffsetCommitResponse } from "@klamm/protocol/api/08-OffsetCommit"
import type { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import type { JoinGroupRequest, JoinGroupResponse } from "@klamm/protocol/api/11-JoinGroup"
import type { HeartbeatRequest, HeartbeatResponse } from "@klamm/protocol/api/12-Heartbeat"
import type { LeaveGroupRequest, LeaveGroupResponse } from "@klamm/protocol/api/13-LeaveGroup"
import type { SyncGroupRequest, SyncGroupResponse } from "@klamm/protocol/api/14-SyncGroup"
import type { DescribeGroupsRequest, DescribeGroupsResponse } from "@klamm/protocol/api/15-DescribeGroups"
import type { ListGroupsRequest, ListGroupsResponse } from "@klamm/protocol/api/16-ListGroups"
import type { DeleteGroupsRequest, DeleteGroupsResponse } from "@klamm/protocol/api/42-DeleteGroups"
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "@klamm/protocol/api/47-OffsetDelete"
import type { Decompression } from "@klamm/protocol/Compression"
import type * as Effect from "effect/Effect"

/** Who asks. */
export interface Caller {
  readonly apiVersion: number
  readonly clientId: string | null
  /** As DescribeGroups prints it: `/127.0.0.1`. */
  readonly clientHost: string
}

/** Broker keys that govern groups; read anew for every request, because some change while the broker runs. */
export interface GroupSettings {
  /** group.min.session.timeout.ms */
  readonly minSessionTimeoutMs: number
  /** group.max.session.timeout.ms */
  readonly maxSessionTimeoutMs: number
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number
  /** group.max.size */
  readonly maxSize: number
  /** offset.metadata.max.bytes */
  readonly offsetMetadataMaxBytes: number
  /** offsets.commit.timeout.ms */
  readonly offsetsCommitTimeoutMs: number
  /** offsets.retention.minutes, in ms. */
  readonly offsetsRetentionMs: number
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number
  /** offsets.topic.num.partitions */
  readonly offsetsTopicNumPartitions: number
}

/** The log of one partition of __consumer_offsets, given by the broker while it leads the partition. */
export interface PartitionLog {
  /**
   * Appends one encoded batch (base offset 0, the log assigns) and answers once it is committed (acks=all): error code 0, or
   * the code Produce would give.
   */
  readonly append: (batch: Uint8Array) => Effect.Effect<{ readonly errorCode: number; readonly baseOffset: number }>
  /** Gives every stored batch from the log start to the log end, in order. */
  readonly load: (onBatch: (batch: Uint8Array) => void) => Effect.Effect<void>
}

export type Handle<Request extends { readonly Type: unknown }, Response extends { readonly Input: unknown }> = (
  body: Request["Type"],
  caller: Caller
) => Effect.Effect<Response["Input"]>

/** Groups and their offsets. No method fails: what goes wrong is an error code in the answer. */
export interface GroupCoordinator {
  /** The partition of __consumer_offsets that keeps a group. */
  readonly partitionFor: (groupId: string) => number
  readonly joinGroup: Handle<typeof JoinGroupRequest, typeof JoinGroupResponse>
  readonly syncGroup: Handle<typeof SyncGroupRequest, typeof SyncGroupResponse>
  readonly heartbeat: Handle<typeof HeartbeatRequest, typeof HeartbeatResponse>
  readonly leaveGroup: Handle<typeof LeaveGroupRequest, typeof LeaveGroupResponse>
  /** Commits by topic name; whoever asks has checked that topics and partitions exist. */
  readonly offsetCommit: Handle<typeof OffsetCommitRequest, typeof OffsetCommitResponse>
  /** In the form of the version asked: one group below v8, many from there on. */
  readonly offsetFetch: Handle<typeof OffsetFetchRequest, typeof OffsetFetchResponse>
  readonly offsetDelete: Handle<typeof OffsetDeleteRequest, typeof OffsetDeleteResponse>
  readonly describeGroups: Handle<typeof DescribeGroupsRequest, typeof DescribeGroupsResponse>
  readonly listGroups: Handle<typeof ListGroupsRequest, typeof ListGroupsResponse>
  readonly deleteGroups: Handle<typeof DeleteGroupsRequest, typeof DeleteGroupsResponse>
  /** This broker now leads the partition: its groups are loaded in the background and served once that is done. */
  readonly onLeader: (partition: number, leaderEpoch: number, log: PartitionLog) => Effect.Effect<void>
  /** This broker leads the partition no more: whoever waits is answered NOT_COORDINATOR, and the groups are forgotten. */
  readonly onResigned: (partition: number) => Effect.Effect<void>
  /** The partitions whose groups live here, each with the leader epoch under which they were loaded. */
  readonly partitions: () => ReadonlyMap<number, number>
  /** Removes the commits of topics that are no more, with tombstones. */
  readonly onTopicsDeleted: (topicNames: ReadonlyArray<string>) => Effect.Effect<void>
}

export interface CoordinatorOptions {
  readonly config: () => GroupSettings
  /** Bits of the operations that DescribeGroups reports when it is asked to. */
  readonly groupOperations: number
  /** Batches that Kafka wrote may be compressed; what is written here is not. */
  readonly decompression: () => Decompression
}
