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
import { type ControlRecord, decode, lastContainedLogTimestamp, snapshotFooter, snapshotHeader } from "./Control.ts"
import type { SnapshotId } from "./Peer.ts"

export interface Snapshot extends SnapshotId {
  /** Data batches in order, without header and footer. */
  readonly batches: ReadonlyArray<Uint8Array>
}

/** A snapshot with what its control records say. */
export interface StoredSnapshot extends Snapshot {
  readonly control: ReadonlyArray<ControlRecord>
}

const pattern = /^(\d{20})-(\d{10})\.checkpoint$/

const fileName = ({ endOffset, epoch }: SnapshotId): string =>
  `${String(endOffset).padStart(20, "0")}-${String(epoch).padStart(10, "0")}.checkpoint`

/** A snapshot that is being fetched: of no use until it is whole. */
const partSuffix = ".part"

const partPath = (directory: string, id: SnapshotId): string => `${directory}/${fileName(id)}${partSuffix}`

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

const readFile = (
  disk: Disk["Service"],
  path: string,
  id: SnapshotId
): Effect.Effect<StoredSnapshot, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const bytes = yield* disk.readFile(path)
    const batches: Array<Uint8Array> = []
    const control: Array<ControlRecord> = []
    let lastControl: number | undefined
    let fault: RecordBatch.BatchFault | undefined
    const end = RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
      fault ??= RecordBatch.verifyBatch(bytes, at, at + sizeBytes)
      if (fault !== undefined) return
      if (RecordBatch.isControl(bytes, at)) {
        lastControl = RecordBatch.controlType(bytes, at)
        control.push(...decode(bytes, at))
      } else batches.push(bytes.subarray(at, at + sizeBytes))
    })
    if (fault !== undefined || end !== bytes.length || lastControl !== RecordBatch.controlTypes.snapshotFooter) {
      return yield* Effect.fail(new CorruptLog({ path, position: end, reason: "is not a whole snapshot" }))
    }
    return { ...id, batches, control }
  })

export const read = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId
): Effect.Effect<StoredSnapshot, DiskError | CorruptLog> => readFile(disk, `${directory}/${fileName(id)}`, id)

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
  snapshot: StoredSnapshot,
  lastContainedLogTimestamp: number,
  now: number
): Effect.Effect<void, DiskError> => {
  const chunks = [
    snapshotHeader(lastContainedLogTimestamp, snapshot.control, now),
    ...snapshot.batches,
    snapshotFooter(now)
  ]
  let offset = 0
  for (const chunk of chunks) {
    RecordBatch.setBaseOffset(chunk, 0, offset)
    RecordBatch.setPartitionLeaderEpoch(chunk, 0, snapshot.epoch)
    offset += RecordBatch.count(chunk, 0)
  }
  return Checkpoint.replaceFile(disk, directory, fileName(snapshot), concatenate(chunks))
}

/** A part of the file as it is stored; undefined when there is no such snapshot. */
export const readPart = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId,
  position: number,
  maxBytes: number
): Effect.Effect<{ readonly bytes: Uint8Array; readonly sizeBytes: number } | undefined, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* disk.open(`${directory}/${fileName(id)}`, "read")
      const sizeBytes = yield* file.size
      const bytes = new Uint8Array(Math.max(0, Math.min(maxBytes, sizeBytes - position)))
      const count = yield* file.read(position, bytes, "cold")
      return { bytes: bytes.subarray(0, count), sizeBytes }
    })
  ).pipe(Effect.catch((error) => (error.reason === "NotFound" ? Effect.succeed(undefined) : Effect.fail(error))))

/** Puts a fetched part where it belongs; the first one begins the file anew. */
export const writePart = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId,
  position: number,
  bytes: Uint8Array
): Effect.Effect<void, DiskError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* disk.open(partPath(directory, id), "write")
      yield* file.truncate(position)
      yield* file.write(position, [bytes])
    })
  )

/** Makes the fetched file the snapshot, once it is seen to be whole. */
export const finishPart = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId
): Effect.Effect<StoredSnapshot, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const path = partPath(directory, id)
    const snapshot = yield* readFile(disk, path, id)
    yield* Effect.scoped(Effect.flatMap(disk.open(path, "write"), (file) => file.sync))
    yield* disk.rename(path, `${directory}/${fileName(id)}`)
    yield* disk.syncDirectory(directory)
    return snapshot
  })

/** Removes what a fetch that did not end has left. */
export const removeParts = (disk: Disk["Service"], directory: string): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    for (const { name } of yield* disk.list(directory)) {
      if (name.endsWith(partSuffix)) yield* disk.remove(`${directory}/${name}`)
    }
  })

/** Takes a snapshot away; whoever else has done so meanwhile is welcome. */
const remove = (disk: Disk["Service"], directory: string, id: SnapshotId): Effect.Effect<void, DiskError> =>
  disk
    .remove(`${directory}/${fileName(id)}`)
    .pipe(Effect.catch((error) => (error.reason === "NotFound" ? Effect.void : Effect.fail(error))))

/** Removes all snapshots before `keep`. */
export const removeBefore = (
  disk: Disk["Service"],
  directory: string,
  keep: SnapshotId
): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    for (const id of yield* list(disk, directory)) {
      if (id.endOffset < keep.endOffset) yield* remove(disk, directory, id)
    }
    yield* disk.syncDirectory(directory)
  })

/** Bytes of a snapshot that surely hold its first batch's length. */
const batchPrefixBytes = RecordBatch.headerBytes

/** A snapshot as retention sees it. */
export interface SnapshotFacts extends SnapshotId {
  readonly sizeBytes: number
  /** Of the last record that it tells of; undefined when its header does not say. */
  readonly timestamp: number | undefined
}

/** Undefined when there is no such snapshot any more. */
export const facts = (
  disk: Disk["Service"],
  directory: string,
  id: SnapshotId
): Effect.Effect<SnapshotFacts | undefined, DiskError> =>
  Effect.gen(function* () {
    const prefix = yield* readPart(disk, directory, id, 0, batchPrefixBytes)
    if (prefix === undefined || prefix.bytes.byteLength < batchPrefixBytes) return undefined
    const first = yield* readPart(disk, directory, id, 0, RecordBatch.sizeInBytes(prefix.bytes, 0))
    if (first === undefined) return undefined
    const isWhole = RecordBatch.verifyBatch(first.bytes, 0, first.bytes.byteLength) === undefined
    return {
      ...id,
      sizeBytes: first.sizeBytes,
      timestamp: isWhole ? lastContainedLogTimestamp(first.bytes) : undefined
    }
  })
