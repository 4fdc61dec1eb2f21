/**
 * Snapshots of the metadata log: `offset-epoch.checkpoint` beside its segments, where offset is the first that the snapshot does not
 * hold (KIP-630). A snapshot is record batches between a header and a footer.
 *
 * Invariant: a file with the final name is whole and durable; one without its footer is damage, and is refused.
 */
import * as Checkpoint from "@klamm/log/Checkpoint"
import { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { snapshotFooter, snapshotHeader } from "./Control.ts"

export interface SnapshotId {
  /** The first offset that is not in the snapshot. */
  readonly endOffset: number
  readonly epoch: number
}

export interface Snapshot extends SnapshotId {
  /** Data batches in order, without header and footer. */
  readonly batches: ReadonlyArray<Uint8Array>
}

const pattern = /^(\d{20})-(\d{10})\.checkpoint$/

const fileName = ({ endOffset, epoch }: SnapshotId): string =>
  `${String(endOffset).padStart(20, "0")}-${String(epoch).padStart(10, "0")}.checkpoint`

/** By rising end offset. */
export const list = (disk: Disk["Service"], directory: string): Effect.Effect<ReadonlyArray<SnapshotId>, DiskError> =>
  Effect.map(disk.list(directory), (entries) =>
    entries
      .flatMap(({ name }) => {
        const match = pattern.exec(name)
        return match === null ? [] : [{ endOffset: Number(match[1]), epoch: Number(match[2]) }]
      })
      .sort((one, other) => one.endOffset - other.endOffset || one.epoch - other.epoch)
  )

export const read = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId
): Effect.Effect<Snapshot, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const path = `${directory}/${fileName(id)}`
    const bytes = yield* disk.readFile(path)
    const batches: Array<Uint8Array> = []
    let lastControl: number | undefined
    let fault: RecordBatch.BatchFault | undefined
    const end = RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
      fault ??= RecordBatch.verifyBatch(bytes, at, at + sizeBytes)
      if (RecordBatch.isControl(bytes, at)) lastControl = RecordBatch.controlType(bytes, at)
      else batches.push(bytes.subarray(at, at + sizeBytes))
    })
    if (fault !== undefined || end !== bytes.length || lastControl !== RecordBatch.controlTypes.snapshotFooter) {
      return yield* Effect.fail(new CorruptLog({ path, position: end, reason: "is not a whole snapshot" }))
    }
    return { ...id, batches }
  })

const concatenate = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** Writes the batches, numbered through from 0, between header and footer. */
export const write = (
  disk: Disk["Service"],
  directory: string,
  snapshot: Snapshot,
  lastContainedLogTimestamp: number,
  now: number
): Effect.Effect<void, DiskError> => {
  const chunks = [snapshotHeader(lastContainedLogTimestamp, now), ...snapshot.batches, snapshotFooter(now)]
  let offset = 0
  for (const chunk of chunks) {
    RecordBatch.setBaseOffset(chunk, 0, offset)
    RecordBatch.setPartitionLeaderEpoch(chunk, 0, snapshot.epoch)
    offset += RecordBatch.count(chunk, 0)
  }
  return Checkpoint.replaceFile(disk, directory, fileName(snapshot), concatenate(chunks))
}

/** Removes all snapshots before `keep`. */
export const removeBefore = (
  disk: Disk["Service"],
  directory: string,
  keep: SnapshotId
): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    for (const id of yield* list(disk, directory)) {
      if (id.endOffset < keep.endOffset) yield* disk.remove(`${directory}/${fileName(id)}`)
    }
    yield* disk.syncDirectory(directory)
  })
