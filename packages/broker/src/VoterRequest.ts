/**
 * What is wrong with a request to change the voters before the quorum is asked (KIP-853): it is meant for another cluster, or names no
 * voter. Invariant: a voter has an id and a directory; the zero directory is that of voters nobody recorded. Neighbours: handlers/80, 81.
 */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { VoterSet } from "@klamm/raft"
import type { ControlServices } from "./Services.ts"

interface VoterRequest {
  readonly clusterId: string | null
  readonly voterId: number
  readonly voterDirectoryId: string
}

const refusal = (errorCode: number, errorMessage: string) => ({ throttleTimeMs: 0, errorCode, errorMessage })

export const voterFault = (
  { clusterId }: ControlServices,
  request: VoterRequest
): ReturnType<typeof refusal> | undefined => {
  if (request.clusterId !== null && request.clusterId !== clusterId) {
    const why = `This is cluster ${clusterId}, not ${request.clusterId}.`
    return refusal(ErrorCode.INCONSISTENT_CLUSTER_ID, why)
  }
  if (request.voterId < 0 || request.voterDirectoryId === VoterSet.noDirectoryId) {
    return refusal(ErrorCode.INVALID_REQUEST, "A voter has an id and a directory id.")
  }
  return undefined
}
