/**
 * What a raft node is told and what it wants done. Invariant: nothing that others rely on (a vote, a commit) leaves the machine
 * before the message says it is durable.
 */
export type AppendAnswer =
  | { readonly _tag: "Appended"; readonly lastOffset: number }
  /** Not the leader, or no longer: nothing was written that will ever be read. */
  | { readonly _tag: "NotLeader" }

/** One record batch for the log, and whom to tell its offset. Called once. */
export interface Entry {
  readonly batch: Uint8Array
  readonly count: number
  readonly complete: (answer: AppendAnswer) => void
}

/** What a node must not forget: the epoch, and whom it gave its vote in it. Ids are -1 while there is none. */
export interface Election {
  readonly epoch: number
  readonly votedFor: number
  readonly leaderId: number
}

export type Message =
  /** The election is on the disk. */
  | { readonly _tag: "ElectionPersisted"; readonly election: Election }
  | { readonly _tag: "Append"; readonly entry: Entry }
  /** Everything below is in the log, not yet durable. */
  | { readonly _tag: "Written"; readonly logEndOffset: number }
  /** Everything below is durable here. */
  | { readonly _tag: "Synced"; readonly offset: number }
  | { readonly _tag: "Resign" }
  | { readonly _tag: "Wake" }

export type Out =
  | { readonly _tag: "PersistElection"; readonly election: Election }
  | { readonly _tag: "Write"; readonly batch: Uint8Array; readonly baseOffset: number; readonly epoch: number }
  /** The first record of a leader's epoch, by which the log says who leads. */
  | {
      readonly _tag: "WriteLeaderChange"
      readonly baseOffset: number
      readonly epoch: number
      readonly voters: ReadonlyArray<number>
      readonly grantingVoters: ReadonlyArray<number>
    }
  | { readonly _tag: "Sync" }
  | { readonly _tag: "Answer"; readonly entry: Entry; readonly answer: AppendAnswer }
  /** Everything below the high watermark is a fact. */
  | { readonly _tag: "Committed"; readonly highWatermark: number }
  /** This node leads, and has committed everything of the epochs before. */
  | { readonly _tag: "Led"; readonly epoch: number }
  | { readonly _tag: "Resigned" }
