/**
 * Groups and commits as records of __consumer_offsets, byte for byte as Kafka writes them. Each key and value has its version as
 * an int16 before it, and a key's version is its type; a null value is a tombstone. Neighbours: Replay.ts reads them back.
 */
import { codec } from "@klamm/protocol/Compile"
import type { RecordInput } from "@klamm/protocol/RecordBatch"
import { GroupMetadataKey, GroupMetadataValue } from "@klamm/protocol/records/group/Classic"
import { OffsetCommitKey, OffsetCommitValue } from "@klamm/protocol/records/group/Offset"
import { type Writer, written } from "@klamm/protocol/Writer"
import { type Group, metadataOf, noBytes } from "./Group.ts"
import type { OffsetChange } from "./Turn.ts"

const keyVersion = 0
const groupMetadataVersion = 3
/** The last version with a place for the commit's own expiry. */
const expiringCommitVersion = 1
const commitVersion = 4

const bytesOf = (prefix: number, encode: (writer: Writer) => void): Uint8Array =>
  written((writer) => {
    writer.int16(prefix)
    encode(writer)
  })

const groupKey = (group: string): Uint8Array =>
  bytesOf(GroupMetadataKey.key, (writer) => codec(GroupMetadataKey, keyVersion).encode(writer, { group }))

const offsetKey = (group: string, topic: string, partition: number): Uint8Array =>
  bytesOf(OffsetCommitKey.key, (writer) =>
    codec(OffsetCommitKey, keyVersion).encode(writer, { group, topic, partition })
  )

/** The whole group, with these assignments in place of its members' own. */
export const groupRecord = (group: Group, assignment: ReadonlyMap<string, Uint8Array>, now: number): RecordInput => ({
  key: groupKey(group.groupId),
  value: bytesOf(groupMetadataVersion, (writer) =>
    codec(GroupMetadataValue, groupMetadataVersion).encode(writer, {
      protocolType: group.protocolType ?? "",
      generation: group.generation,
      protocol: group.protocolName,
      leader: group.leader,
      currentStateTimestamp: group.stateTimestamp,
      members: [...group.members.values()].map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: metadataOf(group, member),
        assignment: assignment.get(member.memberId) ?? noBytes
      }))
    })
  ),
  timestamp: now
})

/** The record of a group that has no generation yet. */
export const newGroupRecord = (group: Group, now: number): RecordInput =>
  groupRecord(
    { ...group, protocolType: null, generation: 0, protocolName: null, leader: null, members: new Map() },
    new Map(),
    now
  )

export const groupTombstone = (groupId: string, now: number): RecordInput => ({
  key: groupKey(groupId),
  value: null,
  timestamp: now
})

/** A commit, or the tombstone of one. */
export const offsetRecord = (groupId: string, change: OffsetChange, now: number): RecordInput => {
  const { topic, partition, committed } = change
  const key = offsetKey(groupId, topic, partition)
  if (committed === null) return { key, value: null, timestamp: now }
  const version = committed.expireTimestamp === -1 ? commitVersion : expiringCommitVersion
  const value = bytesOf(version, (writer) => codec(OffsetCommitValue, version).encode(writer, committed))
  return { key, value, timestamp: now }
}
