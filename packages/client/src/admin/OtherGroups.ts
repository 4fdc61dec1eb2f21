/** Share groups (KIP-932) and streams groups (KIP-1071): described; what share groups have reached is read, set, forgotten. */
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from "@klamm/protocol/api/77-ShareGroupDescribe"
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from "@klamm/protocol/api/89-StreamsGroupDescribe"
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse
} from "@klamm/protocol/api/90-DescribeShareGroupOffsets"
import {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse
} from "@klamm/protocol/api/91-AlterShareGroupOffsets"
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse
} from "@klamm/protocol/api/92-DeleteShareGroupOffsets"
import {
  type Admin,
  ask,
  byTopic,
  coordinator,
  failureOf,
  failuresOf,
  nameOf,
  outcome,
  printPartition,
  type TopicName,
  type TopicPartition
} from "./Call.ts"
import { type AssignedTopic, assignedTopics, describeEach, describing } from "./Groups.ts"

/** A share group (KIP-932) and its members. */
export interface ShareGroup {
  readonly group: string
  readonly state: string
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignor: string
  readonly members: ReadonlyArray<{
    readonly memberId: string
    readonly rack: string | null
    readonly epoch: number
    readonly clientId: string
    readonly clientHost: string
    readonly topics: ReadonlyArray<string>
    readonly assignment: ReadonlyArray<AssignedTopic>
  }>
}

/** Share groups and their members. Fails with AdminError, GROUP_ID_NOT_FOUND among them. */
export const describeShareGroups = (groups: ReadonlyArray<string>): Admin<ReadonlyArray<ShareGroup>> =>
  describeEach(groups, {
    operation: "describeShareGroups",
    api: { request: ShareGroupDescribeRequest, response: ShareGroupDescribeResponse },
    body: describing,
    found: (answer) => answer.groups,
    describe: (found): ShareGroup => ({
      group: found.groupId,
      state: found.groupState,
      epoch: found.groupEpoch,
      assignmentEpoch: found.assignmentEpoch,
      assignor: found.assignorName,
      members: found.members.map((member) => ({
        memberId: member.memberId,
        rack: member.rackId,
        epoch: member.memberEpoch,
        clientId: member.clientId,
        clientHost: member.clientHost,
        topics: [...member.subscribedTopicNames],
        assignment: assignedTopics(member.assignment.topicPartitions)
      }))
    })
  })

/** The partitions of one subtopology that a member works on. */
export interface StreamsTasks {
  readonly subtopology: string
  readonly partitions: ReadonlyArray<number>
}

/** A group of Kafka Streams (KIP-1071), its topology and its members. */
export interface StreamsGroup {
  readonly group: string
  readonly state: string
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly subtopologies: ReadonlyArray<{ readonly id: string; readonly sourceTopics: ReadonlyArray<string> }>
  readonly members: ReadonlyArray<{
    readonly memberId: string
    readonly processId: string
    readonly epoch: number
    readonly clientId: string
    readonly clientHost: string
    readonly active: ReadonlyArray<StreamsTasks>
    readonly standby: ReadonlyArray<StreamsTasks>
    readonly warmup: ReadonlyArray<StreamsTasks>
  }>
}

const tasksOf = (
  tasks: ReadonlyArray<{ readonly subtopologyId: string; readonly partitions: ReadonlyArray<number> }>
): ReadonlyArray<StreamsTasks> =>
  tasks.map(({ subtopologyId, partitions }) => ({ subtopology: subtopologyId, partitions: [...partitions] }))

