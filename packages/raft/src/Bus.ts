/**
 * The quorum's messages on the wire: a private API for each (`@klamm/channel/PeerApi`), how they are sent over channels, and what answers
 * them. Imported by name only, because it brings Schema and msgpack along. Invariant: the schemas are those of the plain types in `Peer.ts`,
 * which the compiler checks; keys are never used again for something else.
 */
import type { ChannelError } from "@klamm/channel"
import type { Channels } from "@klamm/channel/Channels"
import { type PeerApi, peerApi } from "@klamm/channel/PeerApi"
import type { Address } from "@klamm/platform/Network"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type {
  AddVoterRequest,
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  FetchRequest,
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  PeerRequest,
  PeerResponse,
  RemoveVoterRequest,
  UpdateVoterRequest,
  UpgradeVersionRequest,
  VoteRequest,
  VoteResponse,
  VoterChangeResponse
} from "./Peer.ts"
import type { QuorumPeers } from "./Perform.ts"
import type { RaftNode } from "./RaftNode.ts"

const Endpoint = Schema.NullOr(Schema.Struct({ host: Schema.String, port: Schema.Int }))
const Key = { id: Schema.Int, directoryId: Schema.String }
const ReplicaKey = Schema.Struct(Key)
const SnapshotId = Schema.Struct({ endOffset: Schema.Int, epoch: Schema.Int })
const Voter = Schema.Struct({
  ...Key,
  endpoints: Schema.Array(Schema.Struct({ name: Schema.String, host: Schema.String, port: Schema.Int })),
  minKraftVersion: Schema.Int,
  maxKraftVersion: Schema.Int
})
const clusterId = Schema.String
const epoch = Schema.Int
const Head = { errorCode: Schema.Int, epoch, leaderId: Schema.Int, leaderEndpoint: Endpoint }

export const Vote: PeerApi<VoteRequest, VoteResponse> = peerApi(
  "Vote",
  10_001,
  Schema.Struct({
    _tag: Schema.Literal("Vote"),
    clusterId,
    epoch,
    candidate: ReplicaKey,
    voter: ReplicaKey,
    lastEpoch: Schema.Int,
    lastOffset: Schema.Int,
    preVote: Schema.Boolean
  }),
  Schema.Struct({ _tag: Schema.Literal("Vote"), ...Head, voteGranted: Schema.Boolean })
)

export const BeginQuorumEpoch: PeerApi<BeginQuorumEpochRequest, BeginQuorumEpochResponse> = peerApi(
  "BeginQuorumEpoch",
  10_002,
  Schema.Struct({
    _tag: Schema.Literal("BeginQuorumEpoch"),
    clusterId,
    epoch,
    leaderId: Schema.Int,
    leaderEndpoint: Endpoint,
    voter: ReplicaKey
  }),
  Schema.Struct({ _tag: Schema.Literal("BeginQuorumEpoch"), ...Head })
)

export const EndQuorumEpoch: PeerApi<EndQuorumEpochRequest, EndQuorumEpochResponse> = peerApi(
  "EndQuorumEpoch",
  10_003,
  Schema.Struct({
    _tag: Schema.Literal("EndQuorumEpoch"),
    clusterId,
    epoch,
    leaderId: Schema.Int,
    preferredSuccessors: Schema.Array(ReplicaKey)
  }),
  Schema.Struct({ _tag: Schema.Literal("EndQuorumEpoch"), ...Head })
)

export const Fetch: PeerApi<FetchRequest, FetchResponse> = peerApi(
  "Fetch",
  10_004,
  Schema.Struct({
    _tag: Schema.Literal("Fetch"),
    clusterId,
    epoch,
    replica: ReplicaKey,
    fetchOffset: Schema.Int,
    lastFetchedEpoch: Schema.Int,
    highWatermark: Schema.Int,
    maxWaitMs: Schema.Int,
    maxBytes: Schema.Int
  }),
  Schema.Struct({
    _tag: Schema.Literal("Fetch"),
    ...Head,
    highWatermark: Schema.Int,
    diverging: Schema.NullOr(SnapshotId),
    snapshotId: Schema.NullOr(SnapshotId),
    records: Schema.Uint8Array
  })
)

export const FetchSnapshot: PeerApi<FetchSnapshotRequest, FetchSnapshotResponse> = peerApi(
  "FetchSnapshot",
  10_005,
  Schema.Struct({
    _tag: Schema.Literal("FetchSnapshot"),
    clusterId,
    epoch,
    replica: ReplicaKey,
    snapshotId: SnapshotId,
    position: Schema.Int,
    maxBytes: Schema.Int
  }),
  Schema.Struct({
    _tag: Schema.Literal("FetchSnapshot"),
    ...Head,
    snapshotId: SnapshotId,
    sizeBytes: Schema.Int,
    position: Schema.Int,
    bytes: Schema.Uint8Array
  })
)

