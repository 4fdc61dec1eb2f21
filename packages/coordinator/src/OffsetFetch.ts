/**
 * OffsetFetch in its two shapes: one group below v8, many from there on (KIP-709). Neighbour: Queries.ts, which knows the offsets.
 */
import type { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Queries from "./Queries.ts"
import type { Shards } from "./Shards.ts"

type Body = typeof OffsetFetchRequest.Type

export const manyGroupsVersion = 8
/** From here on the answer has an error of its own; before, every partition has it. */
const topLevelErrorVersion = 2
const noOffset = -1n

const read = (shards: Shards, group: Queries.FetchGroup): Queries.FetchedGroup => {
  const snapshot = shards.snapshot(group.groupId)
  if ("table" in snapshot) return Queries.fetchOffsets(snapshot.table, group)
  return { groupId: group.groupId, topics: [], errorCode: snapshot.errorCode }
}

/** A stable fetch sees the commits that were under way when it came (KIP-447). */
export const fetchGroup = (
  shards: Shards,
  group: Queries.FetchGroup,
  requireStable: boolean
): Effect.Effect<Queries.FetchedGroup> => {
  const { groupId } = group
  if (!requireStable) return Effect.sync(() => read(shards, group))
  return Effect.map(
    shards.ask<number>(groupId, (complete) => ({ _tag: "Stabilize", groupId, complete })),
    (errorCode) => (errorCode === ErrorCode.NONE ? read(shards, group) : { groupId, topics: [], errorCode })
  )
}

/** A request below v8 as one for a single group. */
export const onlyGroup = ({ groupId, topics }: Body): Queries.FetchGroup => ({
  groupId,
  memberId: null,
  memberEpoch: -1,
  topics: topics?.map((topic) => ({ ...topic, topicId: ZERO })) ?? null
})

const everywhere = ({ topics }: Body, errorCode: number): typeof OffsetFetchResponse.Input => ({
  topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: noOffset,
      metadata: "",
      errorCode
    }))
  }))
})

/** The answer below v8. */
export const oneGroup = (
  { topics, errorCode = ErrorCode.NONE }: Queries.FetchedGroup,
  body: Body,
  apiVersion: number
): typeof OffsetFetchResponse.Input => {
  if (errorCode !== ErrorCode.NONE && apiVersion < topLevelErrorVersion) return everywhere(body, errorCode)
  return { errorCode, topics: topics.map(({ name = "", partitions }) => ({ name, partitions })) }
}
