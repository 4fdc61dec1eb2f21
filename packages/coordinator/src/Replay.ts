/**
 * Reads a partition of __consumer_offsets back into groups. Later records win, and tombstones of what is not there mean nothing,
 * so that it is the same before and after compaction. Records of other kinds of groups are passed over, as are control and
 * transactional batches. Neighbour: GroupRecords.ts writes.
 */
import type { Message } from "@klamm/protocol/Api"
import { codec } from "@klamm/protocol/Compile"
import type { Decompression } from "@klamm/protocol/Compression"
import { includes } from "@klamm/protocol/Field"
import { Reader } from "@klamm/protocol/Reader"
import { iterateRecords } from "@klamm/protocol/Record"
import { isControl, isTransactional } from "@klamm/protocol/RecordBatch"
import { GroupMetadataKey, GroupMetadataValue } from "@klamm/protocol/records/group/Classic"
import { LegacyOffsetCommitKey, OffsetCommitKey, OffsetCommitValue } from "@klamm/protocol/records/group/Offset"
import { type Committed, computeSubscribedTopics, emptyGroup, type Group, type Member } from "./Group.ts"

const keyVersion = 0
const unknown = -1

/** A value behind its version; throws MalformedBytes for a version that is not known. */
const decodeValue = <F>(message: Message<F>, bytes: Uint8Array): Message<F>["Type"] => {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (!includes(message.versions, version)) reader.malformed(`${message.name} of version ${version}`)
  return codec(message, version).decode(reader)
}

/** Byte fields are copied, so that the batch they came in is not kept. */
const memberOf = (value: GroupMetadataValue, stored: GroupMetadataValue["members"][number], now: number): Member => ({
  memberId: stored.memberId,
  groupInstanceId: stored.groupInstanceId,
  clientId: stored.clientId,
  clientHost: stored.clientHost,
  rebalanceTimeoutMs: stored.rebalanceTimeout === unknown ? stored.sessionTimeout : stored.rebalanceTimeout,
  sessionTimeoutMs: stored.sessionTimeout,
  protocols: [{ name: value.protocol ?? "", metadata: stored.subscription.slice() }],
  assignment: stored.assignment.slice(),
  isNew: false,
  sessionDeadline: now + stored.sessionTimeout,
  join: null,
  sync: null
})

const groupOf = (groupId: string, value: GroupMetadataValue, now: number): Group => {
  const members = value.members.map((stored) => memberOf(value, stored, now))
  const group: Group = {
    ...emptyGroup(groupId, value.currentStateTimestamp),
    state: members.length === 0 ? "Empty" : "Stable",
    generation: value.generation,
    protocolType: value.protocolType === "" ? null : value.protocolType,
    protocolName: value.protocol,
    leader: value.leader,
    members: new Map(members.map((member) => [member.memberId, member]))
  }
  return { ...group, subscribedTopics: computeSubscribedTopics(group) }
}

type StoredOffsets = Map<string, Map<number, Committed>>

/** Gathers what is loaded; changed in place, because nobody sees it before it is whole. */
export class Loading {
  private readonly now: number
  private readonly wallMs: number
  private readonly decompression: Decompression
  private readonly loaded = new Map<string, Group>()
  private readonly offsets = new Map<string, StoredOffsets>()

  /** `now`, monotonic, is when the sessions of loaded members begin; groups that say of no time are as old as `wallMs`. */
  constructor(now: number, wallMs: number, decompression: Decompression) {
    this.now = now
    this.wallMs = wallMs
    this.decompression = decompression
  }

  /** Throws MalformedBytes or CompressionError for a batch that can't be read. */
  replay(batch: Uint8Array): void {
    if (isControl(batch, 0) || isTransactional(batch, 0)) return
    for (const { key, value } of iterateRecords(batch, 0, this.decompression)) {
      if (key !== null) this.replayRecord(key, value)
    }
  }

  private replayRecord(key: Uint8Array, value: Uint8Array | null): void {
    const reader = new Reader(key)
    const type = reader.int16()
    if (type === OffsetCommitKey.key || type === LegacyOffsetCommitKey.key) {
      this.replayOffset(codec(OffsetCommitKey, keyVersion).decode(reader), value)
    } else if (type === GroupMetadataKey.key) {
      this.replayGroup(codec(GroupMetadataKey, keyVersion).decode(reader).group, value)
    }
  }

  private replayGroup(groupId: string, value: Uint8Array | null): void {
    if (value !== null) {
      this.loaded.set(groupId, groupOf(groupId, decodeValue(GroupMetadataValue, value), this.now))
      return
    }
    this.loaded.delete(groupId)
  }

  private replayOffset({ group, topic, partition }: OffsetCommitKey, value: Uint8Array | null): void {
    const topics = this.offsets.get(group) ?? new Map<string, Map<number, Committed>>()
    const partitions = topics.get(topic) ?? new Map<number, Committed>()
    if (value === null) partitions.delete(partition)
    else partitions.set(partition, decodeValue(OffsetCommitValue, value))
    if (partitions.size === 0) topics.delete(topic)
    else topics.set(topic, partitions)
    if (topics.size === 0) this.offsets.delete(group)
    else this.offsets.set(group, topics)
  }

  /** A group that has commits but no record of its own is one of commits only. */
  groups(): ReadonlyArray<Group> {
    const known = [...this.loaded.values()].map((group) => {
      const offsets = this.offsets.get(group.groupId)
      return offsets === undefined ? group : { ...group, offsets }
    })
    const simple = [...this.offsets].flatMap(([groupId, offsets]) =>
      this.loaded.has(groupId) ? [] : [{ ...emptyGroup(groupId, this.wallMs), offsets }]
    )
    return [...known, ...simple]
  }
}
