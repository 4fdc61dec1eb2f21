/** The metadata quorum: a log of bytes that a majority of voters agrees on. It knows nothing of what is in it. */
export * from "./Message.ts"
export * as MetadataLog from "./MetadataLog.ts"
export * as Raft from "./Raft.ts"
export * as RaftNode from "./RaftNode.ts"
export type { Snapshot, SnapshotId } from "./Snapshots.ts"
export * as VoterSet from "./VoterSet.ts"
