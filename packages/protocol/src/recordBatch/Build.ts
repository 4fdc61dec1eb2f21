/**
 * Building batches: for clients, coordinators, Raft's control records and compaction; the inverse of what `Record.ts` reads.
 * Never on the broker's produce path, which passes the producer's bytes on. Neighbour: `Control.ts` for control batches.
 */
import { type Codecs, codecIds, codecOf } from "../Compression.ts"
import * as Header from "./Header.ts"

export interface HeaderInput {
  /** UTF-8. */
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface RecordInput {
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: ReadonlyArray<HeaderInput>
  /** ms since 1970; `noTimestamp` (-1) by default. */
  readonly timestamp?: number
  /** Counts from the base offset: the record's place in the batch, unless compaction has left gaps. */
  readonly offsetDelta?: number
}

export interface CompressionInput {
  readonly codecId: number
  readonly codecs: Codecs
  /** On the codec's own scale. */
  readonly level?: number
}

/** What the header says beyond what follows from the records. */
export interface BatchOptions {
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** For a LogAppendTime batch: the time of all its records, ms since 1970. */
  readonly logAppendTime?: number | undefined
  /** KIP-534: the time, ms since 1970, after which compaction may drop the tombstones and markers inside. */
  readonly deleteHorizon?: number | undefined
  /** Where the last record was before compaction; the last given record's by default. */
  readonly lastOffsetDelta?: number
  readonly compression?: CompressionInput | undefined
}

/** Zigzag doubles a number, and all arithmetic here is exact up to 2^53. */
const largestDelta = 2 ** 52

/** Bytes of a zigzag varint or varlong. */
const varintBytes = (value: number): number => {
  let bytes = 1
  for (let rest = Math.floor((value < 0 ? -value - 1 : value) / 64); rest > 0; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}

/** Writes a zigzag varint or varlong; answers where it ends. */
const putVarint = (bytes: Uint8Array, at: number, value: number): number => {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let next = at
  for (; rest > 127; rest = Math.floor(rest / 128)) {
    bytes[next] = (rest % 128) | 128
    next += 1
  }
  bytes[next] = rest
  return next + 1
}

const fieldBytes = (field: Uint8Array | null): number => (field === null ? 1 : varintBytes(field.length) + field.length)

const putField = (bytes: Uint8Array, at: number, field: Uint8Array | null): number => {
  if (field === null) return putVarint(bytes, at, -1)
  const next = putVarint(bytes, at, field.length)
  bytes.set(field, next)
  return next + field.length
}

interface PlacedRecord {
  readonly record: RecordInput
  readonly offsetDelta: number
  readonly timestampDelta: number
  /** What the record's length field says: all bytes behind it. */
  readonly length: number
}

const place = (record: RecordInput, offsetDelta: number, timestampDelta: number): PlacedRecord => {
  if (!(Math.abs(timestampDelta) <= largestDelta)) throw new RangeError(`timestamp delta ${timestampDelta}`)
  const { key = null, value = null, headers = [] } = record
  let length = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(key) + fieldBytes(value)
  length += varintBytes(headers.length)
  for (const header of headers) length += fieldBytes(header.key) + fieldBytes(header.value)
  return { record, offsetDelta, timestampDelta, length }
}

const putRecord = (bytes: Uint8Array, start: number, placed: PlacedRecord): number => {
  const { key = null, value = null, headers = [] } = placed.record
  // The byte passed over is the attributes', which has no use and stays 0.
  let at = putVarint(bytes, start, placed.length) + 1
  at = putVarint(bytes, at, placed.timestampDelta)
  at = putVarint(bytes, at, placed.offsetDelta)
  at = putField(bytes, at, key)
  at = putField(bytes, at, value)
  at = putVarint(bytes, at, headers.length)
  for (const header of headers) {
    at = putField(bytes, at, header.key)
    at = putField(bytes, at, header.value)
  }
  return at
}

/** The records' bytes, behind so much room as is asked for, in memory of exactly their size: a batch is not copied for its header. */
const bodyOf = (records: ReadonlyArray<PlacedRecord>, roomBytes: number): Uint8Array => {
  let size = roomBytes
  for (const { length } of records) size += varintBytes(length) + length
  const bytes = new Uint8Array(size)
  let at = roomBytes
  for (const placed of records) at = putRecord(bytes, at, placed)
  return bytes
}

const behindHeader = (body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(Header.headerBytes + body.length)
  bytes.set(body, Header.headerBytes)
  return bytes
}

const attributesOf = (options: BatchOptions): number =>
  (options.compression?.codecId ?? codecIds.none) |
  (options.logAppendTime === undefined ? 0 : Header.timestampTypeBit) |
  (options.isTransactional === true ? Header.transactionalBit : 0) |
  (options.isControl === true ? Header.controlBit : 0) |
  (options.deleteHorizon === undefined ? 0 : Header.deleteHorizonBit)

interface Derived {
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly lastOffsetDelta: number
  readonly count: number
}

/** Writes the header in front of the records' bytes. */
const headed = (bytes: Uint8Array, options: BatchOptions, derived: Derived): Uint8Array => {
  Header.setBaseOffset(bytes, 0, options.baseOffset ?? 0)
  Header.setInt32(bytes, Header.batchLengthAt, bytes.length - Header.lengthOverheadBytes)
  Header.setPartitionLeaderEpoch(bytes, 0, options.partitionLeaderEpoch ?? -1)
  bytes[Header.magicAt] = Header.currentMagic
  Header.setInt16(bytes, Header.attributesAt, attributesOf(options))
  Header.setInt32(bytes, Header.lastOffsetDeltaAt, derived.lastOffsetDelta)
  Header.setInt64(bytes, Header.baseTimestampAt, derived.baseTimestamp)
  Header.setInt64(bytes, Header.maxTimestampAt, derived.maxTimestamp)
  Header.setInt64(bytes, Header.producerIdAt, options.producerId ?? Header.noProducerId)
  Header.setInt16(bytes, Header.producerEpochAt, options.producerEpoch ?? Header.noProducerEpoch)
  Header.setInt32(bytes, Header.baseSequenceAt, options.baseSequence ?? Header.noSequence)
  Header.setInt32(bytes, Header.countAt, derived.count)
  Header.updateCrc(bytes, 0)
  return bytes
}

/** One batch of at least one record, complete with its CRC. */
export const buildBatch = (records: ReadonlyArray<RecordInput>, options: BatchOptions = {}): Uint8Array => {
  if (records.length === 0) throw new RangeError("a batch is built of at least one record")
  const { compression, logAppendTime } = options
  const baseTimestamp = options.deleteHorizon ?? records[0]?.timestamp ?? Header.noTimestamp
  let maxTimestamp = Header.noTimestamp
  let offsetDelta = -1
  const placed = records.map((record) => {
    const { timestamp = Header.noTimestamp } = record
    offsetDelta = record.offsetDelta ?? offsetDelta + 1
    maxTimestamp = Math.max(maxTimestamp, timestamp)
    return place(record, offsetDelta, timestamp - baseTimestamp)
  })
  const bytes =
    compression === undefined || compression.codecId === codecIds.none
      ? bodyOf(placed, Header.headerBytes)
      : behindHeader(codecOf(compression.codecs, compression.codecId).compress(bodyOf(placed, 0), compression.level))
  return headed(bytes, options, {
    baseTimestamp,
    maxTimestamp: logAppendTime ?? maxTimestamp,
    lastOffsetDelta: options.lastOffsetDelta ?? offsetDelta,
    count: records.length
  })
}

/** The header of the batch at `at` as options, so that compaction can build the batch again with fewer records. */
export const batchOptionsOf = (bytes: Uint8Array, at: number): BatchOptions => ({
  baseOffset: Header.baseOffset(bytes, at),
  partitionLeaderEpoch: Header.partitionLeaderEpoch(bytes, at),
  producerId: Header.producerId(bytes, at),
  producerEpoch: Header.producerEpoch(bytes, at),
  baseSequence: Header.baseSequence(bytes, at),
  isTransactional: Header.isTransactional(bytes, at),
  isControl: Header.isControl(bytes, at),
  logAppendTime: Header.timestampType(bytes, at) === Header.logAppendTime ? Header.maxTimestamp(bytes, at) : undefined,
  deleteHorizon: Header.hasDeleteHorizon(bytes, at) ? Header.baseTimestamp(bytes, at) : undefined,
  lastOffsetDelta: Header.lastOffsetDelta(bytes, at)
})

/**
 * What compaction leaves of a batch none of whose records stays but whose offsets and producer must be remembered (behaviours
 * 069 and 085): its header, uncompressed, with count 0. Offsets, producer fields and largest timestamp are kept.
 */
export const emptyBatchOf = (bytes: Uint8Array, at: number): Uint8Array => {
  const maxTimestamp = Header.maxTimestamp(bytes, at)
  const options = { ...batchOptionsOf(bytes, at), deleteHorizon: undefined }
  const lastOffsetDelta = Header.lastOffsetDelta(bytes, at)
  return headed(new Uint8Array(Header.headerBytes), options, {
    baseTimestamp: maxTimestamp,
    maxTimestamp,
    lastOffsetDelta,
    count: 0
  })
}
