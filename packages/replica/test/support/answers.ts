/** What a leader's node answers to a follower's fetch, of what was read. Neighbour: `cluster.ts`. */
import type { FetchResponse } from "@klamm/protocol/api/01-Fetch"
import type { PartitionRead } from "../../src/PartitionRead.ts"

export const answerOf = (
  topicId: string,
  reads: ReadonlyArray<{ readonly asked: { readonly partition: number }; readonly read: PartitionRead }>
) => {
  const none = { epoch: -1, endOffset: -1 }
  const partitions = reads.map(({ asked, read }) => ({
    partitionIndex: asked.partition,
    errorCode: read.errorCode,
    highWatermark: read.highWatermark,
    lastStableOffset: read.lastStableOffset,
    logStartOffset: read.logStartOffset,
    divergingEpoch: read.divergingEpoch ?? none,
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: read.records
  }))
  const body: FetchResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: "", topicId, partitions }],
    nodeEndpoints: []
  }
  const release = () => {
    for (const { read } of reads) read.release()
  }
  return { body, release }
}
