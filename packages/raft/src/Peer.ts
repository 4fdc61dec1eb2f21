/**
 * What raft nodes say to one another (KIP-595, 630, 853, 996), as plain values. Invariant: every answer says the answerer's epoch and, if
 * known, its leader, so that whoever asks in the past learns of the present. Neighbour: `Bus.ts` puts them on the wire.
 */
import type { Address } from "@klamm/platform/Network"
import type { Voter } from "./VoterSet.ts"

/** A node as the quorum counts it: an id, and the directory that holds its vote. The zero uuid while that is not known. */
export interface ReplicaKey {
  readonly id: number
  readonly directoryId: string
}

export interface SnapshotId {
  /** The first offset that is not in the snapshot. */
  readonly endOffset: number
  readonly epoch: number
}

interface Request {
  readonly clusterId: string
}

export interface VoteRequest extends Request {
  readonly _tag: "Vote"
  readonly epoch: number
  readonly candidate: ReplicaKey
  /** Whose vote is asked for. */
  readonly voter: ReplicaKey
  /** Where the candidate's log ends. */
  readonly lastEpoch: number
  readonly lastOffset: number
  /** Only whether one would vote (KIP-996): nothing is promised. */
  readonly preVote: boolean
}

export interface BeginQuorumEpochRequest extends Request {
  readonly _tag: "BeginQuorumEpoch"
  readonly epoch: number
  readonly leaderId: number
  readonly leaderEndpoint: Address | null
  readonly voter: ReplicaKey
}

export interface EndQuorumEpochRequest extends Request {
  readonly _tag: "EndQuorumEpoch"
  readonly epoch: number
  readonly leaderId: number
  /** Who should stand first, best first. */
  readonly preferredSuccessors: ReadonlyArray<ReplicaKey>
}

export interface FetchRequest extends Request {
  readonly _tag: "Fetch"
  readonly epoch: number
  readonly replica: ReplicaKey
  /** Everything below is durable with the one who fetches. */
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  /** As the one who fetches knows it (KIP-1166): a leader that knows more answers at once. */
  readonly highWatermark: number
  readonly maxWaitMs: number
  readonly maxBytes: number
}

export interface FetchSnapshotRequest extends Request {
  readonly _tag: "FetchSnapshot"
  readonly epoch: number
  readonly replica: ReplicaKey
  readonly snapshotId: SnapshotId
  readonly position: number
  readonly maxBytes: number
}

export interface AddVoterRequest extends Request {
  readonly _tag: "AddVoter"
  readonly voter: Voter
  readonly timeoutMs: number
  /** False answers once the change is appended: for one who must not wait for its own fetches. */
  readonly ackWhenCommitted: boolean
}

export interface RemoveVoterRequest extends Request {
  readonly _tag: "RemoveVoter"
  readonly voter: ReplicaKey
}

export interface UpdateVoterRequest extends Request {
  readonly _tag: "UpdateVoter"
  readonly voter: Voter
}

/** Raises kraft.version. */
export interface UpgradeVersionRequest extends Request {
  readonly _tag: "UpgradeVersion"
  readonly level: number
  /** Whoever asks means to go up. */
  readonly isUpgrade: boolean
  readonly validateOnly: boolean
}

export type PeerRequest =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | AddVoterRequest
  | RemoveVoterRequest
  | UpdateVoterRequest
  | UpgradeVersionRequest

/** What every answer says of the answerer. */
export interface Head {
  readonly errorCode: number
  readonly epoch: number
  /** -1 while none is known. */
  readonly leaderId: number
  readonly leaderEndpoint: Address | null
}

export interface VoteResponse extends Head {
  readonly _tag: "Vote"
  readonly voteGranted: boolean
}

export interface BeginQuorumEpochResponse extends Head {
  readonly _tag: "BeginQuorumEpoch"
}

export interface EndQuorumEpochResponse extends Head {
  readonly _tag: "EndQuorumEpoch"
}

export interface FetchResponse extends Head {
  readonly _tag: "Fetch"
  readonly highWatermark: number
  /** The log of the one who fetches has another end of this epoch: nothing behind it is ours (KIP-595). */
  readonly diverging: { readonly epoch: number; readonly endOffset: number } | null
  /** What is asked for is only in this snapshot any more (KIP-630). */
  readonly snapshotId: SnapshotId | null
  /** Whole batches; the last may be cut short. */
  readonly records: Uint8Array
}

export interface FetchSnapshotResponse extends Head {
  readonly _tag: "FetchSnapshot"
  readonly snapshotId: SnapshotId
  readonly sizeBytes: number
  readonly position: number
  readonly bytes: Uint8Array
}

export interface VoterChangeResponse extends Head {
  readonly _tag: "AddVoter" | "RemoveVoter" | "UpdateVoter" | "UpgradeVersion"
  readonly message: string | null
}

export type PeerResponse =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse
  | VoterChangeResponse

interface Responses {
  readonly Vote: VoteResponse
  readonly BeginQuorumEpoch: BeginQuorumEpochResponse
  readonly EndQuorumEpoch: EndQuorumEpochResponse
  readonly Fetch: FetchResponse
  readonly FetchSnapshot: FetchSnapshotResponse
  readonly AddVoter: VoterChangeResponse
  readonly RemoveVoter: VoterChangeResponse
  readonly UpdateVoter: VoterChangeResponse
  readonly UpgradeVersion: VoterChangeResponse
}

/** What a request is answered with. */
export type ResponseOf<Request extends PeerRequest> = Responses[Request["_tag"]]
