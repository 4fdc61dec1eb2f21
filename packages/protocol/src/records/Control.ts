/**
 * Records in batches that carry control, not data: the leader of a quorum's epoch, the ends of snapshots, the voters and
 * the version of the quorum, and the markers that end transactions. A control record's key is ControlRecordTypeSchema
 * with its version before it; AbortedTxn is an entry of a log's transaction index.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const ControlRecordTypeSchema = message(
  "ControlRecordTypeSchema",
  { versions: "0", flexible: "none" },
  {
    type: f.int16
  }
)
export type ControlRecordTypeSchema = typeof ControlRecordTypeSchema.Type

export const EndTxnMarker = message(
  "EndTxnMarker",
  { versions: "0", flexible: "none" },
  {
    coordinatorEpoch: f.int32
  }
)
export type EndTxnMarker = typeof EndTxnMarker.Type

export const AbortedTxn = message(
  "AbortedTxn",
  { versions: "0", flexible: "none" },
  {
    producerId: f.int64,
    firstOffset: f.int64,
    lastOffset: f.int64,
    lastStableOffset: f.int64
  }
)
export type AbortedTxn = typeof AbortedTxn.Type

export const Voter = f.struct({
  voterId: f.int32,
  voterDirectoryId: f.uuid.since("1+")
})
export type Voter = typeof Voter.Type

export const LeaderChangeMessage = message(
  "LeaderChangeMessage",
  { versions: "0-1", flexible: "0+" },
  {
    version: f.int16,
    leaderId: f.int32,
    voters: f.array(Voter),
    grantingVoters: f.array(Voter)
  }
)
export type LeaderChangeMessage = typeof LeaderChangeMessage.Type

export const SnapshotHeaderRecord = message(
  "SnapshotHeaderRecord",
  { versions: "0", flexible: "0+" },
  {
    version: f.int16,
    lastContainedLogTimestamp: f.int64
  }
)
export type SnapshotHeaderRecord = typeof SnapshotHeaderRecord.Type

export const SnapshotFooterRecord = message(
  "SnapshotFooterRecord",
  { versions: "0", flexible: "0+" },
  {
    version: f.int16
  }
)
export type SnapshotFooterRecord = typeof SnapshotFooterRecord.Type

export const KRaftVersionRecord = message(
  "KRaftVersionRecord",
  { versions: "0", flexible: "0+" },
  {
    version: f.int16,
    kRaftVersion: f.int16
  }
)
export type KRaftVersionRecord = typeof KRaftVersionRecord.Type

export const Endpoint = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16
})
export type Endpoint = typeof Endpoint.Type

export const KRaftVersionFeature = f.struct({
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type KRaftVersionFeature = typeof KRaftVersionFeature.Type

export const VotersRecordVoter = f.struct({
  voterId: f.int32,
  voterDirectoryId: f.uuid,
  endpoints: f.array(Endpoint),
  kRaftVersionFeature: KRaftVersionFeature
})
export type VotersRecordVoter = typeof VotersRecordVoter.Type

export const VotersRecord = message(
  "VotersRecord",
  { versions: "0", flexible: "0+" },
  {
    version: f.int16,
    voters: f.array(VotersRecordVoter)
  }
)
export type VotersRecord = typeof VotersRecord.Type
