/**
 * RemoveRaftVoter (key 81): removes a voter from the metadata quorum (KIP-853). Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const RemoveRaftVoterRequest = message(
  "RemoveRaftVoterRequest",
  { key: 81, versions: "0", flexible: "0+" },
  {
    clusterId: f.string.nulls(),
    voterId: f.int32,
    voterDirectoryId: f.uuid
  }
)
export type RemoveRaftVoterRequest = typeof RemoveRaftVoterRequest.Type

export const RemoveRaftVoterResponse = message(
  "RemoveRaftVoterResponse",
  { key: 81, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls()
  }
)
export type RemoveRaftVoterResponse = typeof RemoveRaftVoterResponse.Type