const VoterChange = Schema.Struct({
  _tag: Schema.Literals(["AddVoter", "RemoveVoter", "UpdateVoter", "UpgradeVersion"]),
  ...Head,
  message: Schema.NullOr(Schema.String)
})

export const AddVoter: PeerApi<AddVoterRequest, VoterChangeResponse> = peerApi(
  "AddVoter",
  10_006,
  Schema.Struct({
    _tag: Schema.Literal("AddVoter"),
    clusterId,
    voter: Voter,
    timeoutMs: Schema.Int,
    ackWhenCommitted: Schema.Boolean
  }),
  VoterChange
)

export const RemoveVoter: PeerApi<RemoveVoterRequest, VoterChangeResponse> = peerApi(
  "RemoveVoter",
  10_007,
  Schema.Struct({ _tag: Schema.Literal("RemoveVoter"), clusterId, voter: ReplicaKey }),
  VoterChange
)

export const UpdateVoter: PeerApi<UpdateVoterRequest, VoterChangeResponse> = peerApi(
  "UpdateVoter",
  10_008,
  Schema.Struct({ _tag: Schema.Literal("UpdateVoter"), clusterId, voter: Voter }),
  VoterChange
)

export const UpgradeVersion: PeerApi<UpgradeVersionRequest, VoterChangeResponse> = peerApi(
  "UpgradeVersion",
  10_009,
  Schema.Struct({
    _tag: Schema.Literal("UpgradeVersion"),
    clusterId,
    level: Schema.Int,
    isUpgrade: Schema.Boolean,
    validateOnly: Schema.Boolean
  }),
  VoterChange
)

/** Sends one message over the channels given. */
export const send = (
  channels: Channels,
  to: Address,
  request: PeerRequest,
  timeoutMs: number
): Effect.Effect<PeerResponse, ChannelError> => {
  switch (request._tag) {
    case "Vote":
      return channels.call(to, Vote, request, timeoutMs)
    case "BeginQuorumEpoch":
      return channels.call(to, BeginQuorumEpoch, request, timeoutMs)
    case "EndQuorumEpoch":
      return channels.call(to, EndQuorumEpoch, request, timeoutMs)
    case "Fetch":
      return channels.call(to, Fetch, request, timeoutMs)
    case "FetchSnapshot":
      return channels.call(to, FetchSnapshot, request, timeoutMs)
    case "AddVoter":
      return channels.call(to, AddVoter, request, timeoutMs)
    case "RemoveVoter":
      return channels.call(to, RemoveVoter, request, timeoutMs)
    case "UpdateVoter":
      return channels.call(to, UpdateVoter, request, timeoutMs)
    case "UpgradeVersion":
      return channels.call(to, UpgradeVersion, request, timeoutMs)
  }
}

/** Connections by how long an answer may take: answers of one come in order, and none of these may wait for another kind. */
export interface QuorumChannels {
  /** Votes, and who leads. */
  readonly quorum: Channels
  /** Fetches, which poll long. */
  readonly fetch: Channels
  /** Changes of the voters, which wait for a commit that may need this node's own fetches. */
  readonly changes: Channels
}

export const quorumPeers = ({ quorum, fetch, changes }: QuorumChannels): QuorumPeers => ({
  send: (to, request, timeoutMs) => {
    switch (request._tag) {
      case "Vote":
      case "BeginQuorumEpoch":
      case "EndQuorumEpoch":
        return send(quorum, to, request, timeoutMs)
      case "Fetch":
      case "FetchSnapshot":
        return send(fetch, to, request, timeoutMs)
      case "AddVoter":
      case "RemoveVoter":
      case "UpdateVoter":
      case "UpgradeVersion":
        return send(changes, to, request, timeoutMs)
    }
  }
})

/** What answers each message, made by `mount` into whatever a listener takes. */
export const handlers = <Handler>(
  { handle }: Pick<RaftNode, "handle">,
  mount: <Request, Response>(
    api: PeerApi<Request, Response>,
    handle: (request: Request) => Effect.Effect<Response>
  ) => Handler
): ReadonlyArray<Handler> => [
  mount<VoteRequest, VoteResponse>(Vote, handle),
  mount<BeginQuorumEpochRequest, BeginQuorumEpochResponse>(BeginQuorumEpoch, handle),
  mount<EndQuorumEpochRequest, EndQuorumEpochResponse>(EndQuorumEpoch, handle),
  mount<FetchRequest, FetchResponse>(Fetch, handle),
  mount<FetchSnapshotRequest, FetchSnapshotResponse>(FetchSnapshot, handle),
  mount<AddVoterRequest, VoterChangeResponse>(AddVoter, handle),
  mount<RemoveVoterRequest, VoterChangeResponse>(RemoveVoter, handle),
  mount<UpdateVoterRequest, VoterChangeResponse>(UpdateVoter, handle),
  mount<UpgradeVersionRequest, VoterChangeResponse>(UpgradeVersion, handle)
]
