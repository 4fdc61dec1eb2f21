/**
 * Reading groups without asking their shard: fetched offsets, descriptions and lists, all from a published snapshot, in which only
 * committed offsets are.
 */
import type { OffsetFetchRequest, OffsetFetchResponse } from "@klamm/protocol/api/09-OffsetFetch"
import type { DescribeGroupsResponse } from "@klamm/protocol/api/15-DescribeGroups"
import type { ListGroupsRequest, ListGroupsResponse } from "@klamm/protocol/api/16-ListGroups"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import * as HashMap from "effect/HashMap"
import { type Committed, type Group, type Member, metadataOf, noBytes } from "./Group.ts"
import { type GroupTable, groupOf } from "./Groups.ts"

export type FetchGroup = (typeof OffsetFetchRequest.Type)["groups"][number]
export type FetchedGroup = NonNullable<(typeof OffsetFetchResponse.Input)["groups"]>[number]
export type DescribedGroup = (typeof DescribeGroupsResponse.Input)["groups"][number]
export type ListedGroup = (typeof ListGroupsResponse.Input)["groups"][number]

/** From this version on a group that is not there is an error. */
const groupIdNotFoundVersion = 6
const noOffset = -1n
const groupType = "classic"

const fetched = (partitionIndex: number, committed: Committed | undefined) => ({
  partitionIndex,
  committedOffset: committed?.offset ?? noOffset,
  committedLeaderEpoch: committed?.leaderEpoch ?? -1,
  metadata: committed?.metadata ?? "",
  errorCode: ErrorCode.NONE
})

/** Behaviour 132: what is asked for, or with null everything there is. */
export const fetchOffsets = (table: GroupTable, { groupId, topics }: FetchGroup): FetchedGroup => {
  const offsets = groupOf(table, groupId)?.offsets
  if (topics === null) {
    const all = [...(offsets ?? [])].map(([name, partitions]) => ({
      name,
      partitions: [...partitions].map(([partitionIndex, committed]) => fetched(partitionIndex, committed))
    }))
    return { groupId, topics: all, errorCode: ErrorCode.NONE }
  }
  const asked = topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => fetched(index, offsets?.get(name)?.get(index)))
  }))
  return { groupId, topics: asked, errorCode: ErrorCode.NONE }
}

export const describeError = (groupId: string, errorCode: number): DescribedGroup => ({
  errorCode,
  groupId,
  groupState: "",
  protocolType: "",
  protocolData: "",
  members: []
})

const notFound = (groupId: string, apiVersion: number): DescribedGroup => {
  const dead = { ...describeError(groupId, ErrorCode.NONE), groupState: "Dead" }
  if (apiVersion < groupIdNotFoundVersion) return dead
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} not found.` }
}

/** Metadata is told of a stable group only: before that the protocol is not settled. */
const describeMember = (group: Group, member: Member, apiVersion: number) => ({
  memberId: member.memberId,
  ...(apiVersion >= 4 ? { groupInstanceId: member.groupInstanceId } : {}),
  clientId: member.clientId,
  clientHost: member.clientHost,
  memberMetadata: group.state === "Stable" ? metadataOf(group, member) : noBytes,
  memberAssignment: member.assignment
})

/** Behaviour 126. */
export const describe = (table: GroupTable, groupId: string, apiVersion: number): DescribedGroup => {
  const group = groupOf(table, groupId)
  if (group === undefined) return notFound(groupId, apiVersion)
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? "",
    protocolData: group.state === "Stable" ? (group.protocolName ?? "") : "",
    members: [...group.members.values()].map((member) => describeMember(group, member, apiVersion))
  }
}

const lowerCased = (words: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(words.map((word) => word.trim().toLowerCase()))

/** The groups that pass the filters; an empty filter passes all (KIP-518, KIP-848). */
export const list = (table: GroupTable, body: typeof ListGroupsRequest.Type): ReadonlyArray<ListedGroup> => {
  const states = lowerCased(body.statesFilter)
  const types = lowerCased(body.typesFilter)
  if (types.size > 0 && !types.has(groupType)) return []
  return [...HashMap.values(table)].flatMap(({ group }) => {
    if (states.size > 0 && !states.has(group.state.toLowerCase())) return []
    const { groupId, protocolType, state } = group
    return [{ groupId, protocolType: protocolType ?? "", groupState: state, groupType }]
  })
}