/** Groups of Kafka Streams and their members. Fails with AdminError, GROUP_ID_NOT_FOUND among them. */
export const describeStreamsGroups = (groups: ReadonlyArray<string>): Admin<ReadonlyArray<StreamsGroup>> =>
  describeEach(groups, {
    operation: "describeStreamsGroups",
    api: { request: StreamsGroupDescribeRequest, response: StreamsGroupDescribeResponse },
    body: describing,
    found: (answer) => answer.groups,
    describe: (found): StreamsGroup => ({
      group: found.groupId,
      state: found.groupState,
      epoch: found.groupEpoch,
      assignmentEpoch: found.assignmentEpoch,
      subtopologies: (found.topology?.subtopologies ?? []).map(({ subtopologyId, sourceTopics }) => ({
        id: subtopologyId,
        sourceTopics: [...sourceTopics]
      })),
      members: found.members.map((member) => ({
        memberId: member.memberId,
        processId: member.processId,
        epoch: member.memberEpoch,
        clientId: member.clientId,
        clientHost: member.clientHost,
        active: tasksOf(member.assignment.activeTasks),
        standby: tasksOf(member.assignment.standbyTasks),
        warmup: tasksOf(member.assignment.warmupTasks)
      }))
    })
  })

/** How far a share group has come in a partition. */
export interface ShareGroupOffset {
  readonly topic: string
  readonly partition: number
  /** Where the records in flight begin. */
  readonly startOffset: number
  /** -1: the broker does not say. */
  readonly lag: number
}

/**
 * How far a share group has come; in all partitions when none are named. Those it has not begun are left out. Fails
 * with AdminError.
 */
export const listShareGroupOffsets = (
  group: string,
  partitions?: ReadonlyArray<TopicPartition>
): Admin<ReadonlyArray<ShareGroupOffset>> =>
  ask({
    operation: "listShareGroupOffsets",
    target: coordinator("group", group),
    api: { request: DescribeShareGroupOffsetsRequest, response: DescribeShareGroupOffsetsResponse },
    body: {
      groups: [
        {
          groupId: group,
          topics:
            partitions === undefined
              ? null
              : byTopic(partitions).map(([topicName, parts]) => ({
                  topicName,
                  partitions: parts.map(({ partition }) => partition)
                }))
        }
      ]
    },
    read: ({ groups }) => {
      const parts = groups.flatMap(({ topics }) =>
        topics.flatMap(({ topicName, partitions: found }) => found.map((part) => ({ ...part, topic: topicName })))
      )
      return outcome(
        parts
          .filter(({ startOffset }) => startOffset >= 0)
          .map(({ topic, partitionIndex, startOffset, lag }) => ({
            topic,
            partition: partitionIndex,
            startOffset,
            lag
          })),
        [
          ...failuresOf(groups, ({ groupId }) => groupId),
          ...failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex))
        ]
      )
    }
  })

/** Sets where a share group without members goes on. */
export const alterShareGroupOffsets = (
  group: string,
  offsets: ReadonlyArray<TopicPartition & { readonly offset: number }>
): Admin<void> =>
  ask({
    operation: "alterShareGroupOffsets",
    target: coordinator("group", group),
    api: { request: AlterShareGroupOffsetsRequest, response: AlterShareGroupOffsetsResponse },
    body: {
      groupId: group,
      topics: byTopic(offsets).map(([topicName, parts]) => ({
        topicName,
        partitions: parts.map(({ partition, offset }) => ({ partitionIndex: partition, startOffset: offset }))
      }))
    },
    read: (answer) => {
      const parts = answer.responses.flatMap(({ topicName, partitions }) =>
        partitions.map((part) => ({ ...part, topic: topicName }))
      )
      return outcome(
        undefined,
        [...failureOf(group, answer), ...failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex))],
        Math.max(1, parts.length)
      )
    }
  })

/** A share group without members forgets topics. */
export const deleteShareGroupOffsets = (group: string, topics: ReadonlyArray<TopicName>): Admin<void> =>
  ask({
    operation: "deleteShareGroupOffsets",
    target: coordinator("group", group),
    api: { request: DeleteShareGroupOffsetsRequest, response: DeleteShareGroupOffsetsResponse },
    body: { groupId: group, topics: topics.map((topic) => ({ topicName: nameOf(topic) })) },
    read: (answer) =>
      outcome(
        undefined,
        [...failureOf(group, answer), ...failuresOf(answer.responses, ({ topicName }) => topicName)],
        Math.max(1, answer.responses.length)
      )
  })
