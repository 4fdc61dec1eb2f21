/**
 * AddRaftVoter (key 80): adds a voter to the metadata quorum (KIP-853). Flexible in every version.
 *
 * - v0: the first supported
 * - v1: ackWhenCommitted: answer once the record is committed, or once it is appended
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const Listener = f.struct({
  name: f.string,
  host: f.string,
  port: f.uint16
})
export type Listener = typeof Listener.Type

export const AddRaftVoterRequest = message(
  "AddRaftVoterRequest",
  { key: 80, versions: "0-1", flexible: "0+" },
  {
    clusterId: f.string.nulls(),
    timeoutMs: f.int32,
    voterId: f.int32,
    voterDirectoryId: f.uuid,
    listeners: f.array(Listener),
    ackWhenCommitted: f.bool.since("1+").default(true)
  }
)
export type AddRaftVoterRequest = typeof AddRaftVoterRequest.Type

export const AddRaftVoterResponse = message(
  "AddRaftVoterResponse",
  { key: 80, versions: "0-1", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls()
  }
)
export type AddRaftVoterResponse = typeof AddRaftVoterResponse.Type
