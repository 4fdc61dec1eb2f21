/**
 * The control records raft writes itself: who leads an epoch, and the two ends of a snapshot. Kafka's formats.
 */

import type { Message } from "@klamm/protocol/Api"
import { Writer } from "@klamm/protocol/Bytes"
import { codec } from "@klamm/protocol/Compile"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord } from "@klamm/protocol/records/Control"

/** The version of each record while voters are configured rather than recorded (kraft.version 0). */
const version = 0

const encode = <F>(message: Message<F>, value: Message<F>["Input"]): Uint8Array => {
  const writer = new Writer()
  codec(message, version).encode(writer, value)
  return writer.toBytes()
}

const voter = (voterId: number) => ({ voterId })

export const leaderChange = (
  leaderId: number,
  voters: ReadonlyArray<number>,
  grantingVoters: ReadonlyArray<number>,
  now: number
): Uint8Array => {
  const value = encode(LeaderChangeMessage, {
    version,
    leaderId,
    voters: voters.map(voter),
    grantingVoters: grantingVoters.map(voter)
  })
  return RecordBatch.buildControlBatch([{ type: RecordBatch.controlTypes.leaderChange, value, timestamp: now }])
}

export const snapshotHeader = (lastContainedLogTimestamp: number, now: number): Uint8Array => {
  const value = encode(SnapshotHeaderRecord, { version, lastContainedLogTimestamp })
  return RecordBatch.buildControlBatch([{ type: RecordBatch.controlTypes.snapshotHeader, value, timestamp: now }])
}

export const snapshotFooter = (now: number): Uint8Array => {
  const value = encode(SnapshotFooterRecord, { version })
  return RecordBatch.buildControlBatch([{ type: RecordBatch.controlTypes.snapshotFooter, value, timestamp: now }])
}
