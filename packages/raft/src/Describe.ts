/**
 * The quorum as DescribeQuorum tells it (KIP-595, KIP-836): who leads, and how far everybody is. Invariant: only the leader knows of the
 * others; the times are the wall clock's, and -1 where there is none.
 */
import { type RaftState, votersOf } from "./Common.ts"
import * as LogView from "./LogView.ts"
import type { ReplicaKey } from "./Peer.ts"
import * as Progress from "./Progress.ts"
import type { Voter } from "./VoterSet.ts"

export interface ReplicaDescription extends ReplicaKey {
  readonly logEndOffset: number
  readonly lastFetchTimestamp: number
  readonly lastCaughtUpTimestamp: number
}

export interface QuorumDescription {
  readonly leaderId: number
  readonly epoch: number
  /** -1 where it is not known. */
  readonly highWatermark: number
  readonly voters: ReadonlyArray<ReplicaDescription>
  readonly observers: ReadonlyArray<ReplicaDescription>
  /** The voters with where they listen. */
  readonly nodes: ReadonlyArray<Voter>
  readonly kraftVersion: number
}

const unknown = ({ id, directoryId }: ReplicaKey): ReplicaDescription => ({
  id,
  directoryId,
  logEndOffset: -1,
  lastFetchTimestamp: -1,
  lastCaughtUpTimestamp: -1
})

/** `now` is the machine's time, `wallMs` the same moment on the wall. */
export const describe = (state: RaftState, now: number, wallMs: number): QuorumDescription => {
  const { kraftVersion, voters: voterSet } = LogView.latestVoters(state.log)
  const wall = (at: number): number => (at < 0 ? -1 : Math.round(wallMs - (now - at)))
  const { leaderId, epoch } = state.election
  const replicas: Progress.Replicas = state._tag === "Leader" ? state.replicas : new Map()
  const ofProgress = (key: ReplicaKey, progress: Progress.Progress): ReplicaDescription => ({
    id: key.id,
    directoryId: key.directoryId,
    logEndOffset: progress.endOffset,
    lastFetchTimestamp: progress.hasFetched ? wall(progress.heardAt) : -1,
    lastCaughtUpTimestamp: wall(progress.caughtUpAt)
  })
  const voters = votersOf(state).voters.map((voter): ReplicaDescription => {
    if (state._tag === "Leader" && voter.id === state.self.id) {
      const { id, directoryId } = voter
      const logEndOffset = state.log.endOffset
      return { id, directoryId, logEndOffset, lastFetchTimestamp: wallMs, lastCaughtUpTimestamp: wallMs }
    }
    const progress = Progress.ofVoter(replicas, voter)
    return progress === undefined ? unknown(voter) : ofProgress(voter, progress)
  })
  const ofVoters = new Set(voterSet.voters.map((voter) => Progress.ofVoter(replicas, voter)))
  const observers = [...replicas.values()].flatMap((progress) =>
    ofVoters.has(progress) || now - progress.heardAt >= Progress.observerSessionMs
      ? []
      : [ofProgress(progress.key, progress)]
  )
  const highWatermark =
    state._tag === "Leader" && state.highWatermark <= state.epochStartOffset ? -1 : state.highWatermark
  return { leaderId, epoch, highWatermark, voters, observers, nodes: voterSet.voters, kraftVersion }
}
