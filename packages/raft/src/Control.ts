/**
 * The control records raft writes itself: who leads an epoch, who votes, the version of the quorum's protocol, and the two ends of a
 * snapshot. Kafka's formats, both ways. Invariant: a control record of a type not known here is kept and means nothing.
 */

import type { Message } from "@klamm/protocol/Api"
import { Reader, written } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import { RecordCursor, recordAt } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import {
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord
} from "@klamm/protocol/records/Control"
import type { ReplicaKey } from "./Peer.ts"
import { of, type VoterSet } from "./VoterSet.ts"

export type ControlRecord =
  | {
      readonly _tag: "LeaderChange"
      readonly leaderId: number
      readonly voters: ReadonlyArray<ReplicaKey>
      readonly grantingVoters: ReadonlyArray<ReplicaKey>
      readonly kraftVersion: number
    }
  | { readonly _tag: "KRaftVersion"; readonly kraftVersion: number }
  | { readonly _tag: "Voters"; readonly voters: VoterSet }

const version = 0

const encode = <F>(message: Message<F>, value: Message<F>["Input"], at = version): Uint8Array =>
  written((writer) => codec(message, at).encode(writer, value))

/** A leader change names directories from kraft.version 1 on (KIP-853). */
const leaderChange = (record: Extract<ControlRecord, { _tag: "LeaderChange" }>): Uint8Array => {
  const at = Math.min(record.kraftVersion, 1)
  const voter = ({ id, directoryId }: ReplicaKey) => ({ voterId: id, voterDirectoryId: directoryId })
  return encode(
    LeaderChangeMessage,
    {
      version: at,
      leaderId: record.leaderId,
      voters: record.voters.map(voter),
      grantingVoters: record.grantingVoters.map(voter)
    },
    at
  )
}

const votersRecord = (voters: VoterSet): Uint8Array =>
  encode(VotersRecord, {
    version,
    voters: voters.voters.map(({ id, directoryId, endpoints, minKraftVersion, maxKraftVersion }) => ({
      voterId: id,
      voterDirectoryId: directoryId,
      endpoints: [...endpoints],
      kRaftVersionFeature: { minSupportedVersion: minKraftVersion, maxSupportedVersion: maxKraftVersion }
    }))
  })

const input = (record: ControlRecord): { readonly type: number; readonly value: Uint8Array } => {
  const { controlTypes } = RecordBatch
  switch (record._tag) {
    case "LeaderChange":
      return { type: controlTypes.leaderChange, value: leaderChange(record) }
    case "KRaftVersion":
      return {
        type: controlTypes.kraftVersion,
        value: encode(KRaftVersionRecord, { version, kRaftVersion: record.kraftVersion })
      }
    case "Voters":
      return { type: controlTypes.kraftVoters, value: votersRecord(record.voters) }
  }
}

/** One batch with all the records. */
export const batch = (records: ReadonlyArray<ControlRecord>, now: number): Uint8Array =>
  RecordBatch.buildControlBatch(records.map((record) => ({ ...input(record), timestamp: now })))

/** The first batch of a snapshot: its header, and who votes. */
export const snapshotHeader = (
  lastContainedLogTimestamp: number,
  records: ReadonlyArray<ControlRecord>,
  now: number
): Uint8Array => {
  const value = encode(SnapshotHeaderRecord, { version, lastContainedLogTimestamp })
  const header = { type: RecordBatch.controlTypes.snapshotHeader, value, timestamp: now }
  return RecordBatch.buildControlBatch([header, ...records.map((record) => ({ ...input(record), timestamp: now }))])
}

export const snapshotFooter = (now: number): Uint8Array => {
  const value = encode(SnapshotFooterRecord, { version })
  return RecordBatch.buildControlBatch([{ type: RecordBatch.controlTypes.snapshotFooter, value, timestamp: now }])
}

const keyBytes = 4

const decodeVoters = (value: Uint8Array): ControlRecord => {
  const { voters } = codec(VotersRecord, version).decode(new Reader(value))
  return {
    _tag: "Voters",
    voters: of(
      voters.map(({ voterId, voterDirectoryId, endpoints, kRaftVersionFeature }) => ({
        id: voterId,
        directoryId: voterDirectoryId,
        endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
        minKraftVersion: kRaftVersionFeature.minSupportedVersion,
        maxKraftVersion: kRaftVersionFeature.maxSupportedVersion
      }))
    )
  }
}

const decodeOne = (type: number, value: Uint8Array): ControlRecord | undefined => {
  if (type === RecordBatch.controlTypes.kraftVoters) return decodeVoters(value)
  if (type !== RecordBatch.controlTypes.kraftVersion) return undefined
  const { kRaftVersion } = codec(KRaftVersionRecord, version).decode(new Reader(value))
  return { _tag: "KRaftVersion", kraftVersion: kRaftVersion }
}

/** The records of a control batch by their types; those without one are left out. Throws MalformedBytes. */
const typedValues = (
  bytes: Uint8Array,
  at: number
): ReadonlyArray<{ readonly type: number; readonly value: Uint8Array }> => {
  if (!RecordBatch.isControl(bytes, at) || RecordBatch.codecId(bytes, at) !== 0) return []
  const typed: Array<{ readonly type: number; readonly value: Uint8Array }> = []
  const cursor = new RecordCursor(bytes, at + RecordBatch.headerBytes, at + RecordBatch.sizeInBytes(bytes, at))
  for (let count = RecordBatch.count(bytes, at); count > 0; count--) {
    cursor.next()
    const { key, value } = recordAt(cursor)
    if (key === null || value === null || key.byteLength < keyBytes) continue
    typed.push({ type: new Reader(key.subarray(2)).int16(), value })
  }
  return typed
}

/** The time that a snapshot's first batch says it tells of; undefined when it is no such batch. Throws MalformedBytes. */
export const lastContainedLogTimestamp = (bytes: Uint8Array): number | undefined => {
  const header = typedValues(bytes, 0).find(({ type }) => type === RecordBatch.controlTypes.snapshotHeader)
  if (header === undefined) return undefined
  return codec(SnapshotHeaderRecord, version).decode(new Reader(header.value)).lastContainedLogTimestamp
}

/** What a batch says of the voters, if it is a control batch; the place of each record in it is lost. Throws MalformedBytes. */
export const decode = (bytes: Uint8Array, at: number): ReadonlyArray<ControlRecord> =>
  typedValues(bytes, at).flatMap(({ type, value }) => decodeOne(type, value) ?? [])
