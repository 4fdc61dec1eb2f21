/**
 * UpdateRaftVoter (key 82): renews a voter's endpoints and supported versions (KIP-853). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const Listener = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16
})
export type Listener = typeof Listener.Type

export const KRaftVersionFeature = f.struct({
  minSupportedVersion: f.int16,
  maxSupportedVersion: f.int16
})
export type KRaftVersionFeature = typeof KRaftVersionFeature.Type

export const UpdateRaftVoterRequest = message(
  "UpdateRaftVoterRequest",
  { key: 82, versions: "0", flexible: "0+" },
  {
    clusterId: f.string.nulls(),
    currentLeaderEpoch: f.int32,
    voterId: f.int32,
    voterDirectoryId: f.uuid,
    listeners: f.array(Listener),
    kRaftVersionFeature: KRaftVersionFeature
  }
)
export type UpdateRaftVoterRequest = typeof UpdateRaftVoterRequest.Type

export const CurrentLeader = f.struct({
  leaderId: f.int32.default(-1),
  leaderEpoch: f.int32.default(-1),
  host: f.string,
  port: f.int32
})
export type CurrentLeader = typeof CurrentLeader.Type

export const UpdateRaftVoterResponse = message(
  "UpdateRaftVoterResponse",
  { key: 82, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    currentLeader: CurrentLeader.tagged(0, "0+")
  }
)
export type UpdateRaftVoterResponse = typeof UpdateRaftVoterResponse.Type
