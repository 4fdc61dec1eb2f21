/**
 * Committed offsets: the rules of commit, fetch, deletion and expiry. Invariant: nothing here changes what is committed; changes
 * are written, and `apply` takes them over once they are appended.
 */
import type { OffsetCommitRequest, OffsetCommitResponse } from "@klamm/protocol/api/08-OffsetCommit"
import type { OffsetDeleteRequest, OffsetDeleteResponse } from "@klamm/protocol/api/47-OffsetDelete"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { operationError } from "./AppendError.ts"
import {
  type Committed,
  type Complete,
  consumerProtocolType,
  type Group,
  isSubscribedTo,
  type Offsets
} from "./Group.ts"
import { offsetRecord } from "./GroupRecords.ts"
import { rescheduled } from "./Heartbeat.ts"
import { validateMember } from "./Members.ts"
import { answer, type OffsetChange, type Turn, type Write } from "./Turn.ts"

type CommitBody = typeof OffsetCommitRequest.Type
export type CommitAnswer = typeof OffsetCommitResponse.Input
type DeleteBody = typeof OffsetDeleteRequest.Type
export type OffsetDeleteAnswer = typeof OffsetDeleteResponse.Input

const noExpiry = -1

export const apply = (offsets: Offsets, changes: ReadonlyArray<OffsetChange>): Offsets => {
  const topics = new Map(offsets)
  const touched = new Map<string, Map<number, Committed>>()
  for (const { topic, partition, committed } of changes) {
    const partitions = touched.get(topic) ?? new Map(topics.get(topic))
    touched.set(topic, partitions)
    if (committed === null) partitions.delete(partition)
    else partitions.set(partition, committed)
  }
  for (const [topic, partitions] of touched) {
    if (partitions.size === 0) topics.delete(topic)
    else topics.set(topic, partitions)
  }
  return topics
}

/**
 * Every commit that the group has or may have once the appends under way have come through: deletions go behind those. What is
 * being deleted counts as there, because its append may fail.
 */
export const known = (group: Group | undefined, pending: ReadonlyArray<Write>): Offsets => {
  const offsets: Offsets = group?.offsets ?? new Map()
  return pending.reduce((now, { groupId, settlement }) => {
    if (groupId !== group?.groupId || settlement._tag !== "Offsets") return now
    return apply(
      now,
      settlement.changes.filter(({ committed }) => committed !== null)
    )
  }, offsets)
}

/** Every partition answered with the same code. */
export const refuseCommit = (body: CommitBody, errorCode: number): CommitAnswer => ({
  topics: body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode }))
  }))
})

/** Behaviours 129 and 130: who may commit. */
const validateCommit = (group: Group, body: CommitBody): number => {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = body
  if (generation < 0 && group.state === "Empty") return ErrorCode.NONE
  if (generation < 0 && memberId === "" && groupInstanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID
  const fault = validateMember(group, memberId, groupInstanceId)
  if (fault !== ErrorCode.NONE) return fault
  if (generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  return group.state === "CompletingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

const changesOf = (turn: Turn, body: CommitBody): ReadonlyArray<OffsetChange> => {
  const { retentionTimeMs } = body
  const expireTimestamp = retentionTimeMs === noExpiry ? noExpiry : turn.wallMs + retentionTimeMs
  return body.topics.flatMap(({ name, topicId, partitions }) =>
    partitions
      .filter(({ committedMetadata }) => fits(turn, committedMetadata))
      .map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => ({
        topic: name,
        partition: partitionIndex,
        committed: {
          offset: committedOffset,
          leaderEpoch: committedLeaderEpoch,
          metadata: committedMetadata ?? "",
          commitTimestamp: turn.wallMs,
          expireTimestamp,
          topicId
        }
      }))
  )
}

/** Behaviour 131, counted in UTF-16 units as Kafka does. */
const fits = (turn: Turn, metadata: string | null): boolean =>
  (metadata?.length ?? 0) <= turn.settings.offsetMetadataMaxBytes

export const commit = (turn: Turn, group: Group, body: CommitBody, complete: Complete<CommitAnswer>): Group => {
  const fault = validateCommit(group, body)
  if (fault !== ErrorCode.NONE) {
    answer(turn, complete, refuseCommit(body, fault))
    return group
  }
  const accepted: CommitAnswer = {
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedMetadata }) => ({
        partitionIndex,
        errorCode: fits(turn, committedMetadata) ? ErrorCode.NONE : ErrorCode.OFFSET_METADATA_TOO_LARGE
      }))
    }))
  }
  const changes = changesOf(turn, body)
  if (changes.length === 0) answer(turn, complete, accepted)
  else {
    turn.writes.push({
      groupId: group.groupId,
      records: changes.map((change) => offsetRecord(group.groupId, change, turn.wallMs)),
      settlement: { _tag: "Offsets", changes },
      done: (errorCode) =>
        complete(errorCode === ErrorCode.NONE ? accepted : refuseCommit(body, operationError(errorCode)))
    })
  }
  return group.state === "Empty" ? group : rescheduled(turn, group, body.memberId)
}

