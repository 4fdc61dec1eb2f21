/** What a simulated node has on its disk, and what it finds there when it starts. */
import type * as LogView from "../src/LogView.ts"
import type { FetchedBatch, QuorumState, VoterEntry } from "../src/Message.ts"
import type { SnapshotId } from "../src/Peer.ts"

export interface Disk {
  stored: QuorumState | undefined
  startOffset: number
  batches: Array<FetchedBatch>
  /** Everything below survives a power cut. */
  syncedOffset: number
  snapshot: (SnapshotId & { readonly voters: VoterEntry }) | undefined
}

export const endOf = (disk: Disk): number => (disk.batches.at(-1)?.lastOffset ?? disk.startOffset - 1) + 1

export const emptyDisk = (): Disk => ({
  stored: undefined,
  startOffset: 0,
  batches: [],
  syncedOffset: 0,
  snapshot: undefined
})

const epochsOf = (batches: ReadonlyArray<FetchedBatch>): LogView.LogView["epochs"] => {
  const epochs: Array<{ epoch: number; startOffset: number }> = []
  for (const { epoch, baseOffset } of batches) {
    if (epochs.at(-1)?.epoch !== epoch) epochs.push({ epoch, startOffset: baseOffset })
  }
  return epochs
}

/** The log as its node opens it. */
export const viewOf = (disk: Disk, configured: VoterEntry): LogView.LogView => {
  const voters: Array<VoterEntry> = [disk.snapshot?.voters ?? configured]
  for (const { baseOffset, control } of disk.batches) {
    let entry = voters.at(-1)!
    for (const record of control) {
      if (record._tag === "Voters") entry = { ...entry, offset: baseOffset, voters: record.voters }
      if (record._tag === "KRaftVersion") entry = { ...entry, offset: baseOffset, kraftVersion: record.kraftVersion }
    }
    if (entry !== voters.at(-1)) voters.push(entry)
  }
  const endOffset = endOf(disk)
  return {
    startOffset: disk.startOffset,
    endOffset,
    writtenOffset: endOffset,
    syncedOffset: disk.syncedOffset,
    generation: 0,
    syncing: false,
    epochs: epochsOf(disk.batches),
    snapshot: disk.snapshot,
    voters
  }
}
