/**
 * How long snapshots of the metadata log are kept, and with them the log that leads from one to the next (metadata.max.retention.bytes
 * and .ms, KIP-630). Invariants: the latest snapshot stays; the log begins at 0 or, but for what shares a segment with it, where a
 * snapshot that is kept ends; a snapshot goes only after the log start has passed it. Neighbours: `Snapshots.ts` has the files,
 * `RaftNode.ts` runs this.
 */
import type { Log } from "@klamm/log/Log"
import type { Disk, DiskError } from "@klamm/platform"
import * as Effect from "effect/Effect"
import type { SnapshotId } from "./Peer.ts"
import * as Snapshots from "./Snapshots.ts"

export interface RetentionLimits {
  /** metadata.max.retention.bytes, of the log and its snapshots together; negative is without limit. */
  readonly maxBytes: number
  /** metadata.max.retention.ms; negative is for ever. */
  readonly maxMs: number
}

/** Whether the oldest of these snapshots, by rising end offset, has to go. The only one never has. */
export const oldestIsDue = (
  snapshots: ReadonlyArray<Snapshots.SnapshotFacts>,
  logBytes: number,
  now: number,
  { maxBytes, maxMs }: RetentionLimits
): boolean => {
  const [oldest, next] = snapshots
  if (oldest === undefined || next === undefined) return false
  const totalBytes = snapshots.reduce((sum, { sizeBytes }) => sum + sizeBytes, logBytes)
  if (maxBytes >= 0 && totalBytes > maxBytes) return true
  return maxMs >= 0 && oldest.timestamp !== undefined && now - oldest.timestamp > maxMs
}

/** Those that the log goes on from; one that was fetched is none of them until the log has been made to. */
const storedSnapshots = (disk: Disk["Service"], log: Log) =>
  Effect.gen(function* () {
    const stored: Array<Snapshots.SnapshotFacts> = []
    for (const id of yield* Snapshots.list(disk, log.directory)) {
      const facts = yield* Snapshots.facts(disk, log.directory, id)
      if (facts !== undefined && facts.endOffset <= log.logEndOffset) stored.push(facts)
    }
    return stored
  })

/** Takes away what is beyond the limits; answers the latest snapshot if anything went. */
export const apply = (
  disk: Disk["Service"],
  log: Log,
  now: number,
  limits: RetentionLimits
): Effect.Effect<SnapshotId | undefined, DiskError> =>
  Effect.gen(function* () {
    let snapshots = yield* storedSnapshots(disk, log)
    let latest: SnapshotId | undefined
    while (oldestIsDue(snapshots, log.sizeBytes, now, limits)) {
      const next = snapshots[1]!
      yield* log.deleteRecordsBefore(next.endOffset)
      yield* log.deleteOldSegments(now, next.endOffset)
      yield* Snapshots.removeBefore(disk, log.directory, next)
      snapshots = snapshots.slice(1)
      const { endOffset, epoch } = snapshots.at(-1)!
      latest = { endOffset, epoch }
    }
    return latest
  })
