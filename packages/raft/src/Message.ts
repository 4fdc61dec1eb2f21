/**
 * What a raft node is told and what it wants done. Invariant: nothing that others rely on (a vote, a commit) leaves the machine
 * before the message says it is durable.
 */
import type { Address } from "@klamm/platform/Network"
import type { ControlRecord } from "./Control.ts"
import type {
  FetchResponse,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  PeerRequest,
  PeerResponse,
  SnapshotId
} from "./Peer.ts"
import type { VoterSet } from "./VoterSet.ts"

export type AppendAnswer =
  | { readonly _tag: "Appended"; readonly lastOffset: number }
  /** Not the leader, or no longer: nothing was written that will ever be read. */
  | { readonly _tag: "NotLeader" }

/** One record batch for the log, and whom to tell its offset. Called once. */
export interface Entry {
  readonly batch: Uint8Array
  readonly count: number
  /** The epoch whose leader decided it: a later one takes it no more. */
  readonly epoch: number
  readonly complete: (answer: AppendAnswer) => void
}

/** What a node must not forget: the epoch, and whom it gave its vote in it. Ids are -1 while there is none. */
export interface Election {
  readonly epoch: number
  readonly votedFor: number
  /** The zero uuid while there is none, or it is not known. */
  readonly votedDirectoryId: string
  readonly leaderId: number
}

/** What a node keeps beside its log. */
export interface QuorumState {
  readonly election: Election
  /** Its directory began empty, and has not caught up with a leader yet. */
  readonly fresh: boolean
}

/** A batch that was fetched, with what raft itself must know of it. */
export interface FetchedBatch {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly control: ReadonlyArray<ControlRecord>
}

/** Gives the answer to whoever asked. Called once. */
export type Respond = (response: PeerResponse) => void

/** Where a request goes; a negative id stands for a bootstrap server, whose id is not known. */
export interface Target {
  readonly id: number
  readonly address: Address
}

/** The voters and the version of the quorum's own protocol, and since which offset. */
export interface VoterEntry {
  /** -1 for the configured ones. */
  readonly offset: number
  readonly voters: VoterSet
  readonly kraftVersion: number
}

/** What came of a change of the voters, and whom to tell. Called once. */
export type ChangeAnswer = { readonly errorCode: number; readonly message: string | null }

export type UnreachableReason = "Refused" | "Disconnected" | "TimedOut" | "Malformed"

export type Message =
  /** The election is on the disk. */
  | { readonly _tag: "ElectionPersisted"; readonly election: Election }
  | { readonly _tag: "Append"; readonly entry: Entry }
  /** Everything below is in the log, not yet durable. */
  | { readonly _tag: "Written"; readonly logEndOffset: number }
  /** Everything below is durable here, if nothing was cut off since the sync of that generation was asked for. */
  | { readonly _tag: "Synced"; readonly generation: number; readonly offset: number }
  | { readonly _tag: "Requested"; readonly request: PeerRequest; readonly respond: Respond }
  /** The answer to the request sent under that id; the batches are what a Fetch answer's records hold. */
  | {
      readonly _tag: "Answered"
      readonly id: number
      readonly from: number
      readonly request: PeerRequest
      readonly response: PeerResponse
      readonly batches: ReadonlyArray<FetchedBatch>
    }
  | {
      readonly _tag: "Unreachable"
      readonly id: number
      readonly from: number
      readonly request: PeerRequest
      readonly reason: UnreachableReason
    }
  /** The fetched snapshot is the node's log up to its end, durably. */
  | {
      readonly _tag: "SnapshotLoaded"
      readonly snapshotId: SnapshotId
      readonly voters: VoterEntry | undefined
    }
  /** This is the latest snapshot that was taken here, and the log now begins at the offset. */
  | { readonly _tag: "SnapshotStored"; readonly snapshotId: SnapshotId; readonly logStartOffset: number }
  /** This node is about to stop: it hands the leadership over and never stands again. */
  | { readonly _tag: "Resign"; readonly done: () => void }
  | { readonly _tag: "Wake" }

export type Out =
  | ({ readonly _tag: "PersistElection"; readonly voters: VoterEntry } & QuorumState)
  | { readonly _tag: "Write"; readonly batch: Uint8Array; readonly baseOffset: number; readonly epoch: number }
  | {
      readonly _tag: "WriteControl"
      readonly baseOffset: number
      readonly epoch: number
      readonly records: ReadonlyArray<ControlRecord>
    }
  | { readonly _tag: "WriteFetched"; readonly batches: ReadonlyArray<FetchedBatch> }
  /** Drops everything from the offset on, durably. */
  | { readonly _tag: "Truncate"; readonly offset: number }
  | { readonly _tag: "Sync"; readonly generation: number }
  | { readonly _tag: "Answer"; readonly entry: Entry; readonly answer: AppendAnswer }
  | {
      readonly _tag: "Send"
      readonly id: number
      readonly to: Target
      readonly request: PeerRequest
      readonly timeoutMs: number
    }
  | { readonly _tag: "Respond"; readonly respond: Respond; readonly response: PeerResponse }
  /** The answer with the log's bytes from the offset on put in. */
  | {
      readonly _tag: "RespondFetch"
      readonly respond: Respond
      readonly response: FetchResponse
      readonly offset: number
      readonly maxBytes: number
    }
  /** The answer with the part of the snapshot that was asked for put in. */
  | {
      readonly _tag: "RespondSnapshot"
      readonly respond: Respond
      readonly response: FetchSnapshotResponse
      readonly request: FetchSnapshotRequest
    }
  /** A part of the snapshot that is being fetched; the last one makes it the node's, in place of its log. */
  | {
      readonly _tag: "WriteSnapshot"
      readonly snapshotId: SnapshotId
      readonly position: number
      readonly bytes: Uint8Array
      readonly isLast: boolean
    }
  /** Everything below the high watermark is a fact. */
  | { readonly _tag: "Committed"; readonly highWatermark: number }
  /** This node leads, and has committed everything of the epochs before. */
  | { readonly _tag: "Led"; readonly epoch: number }
  | { readonly _tag: "Resigned" }
  | {
      readonly _tag: "NewLeader"
      readonly id: number
      readonly epoch: number
      readonly endpoint: Address | undefined
    }
  | { readonly _tag: "Done"; readonly done: () => void }
