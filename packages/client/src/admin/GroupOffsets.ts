/** What groups of consumers have committed: read, set from outside, forgotten. */
import { OffsetCommitRequest, OffsetCommitResponse } from "@klamm/protocol/api/08-OffsetCommit"
import { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import { OffsetDeleteRequest, OffsetDeleteResponse } from "@klamm/protocol/api/47-OffsetDelete"
import {
  type Admin,
  ask,
  byTopic,
  coordinator,
  failureOf,
  failuresOf,
  outcome,
  printPartition,
  type TopicPartition
} from "./Call.ts"

/**
 * How far a group has come in a partition: `offset` is that of the next record. `leaderEpoch` is -1 when it was not
 * told.
 */
export interface GroupOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** From version 10 on topics have ids in place of names. */
const lastNamedVersion = 9

/** Of all partitions that the group has committed, or of those named; partitions without a commit are left out. */
export const listGroupOffsets = (
  group: string,
  partitions?: ReadonlyArray<TopicPartition>,
  options: { readonly requireStable?: boolean } = {}
): Admin<ReadonlyArray<GroupOffset>> =>
  ask({
    operation: "listGroupOffsets",
    target: coordinator("group", group),
    api: { request: OffsetFetchRequest, response: OffsetFetchResponse },
    minVersion: 8,
    maxVersion: lastNamedVersion,
    body: {
      groups: [
        {
          groupId: group,
          topics:
            partitions === undefined
              ? null
              : byTopic(partitions).map(([name, parts]) => ({
                  name,
                  partitionIndexes: parts.map(({ partition }) => partition)
                }))
        }
      ],
      requireStable: options.requireStable ?? false
    },
    read: ({ groups }) => {
      const parts = groups.flatMap(({ topics }) =>
        topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
      )
      const failures = [
        ...failuresOf(groups, ({ groupId }) => groupId),
        ...failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex))
      ]
      const offsets = parts
        .filter(({ committedOffset }) => committedOffset >= 0n)
        .map(({ topic, partitionIndex, committedOffset, committedLeaderEpoch, metadata }) => ({
          topic,
          partition: partitionIndex,
          offset: Number(committedOffset),
          leaderEpoch: committedLeaderEpoch,
          metadata: metadata ?? ""
        }))
      return outcome(offsets, failures)
    }
  })

/** Sets offsets of a group that has no members. */
export const alterGroupOffsets = (
  group: string,
  offsets: ReadonlyArray<
    TopicPartition & { readonly offset: number; readonly leaderEpoch?: number; readonly metadata?: string }
  >
): Admin<void> =>
  ask({
    operation: "alterGroupOffsets",
    target: coordinator("group", group),
    api: { request: OffsetCommitRequest, response: OffsetCommitResponse },
    maxVersion: lastNamedVersion,
    body: {
      groupId: group,
      memberId: "",
      topics: byTopic(offsets).map(([name, parts]) => ({
        name,
        partitions: parts.map(({ partition, offset, leaderEpoch = -1, metadata = "" }) => ({
          partitionIndex: partition,
          committedOffset: BigInt(offset),
          committedLeaderEpoch: leaderEpoch,
          committedMetadata: metadata
        }))
      }))
    },
    read: ({ topics }) => {
      const parts = topics.flatMap(({ name, partitions }) => partitions.map((part) => ({ ...part, topic: name })))
      return outcome(
        undefined,
        failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
        parts.length
      )
    }
  })

/** Forgets offsets of topics that no member of the group is subscribed to (KIP-496). */
export const deleteGroupOffsets = (group: string, partitions: ReadonlyArray<TopicPartition>): Admin<void> =>
  ask({
    operation: "deleteGroupOffsets",
    target: coordinator("group", group),
    api: { request: OffsetDeleteRequest, response: OffsetDeleteResponse },
    body: {
      groupId: group,
      topics: byTopic(partitions).map(([name, parts]) => ({
        name,
        partitions: parts.map(({ partition }) => ({ partitionIndex: partition }))
      }))
    },
    read: (answer) => {
      const parts = answer.topics.flatMap(({ name, partitions: found }) =>
        found.map((part) => ({ ...part, topic: name }))
      )
      return outcome(
        undefined,
        [...failureOf(group, answer), ...failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex))],
        Math.max(1, parts.length)
      )
    }
  })
