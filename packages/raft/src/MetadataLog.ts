/**
 * The log of the quorum, `__cluster_metadata-0`, with its snapshots: what a node loads when it starts, and what was committed since.
 *
 * Invariant: the log goes on where the latest snapshot ends, or before; a log that ended before it is replaced by the snapshot.
 */
import * as EpochCache from "@klamm/log/EpochCache"
import type { Log } from "@klamm/log/Log"
import { CorruptLog } from "@klamm/log/LogError"
import type { Disk, DiskError } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Control from "./Control.ts"
import type { LogView } from "./LogView.ts"
import type { VoterEntry } from "./Message.ts"
import type { SnapshotId } from "./Peer.ts"
import * as Snapshots from "./Snapshots.ts"
import * as VoterSet from "./VoterSet.ts"

export const topicName = "__cluster_metadata"
export const partition = 0
/** Kafka's Uuid.METADATA_TOPIC_ID. */
export const topicId = "AAAAAAAAAAAAAAAAAAAAAQ"

/** Bytes read from the log at a time to tell what was committed. */
const readBytes = 1024 * 1024

/** A committed batch as it is told. */
export interface CommittedBatch {
  readonly bytes: Uint8Array
  readonly lastOffset: number
  readonly epoch: number
  /** Raft's own record, of no meaning to the metadata. */
  readonly isControl: boolean
  /** Milliseconds. */
  readonly maxTimestamp: number
}

/**
 * Whether the log goes on from the snapshot: it reaches there, and its record before is of the snapshot's epoch. A crash between storing a
 * fetched snapshot and giving up the log that it replaces leaves a log that may say something else.
 */
const goesOn = (log: Log, { endOffset, epoch }: SnapshotId): boolean => {
  if (log.logEndOffset < endOffset) return false
  const isEmpty = log.logStartOffset === endOffset && log.logEndOffset === endOffset
  if (isEmpty) return log.epochs.length === 0 || EpochCache.latestEpoch(log.epochs) === epoch
  return endOffset <= log.logStartOffset || EpochCache.epochForOffset(log.epochs, endOffset - 1) === epoch
}

/** The latest snapshot, if there is one; the log is made to go on from it. */
const loadSnapshot = (
  disk: Disk["Service"],
  log: Log,
  now: number
): Effect.Effect<Snapshots.StoredSnapshot | undefined, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    yield* Snapshots.removeParts(disk, log.directory)
    const latest = (yield* Snapshots.list(disk, log.directory)).at(-1)
    if (latest === undefined) {
      if (log.logStartOffset === 0) return undefined
      const reason = `begins at ${log.logStartOffset} and has no snapshot of what was before`
      return yield* Effect.fail(new CorruptLog({ path: log.directory, position: 0, reason }))
    }
    if (latest.endOffset < log.logStartOffset) {
      const reason = `begins at ${log.logStartOffset}, its latest snapshot ends at ${latest.endOffset}`
      return yield* Effect.fail(new CorruptLog({ path: log.directory, position: 0, reason }))
    }
    if (!goesOn(log, latest)) yield* log.truncateFullyAndStartAt(latest.endOffset, now)
    return yield* Snapshots.read(disk, log.directory, latest)
  })

/** The voters that a snapshot names, as of its end. */
export const votersOf = (snapshot: Snapshots.StoredSnapshot): VoterEntry | undefined => {
  let entry: VoterEntry = { offset: snapshot.endOffset - 1, voters: VoterSet.empty, kraftVersion: 0 }
  for (const record of snapshot.control) {
    if (record._tag === "Voters") entry = { ...entry, voters: record.voters }
    if (record._tag === "KRaftVersion") entry = { ...entry, kraftVersion: record.kraftVersion }
  }
  return entry.voters.ids.length > 0 ? entry : undefined
}

/** Every change of the voters that the log tells of, behind those of the snapshot or the configured ones. */
const voterEntries = (log: Log, base: VoterEntry, from: number) =>
  Effect.gen(function* () {
    const entries: Array<VoterEntry> = [base]
    yield* readCommitted(log, from, log.logEndOffset, ({ bytes, isControl }) => {
      if (!isControl) return
      const before = entries[entries.length - 1]!
      let entry = before
      for (const record of Control.decode(bytes, 0)) {
        if (record._tag === "Voters") entry = { ...entry, voters: record.voters }
        if (record._tag === "KRaftVersion") entry = { ...entry, kraftVersion: record.kraftVersion }
      }
      if (entry !== before) entries.push({ ...entry, offset: RecordBatch.baseOffset(bytes, 0) })
    })
    return entries
  })

export interface Loaded {
  readonly snapshot: Snapshots.StoredSnapshot | undefined
  readonly view: LogView
}

/** What a node finds when it starts; `configured` are the voters if neither snapshot nor log names any. */
export const load = (
  disk: Disk["Service"],
  log: Log,
  configured: VoterSet.VoterSet,
  now: number
): Effect.Effect<Loaded, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    const snapshot = yield* loadSnapshot(disk, log, now)
    const recorded = snapshot === undefined ? undefined : votersOf(snapshot)
    const base: VoterEntry = recorded ?? { offset: -1, voters: configured, kraftVersion: 0 }
    const from = Math.max(log.logStartOffset, snapshot?.endOffset ?? 0)
    const view: LogView = {
      startOffset: log.logStartOffset,
      endOffset: log.logEndOffset,
      writtenOffset: log.logEndOffset,
      syncedOffset: Math.min(log.recoveryPoint, log.logEndOffset),
      generation: 0,
      syncing: false,
      epochs: log.epochs,
      snapshot: snapshot === undefined ? undefined : { endOffset: snapshot.endOffset, epoch: snapshot.epoch },
      voters: yield* voterEntries(log, base, from)
    }
    return { snapshot, view }
  })

const batchesOf = (bytes: Uint8Array, from: number): ReadonlyArray<CommittedBatch> => {
  const batches: Array<CommittedBatch> = []
  RecordBatch.forEachBatch(bytes, 0, bytes.length, (at, sizeBytes) => {
    const lastOffset = RecordBatch.lastOffset(bytes, at)
    if (lastOffset < from) return
    batches.push({
      bytes: bytes.subarray(at, at + sizeBytes),
      lastOffset,
      epoch: RecordBatch.partitionLeaderEpoch(bytes, at),
      isControl: RecordBatch.isControl(bytes, at),
      maxTimestamp: RecordBatch.maxTimestamp(bytes, at)
    })
  })
  return batches
}

/** Tells all batches from `from` up to `to`, exclusive, in order. */
export const readCommitted = (
  log: Log,
  from: number,
  to: number,
  tell: (batch: CommittedBatch) => void
): Effect.Effect<void, DiskError | CorruptLog> =>
  Effect.gen(function* () {
    let offset = from
    while (offset < to) {
      const read = yield* log.read({
        offset,
        maxBytes: readBytes,
        upToOffset: to,
        minOneBatch: true,
        allocate: (sizeBytes) => new Uint8Array(sizeBytes)
      })
      const batches = read === "none" ? [] : batchesOf(read.bytes, offset)
      const last = batches.at(-1)
      if (last === undefined) {
        const reason = `has no batch at ${offset}, which was committed`
        return yield* Effect.fail(new CorruptLog({ path: log.directory, position: -1, reason }))
      }
      for (const batch of batches) tell(batch)
      offset = last.lastOffset + 1
      // Whoever is told takes it meanwhile: a whole log at once would be more than its mailbox holds.
      if (offset < to) yield* Effect.yieldNow
    }
  })
