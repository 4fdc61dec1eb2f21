/**
 * Appending: batches go to the active segment as one gathered write, a new segment begins where the rules ask for one.
 *
 * Invariants: nothing in memory changes before the bytes are written, so a reader never looks past the file; a new leader
 * epoch is durable before its first batch is written; per batch there are only plain calls, per append call one Effect.
 */
import type { DiskError } from "@klamm/platform"
import { assert } from "@klamm/platform/Invariant"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as EpochCache from "./EpochCache.ts"
import { ensureFiles } from "./FirstFiles.ts"
import { indexWriteBytes } from "./IndexFile.ts"
import type { LogConfig } from "./LogConfig.ts"
import { activeSegment, changeEpochs, createSegment, keepLoaded, type LogState } from "./LogState.ts"
import * as ProducerSnapshot from "./ProducerSnapshot.ts"
import type { ProducerState } from "./ProducerState.ts"
import * as Replay from "./Replay.ts"
import { maxRelativeOffset, shouldRoll } from "./Segment.ts"

export interface AppendEntry {
  /** Exactly one batch, its base offset and leader epoch already in place. */
  readonly bytes: Uint8Array
  /** The producers before this batch: written as the `.snapshot` if a segment begins with it. */
  readonly producersBefore: ProducerState
}

/** Begins a segment at `baseOffset`. The sealed one becomes durable with the next flush. */
export const roll = (
  state: LogState,
  baseOffset: number,
  producers: ProducerState,
  now: number
): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    const sealed = activeSegment(state)
    if (sealed.sizeBytes === 0 && sealed.baseOffset === baseOffset) return
    sealed.finishTimeIndex()
    yield* sealed.writeIndexes
    yield* ProducerSnapshot.write(state.home.disk, state.home.directory, baseOffset, producers)
    state.snapshots = [...state.snapshots.filter((offset) => offset !== baseOffset), baseOffset]
    state.unsyncedSnapshots = [...state.unsyncedSnapshots, baseOffset]
    const segment = yield* createSegment(state.home, baseOffset, state.config(), now)
    state.segments = [...state.segments, segment]
    yield* keepLoaded(state, sealed)
    state.directoryChanged = true
    state.tail.clear()
  })

/** The batches from `from` on that can go into the active segment as it is. */
interface Staged {
  readonly chunks: Array<Uint8Array>
  readonly sizeBytes: number
}

const nothingStaged: Staged = { chunks: [], sizeBytes: 0 }

/** The epoch whose batches may be written as it is; none while the history on the disk is behind. */
const durableEpoch = (state: LogState): number =>
  state.epochs === state.storedEpochs ? EpochCache.latestEpoch(state.epochs) : unstored

const unstored = -2

const stage = (state: LogState, entries: ReadonlyArray<AppendEntry>, from: number, now: number): Staged => {
  const segment = activeSegment(state)
  const config = state.config()
  const latestEpoch = durableEpoch(state)
  const chunks: Array<Uint8Array> = []
  let staged = 0
  let { firstTimestamp } = segment
  let nextOffset = state.logEndOffset
  for (let index = from; index < entries.length; index++) {
    const { bytes } = entries[index]!
    assert(RecordBatch.sizeInBytes(bytes, 0) === bytes.byteLength, "an entry is exactly one batch")
    assert(RecordBatch.baseOffset(bytes, 0) >= nextOffset, "offsets rise from the log end")
    const epoch = RecordBatch.partitionLeaderEpoch(bytes, 0)
    const maxTimestamp = RecordBatch.maxTimestamp(bytes, 0)
    if (epoch >= 0 && epoch !== latestEpoch) break
    if (mustRoll(state, config, firstTimestamp, staged, bytes, now)) break
    if (segment.sizeBytes + staged === 0) firstTimestamp = maxTimestamp
    staged += bytes.byteLength
    nextOffset = RecordBatch.lastOffset(bytes, 0) + 1
    chunks.push(bytes)
  }
  return { chunks, sizeBytes: staged }
}

const mustRoll = (
  state: LogState,
  config: LogConfig,
  firstTimestamp: number,
  stagedBytes: number,
  bytes: Uint8Array,
  now: number
): boolean => {
  const segment = activeSegment(state)
  const { baseOffset, createdAt, jitterMs, indexes } = segment
  assert(indexes !== undefined, "the active segment's indexes are loaded")
  const active = {
    baseOffset,
    sizeBytes: segment.sizeBytes + stagedBytes,
    firstTimestamp,
    createdAt,
    jitterMs,
    offsetIndexEntries: indexes.offset.count,
    timeIndexEntries: indexes.time.count
  }
  const next = {
    sizeBytes: bytes.byteLength,
    lastOffset: RecordBatch.lastOffset(bytes, 0),
    maxTimestamp: RecordBatch.maxTimestamp(bytes, 0)
  }
  return shouldRoll(active, config, next, now)
}