/** Behaviour 136: whose offsets may be deleted. */
const validateDelete = (group: Group | undefined): number => {
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  const isLive = group.state !== "Empty"
  return isLive && group.protocolType !== consumerProtocolType ? ErrorCode.NON_EMPTY_GROUP : ErrorCode.NONE
}

const tombstones = (turn: Turn, groupId: string, changes: ReadonlyArray<OffsetChange>) =>
  changes.map((change) => offsetRecord(groupId, change, turn.wallMs))

const deletion = (topic: string, partition: number): OffsetChange => ({ topic, partition, committed: null })

/** Deletes `changes`; no answer waits for it. */
export const deleteQuietly = (turn: Turn, groupId: string, changes: ReadonlyArray<OffsetChange>): void => {
  if (changes.length === 0) return
  const records = tombstones(turn, groupId, changes)
  turn.writes.push({ groupId, records, settlement: { _tag: "Offsets", changes }, done: null })
}

/** `known` has the commits whose append is still under way as well: they are deleted behind it. */
export const deleteOffsets = (
  turn: Turn,
  group: Group | undefined,
  known: Offsets,
  body: DeleteBody,
  complete: Complete<OffsetDeleteAnswer>
): void => {
  const fault = validateDelete(group)
  if (group === undefined || fault !== ErrorCode.NONE) {
    answer(turn, complete, { errorCode: fault, topics: [] })
    return
  }
  const changes: Array<OffsetChange> = []
  const topics = body.topics.map(({ name, partitions }) => {
    const isSubscribed = isSubscribedTo(group, name)
    const errorCode = isSubscribed ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE
    for (const { partitionIndex } of partitions) {
      if (!isSubscribed && known.get(name)?.has(partitionIndex)) changes.push(deletion(name, partitionIndex))
    }
    return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }
  })
  const accepted: OffsetDeleteAnswer = { errorCode: ErrorCode.NONE, topics }
  if (changes.length === 0) {
    answer(turn, complete, accepted)
    return
  }
  turn.writes.push({
    groupId: group.groupId,
    records: tombstones(turn, group.groupId, changes),
    settlement: { _tag: "Offsets", changes },
    done: (errorCode) =>
      complete(errorCode === ErrorCode.NONE ? accepted : { errorCode: operationError(errorCode), topics: [] })
  })
}

/** A deletion for each commit that `wanted` picks. */
export const deletionsOf = (
  offsets: Offsets,
  wanted: (topic: string, committed: Committed) => boolean
): ReadonlyArray<OffsetChange> =>
  [...offsets].flatMap(([topic, partitions]) =>
    [...partitions].flatMap(([partition, committed]) => (wanted(topic, committed) ? [deletion(topic, partition)] : []))
  )

/** From when on the retention of a commit counts (KIP-211); undefined for a group none of whose commits expire now. */
const retentionStart = (group: Group): ((committed: Committed) => number) | undefined => {
  const byCommit = ({ commitTimestamp }: Committed) => commitTimestamp
  if (group.protocolType === null) return byCommit
  if (group.state === "Empty") {
    return (committed) => (group.stateTimestamp === -1 ? byCommit(committed) : group.stateTimestamp)
  }
  const isReadable = group.protocolType === consumerProtocolType && group.subscribedTopics !== null
  return isReadable && group.state === "Stable" ? byCommit : undefined
}

/** Behaviour 135: the commits that have outlived their retention. */
export const expired = (group: Group, wallMs: number, retentionMs: number): ReadonlyArray<OffsetChange> => {
  const startOf = retentionStart(group)
  if (startOf === undefined) return []
  return deletionsOf(group.offsets, (topic, committed) => {
    if (isSubscribedTo(group, topic)) return false
    const { expireTimestamp } = committed
    return expireTimestamp === noExpiry ? wallMs - startOf(committed) >= retentionMs : wallMs >= expireTimestamp
  })
}
