/**
 * What cleaning leaves of one batch: all of it, some records under the same offsets, an empty shell, or nothing.
 *
 * Invariants: offsets, producer fields and leader epoch of a batch never change (behaviours 164, 167); the last batch of an
 * active producer and the last one of the cleaned range stay, empty if need be (069, 167); a tombstone or marker goes only
 * after the delete horizon that an earlier pass has written into its batch (KIP-534, behaviour 165). Plain functions.
 */
import type { Decompression } from "@klamm/protocol/Compression"
import { openRecords, type RecordCursor, recordAt, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import type { CleanedTransactions } from "./CleanedTransactions.ts"
import type { OffsetMap } from "./Compaction.ts"
import * as ProducerState from "./ProducerState.ts"

export interface CleaningRound {
  readonly offsets: OffsetMap
  /** Exclusive end of the cleaned range; the batch that ends there stays. */
  readonly endOffset: number
  readonly producers: ProducerState.ProducerState
  readonly transactions: CleanedTransactions
  readonly decompression: Decompression
  readonly now: number
  readonly deleteRetentionMs: number
}

/** "keep" leaves the bytes as they are, "drop" leaves nothing; else the bytes that take the batch's place. */
export type Cleaned = "keep" | "drop" | Uint8Array

interface Judgement {
  /** All records may go: aborted data, or a marker past its horizon. */
  readonly discards: boolean
  /** A marker without data that has no horizon yet. */
  readonly needsHorizon: boolean
}

const horizonPassed = (round: CleaningRound, bytes: Uint8Array, at: number): boolean =>
  RecordBatch.hasDeleteHorizon(bytes, at) && RecordBatch.baseTimestamp(bytes, at) <= round.now

const judge = (round: CleaningRound, bytes: Uint8Array, at: number): Judgement => {
  const isDiscardable = round.transactions.isDiscardable(bytes, at)
  if (!RecordBatch.isControl(bytes, at)) return { discards: isDiscardable, needsHorizon: false }
  return {
    discards: isDiscardable && horizonPassed(round, bytes, at),
    needsHorizon: isDiscardable && !RecordBatch.hasDeleteHorizon(bytes, at)
  }
}

/** Whether a producer still in use needs this batch for its sequence, or this marker for its epoch. */
const isLastOfProducer = (round: CleaningRound, bytes: Uint8Array, at: number): boolean => {
  const entry = ProducerState.get(round.producers, RecordBatch.producerId(bytes, at))
  if (entry === undefined) return false
  const last = entry.batches[entry.batches.length - 1]
  return last === undefined
    ? RecordBatch.isControl(bytes, at) && RecordBatch.producerEpoch(bytes, at) === entry.producerEpoch
    : RecordBatch.lastOffset(bytes, at) === last.lastOffset
}

const staysEmpty = (round: CleaningRound, bytes: Uint8Array, at: number): boolean =>
  RecordBatch.lastOffset(bytes, at) + 1 === round.endOffset || isLastOfProducer(round, bytes, at)

/** Whether the record the cursor stands on stays: the newest of its key, and no tombstone past its horizon. */
const retains = (round: CleaningRound, bytes: Uint8Array, at: number, record: RecordCursor): boolean => {
  const offset = RecordBatch.baseOffset(bytes, at) + record.offsetDelta
  if (offset > round.offsets.latestOffset) return true
  if (record.keyLength < 0) return false
  const key = record.bytes.subarray(record.keyAt, record.keyAt + record.keyLength)
  if (offset < round.offsets.get(key)) return false
  return record.valueLength >= 0 || !horizonPassed(round, bytes, at)
}

const emptied = (round: CleaningRound, bytes: Uint8Array, at: number): Cleaned => {
  if (!staysEmpty(round, bytes, at)) return "drop"
  return RecordBatch.count(bytes, at) === 0 ? "keep" : RecordBatch.emptyBatchOf(bytes, at)
}

const rebuilt = (
  round: CleaningRound,
  bytes: Uint8Array,
  at: number,
  records: ReadonlyArray<RecordBatch.RecordInput>,
  needsHorizon: boolean
): Uint8Array => {
  const options = RecordBatch.batchOptionsOf(bytes, at)
  const horizon = Math.min(round.now + round.deleteRetentionMs, Number.MAX_SAFE_INTEGER)
  return RecordBatch.buildBatch(records, {
    ...options,
    deleteHorizon: needsHorizon ? horizon : options.deleteHorizon,
    compression: { codecId: RecordBatch.codecId(bytes, at), codecs: round.decompression.codecs }
  })
}

/** Judges the batch at `at`. To be called for every batch of the cleaned range, in offset order. Throws as `openRecords` does. */
export const cleanBatch = (round: CleaningRound, bytes: Uint8Array, at: number): Cleaned => {
  const { discards, needsHorizon } = judge(round, bytes, at)
  const count = RecordBatch.count(bytes, at)
  if (discards || count === 0) return emptied(round, bytes, at)
  const isControl = RecordBatch.isControl(bytes, at)
  const cursor = openRecords(bytes, at, round.decompression)
  const kept: Array<RecordBatch.RecordInput> = []
  let tombstones = 0
  for (let index = 0; index < count; index++) {
    cursor.next()
    if (!isControl && !retains(round, bytes, at, cursor)) continue
    if (cursor.valueLength < 0) tombstones += 1
    kept.push({ ...recordAt(cursor), timestamp: timestampOf(bytes, at, cursor.timestampDelta) })
  }
  if (kept.length === 0) return emptied(round, bytes, at)
  const setsHorizon = needsHorizon || (tombstones > 0 && !RecordBatch.hasDeleteHorizon(bytes, at))
  return kept.length === count && !setsHorizon ? "keep" : rebuilt(round, bytes, at, kept, setsHorizon)
}
