/** What lies in the logs of partitions: where they begin and end, where a time is, and removing what is older than an offset. */
import { ListOffsetsRequest, ListOffsetsResponse } from "@klamm/protocol/api/02-ListOffsets"
import { DeleteRecordsRequest, DeleteRecordsResponse } from "@klamm/protocol/api/21-DeleteRecords"
import { type Admin, ask, byTopic, failuresOf, outcome, printPartition, type TopicPartition } from "./Call.ts"
import { askLeaders } from "./Topics.ts"

const timeoutMs = 30_000

/** Where a partition's log begins, ends, has a time; KIP-734, KIP-1005. */
export type OffsetSpec =
  | "earliest"
  | "latest"
  | "maxTimestamp"
  | "earliestLocal"
  | "latestTiered"
  | { readonly timestamp: number }

const namedOffsets = { latest: -1, earliest: -2, maxTimestamp: -3, earliestLocal: -4, latestTiered: -5 } as const

/** What was found in a partition. `timestamp` is in ms since 1970, and -1 where none was asked for. */
export interface ListedOffset {
  readonly topic: string
  readonly partition: number
  /** -1: nothing is there, or no record is that late. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const isolationLevels = { readUncommitted: 0, readCommitted: 1 } as const

/**
 * The offsets at these places, each asked of its partition's leader. With `readCommitted`, `latest` is where open
 * transactions begin. Fails with AdminError, which names the partitions.
 */
export const listOffsets = (
  partitions: ReadonlyArray<TopicPartition & { readonly at: OffsetSpec }>,
  options: { readonly isolation?: keyof typeof isolationLevels } = {}
): Admin<ReadonlyArray<ListedOffset>> =>
  askLeaders("listOffsets", partitions, (target, led) =>
    ask({
      operation: "listOffsets",
      target,
      api: { request: ListOffsetsRequest, response: ListOffsetsResponse },
      body: {
        replicaId: -1,
        isolationLevel: isolationLevels[options.isolation ?? "readUncommitted"],
        topics: byTopic(led).map(([name, parts]) => ({
          name,
          partitions: parts.map(({ partition, at }) => ({
            partitionIndex: partition,
            timestamp: typeof at === "string" ? namedOffsets[at] : at.timestamp
          }))
        })),
        timeoutMs
      },
      read: ({ topics }) => {
        const parts = topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
        const value = parts.map(({ topic, partitionIndex, offset, timestamp, leaderEpoch }) => ({
          topic,
          partition: partitionIndex,
          offset,
          timestamp,
          leaderEpoch
        }))
        return outcome(
          value,
          failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
          parts.length
        )
      }
    })
  )

/** Everything before the offset is removed; -1: everything. Answers where the logs begin now. */
export const deleteRecords = (
  partitions: ReadonlyArray<TopicPartition & { readonly beforeOffset: number }>
): Admin<ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly lowWatermark: number }>> =>
  askLeaders("deleteRecords", partitions, (target, led) =>
    ask({
      operation: "deleteRecords",
      target,
      api: { request: DeleteRecordsRequest, response: DeleteRecordsResponse },
      body: {
        topics: byTopic(led).map(([name, parts]) => ({
          name,
          partitions: parts.map(({ partition, beforeOffset }) => ({ partitionIndex: partition, offset: beforeOffset }))
        })),
        timeoutMs
      },
      read: ({ topics }) => {
        const parts = topics.flatMap(({ name, partitions: found }) => found.map((part) => ({ ...part, topic: name })))
        const value = parts.map(({ topic, partitionIndex, lowWatermark }) => ({
          topic,
          partition: partitionIndex,
          lowWatermark
        }))
        return outcome(
          value,
          failuresOf(parts, (part) => printPartition(part.topic, part.partitionIndex)),
          parts.length
        )
      }
    })
  )
