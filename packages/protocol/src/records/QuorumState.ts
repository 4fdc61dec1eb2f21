/**
 * What a node of the metadata quorum must not forget: epoch and vote. Kafka keeps it in the file quorum-state as JSON;
 * the fields are the same.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const Voter = f.struct({
  voterId: f.int32
})
export type Voter = typeof Voter.Type

export const QuorumStateData = message(
  "QuorumStateData",
  { versions: "0-1", flexible: "0+" },
  {
    clusterId: f.string.since("0"),
    leaderId: f.int32.default(-1),
    leaderEpoch: f.int32.default(-1),
    votedId: f.int32.default(-1),
    votedDirectoryId: f.uuid.since("1+"),
    appliedOffset: f.int64.since("0"),
    currentVoters: f.array(Voter).since("0").nulls()
  }
)
export type QuorumStateData = typeof QuorumStateData.Type