/** Enters what has been written into the indexes and moves the log end. */
const commit = (state: LogState, entries: ReadonlyArray<AppendEntry>, from: number, count: number): void => {
  const segment = activeSegment(state)
  const { indexIntervalBytes } = state.config()
  for (let index = from; index < from + count; index++) {
    const { bytes, producersBefore } = entries[index]!
    const baseOffset = RecordBatch.baseOffset(bytes, 0)
    const lastOffset = RecordBatch.lastOffset(bytes, 0)
    const position = segment.sizeBytes
    const facts = { lastOffset, maxTimestamp: RecordBatch.maxTimestamp(bytes, 0), sizeBytes: bytes.byteLength }
    segment.note(facts, position, indexIntervalBytes)
    state.tail.add(baseOffset, lastOffset, position, bytes.byteLength)
    if (RecordBatch.isControl(bytes, 0)) {
      const { aborted } = Replay.replay(producersBefore, bytes, 0)
      if (aborted !== undefined) segment.indexes?.transaction.append(aborted)
    }
    state.logEndOffset = lastOffset + 1
  }
}

const writeStaged = (
  state: LogState,
  entries: ReadonlyArray<AppendEntry>,
  from: number,
  staged: Staged
): Effect.Effect<void, DiskError> => {
  const segment = activeSegment(state)
  return Effect.flatMap(segment.file.write(segment.sizeBytes, staged.chunks), () => {
    commit(state, entries, from, staged.chunks.length)
    return segment.pendingIndexBytes >= indexWriteBytes ? segment.writeIndexes : Effect.void
  })
}

/**
 * Where a segment begins that is to take `bytes` first: at the log end even if a gap follows, so that a segment always begins
 * where the one ahead ends. Recovery tells by that whether a segment has lost its tail.
 */
const rollOffset = (state: LogState, bytes: Uint8Array): number =>
  RecordBatch.lastOffset(bytes, 0) - state.logEndOffset > maxRelativeOffset
    ? RecordBatch.baseOffset(bytes, 0)
    : state.logEndOffset

/** The way with a roll or a new epoch in it. */
const appendSlowly = (
  state: LogState,
  entries: ReadonlyArray<AppendEntry>,
  now: number
): Effect.Effect<void, DiskError> =>
  Effect.gen(function* () {
    let from = 0
    if (entries.length > 0) yield* ensureFiles(state, now)
    while (from < entries.length) {
      const { bytes, producersBefore } = entries[from]!
      const baseOffset = RecordBatch.baseOffset(bytes, 0)
      const epoch = RecordBatch.partitionLeaderEpoch(bytes, 0)
      // What a compacted log begins with may be behind a gap, which is no reason for this one to begin there.
      const isFirst = state.logEndOffset === state.logStartOffset
      const startOffset = isFirst ? state.logStartOffset : baseOffset
      yield* changeEpochs(state, (epochs) => EpochCache.assign(epochs, epoch, startOffset))
      if (mustRoll(state, state.config(), activeSegment(state).firstTimestamp, 0, bytes, now)) {
        yield* roll(state, rollOffset(state, bytes), producersBefore, now)
      }
      const staged = stage(state, entries, from, now)
      assert(staged.chunks.length > 0, "a prepared batch fits the active segment")
      yield* writeStaged(state, entries, from, staged)
      from += staged.chunks.length
    }
  })

/**
 * Appends the batches in order. After an error the log may hold a first part of them, and torn bytes beyond its end: it takes
 * no more appends, and the next opening cuts what is torn.
 */
export const append = (
  state: LogState,
  entries: ReadonlyArray<AppendEntry>,
  now: number
): Effect.Effect<void, DiskError> =>
  Effect.suspend(() => {
    if (state.failure !== undefined) return Effect.fail(state.failure)
    const staged = state.hasFiles ? stage(state, entries, 0, now) : nothingStaged
    const written =
      staged.chunks.length === entries.length && entries.length > 0
        ? writeStaged(state, entries, 0, staged)
        : appendSlowly(state, entries, now)
    return Effect.tapError(written, (error) =>
      Effect.sync(() => {
        state.failure = error
      })
    )
  })
