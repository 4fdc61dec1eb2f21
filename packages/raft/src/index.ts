/**
 * The metadata quorum: a log of bytes that a majority of voters agrees on. It knows nothing of what is in it. `Bus.ts` is imported by
 * name, because it brings Schema and msgpack along.
 */
export { writeBootstrapSnapshot } from "./Bootstrap.ts"
export { defaultSettings, type QuorumSettings } from "./Common.ts"
export type { QuorumDescription, ReplicaDescription } from "./Describe.ts"
export type { AppendAnswer, ChangeAnswer } from "./Message.ts"
export * as MetadataLog from "./MetadataLog.ts"
export type * from "./Peer.ts"
export * as Raft from "./Raft.ts"
export * as RaftNode from "./RaftNode.ts"
export type { RetentionLimits } from "./SnapshotRetention.ts"
export type { Snapshot } from "./Snapshots.ts"
export * as VoterSet from "./VoterSet.ts"
