/**
 * Building batches: for clients, coordinators, Raft's control records and compaction; the inverse of what `Record.ts` reads.
 * Never on the broker's produce path, which passes the producer's bytes on. Neighbour: `Control.ts` for control batches.
 */
import { type Codecs, codecIds, codecOf } from "../Compression.ts"
import { Writer } from "../Writer.ts"
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

/** Bytes of a zigzag varint or varlong. */
const varintBytes = (value: number): number => {
  let bytes = 1
  for (let rest = Math.floor((value < 0 ? -value - 1 : value) / 64); rest > 0; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}

const fieldBytes = (field: Uint8Array | null): number => (field === null ? 1 : varintBytes(field.length) + field.length)

const writeField = (writer: Writer, field: Uint8Array | null): void => {
  writer.varint(field === null ? -1 : field.length)
  if (field !== null) writer.view(field)
}

const writeRecord = (writer: Writer, record: RecordInput, offsetDelta: number, timestampDelta: number): void => {
  const { key = null, value = null, headers = [] } = record
  let size = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(key) + fieldBytes(value)
  size += varintBytes(headers.length)
  for (const header of headers) size += fieldBytes(header.key) + fieldBytes(header.value)
  writer.varint(size)
  writer.int8(0)
  writer.varlong(timestampDelta)
  writer.varint(offsetDelta)
  writeField(writer, key)
  writeField(writer, value)
  writer.varint(headers.length)
  for (const header of headers) {
    writeField(writer, header.key)
    writeField(writer, header.value)
  }
}

const joined = (writer: Writer): Uint8Array => {
  const bytes = new Uint8Array(writer.size)
  let at = 0
  for (const chunk of writer.finish()) {
    bytes.set(chunk, at)
    at += chunk.length
  }
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

const batchOf = (body: Uint8Array, options: BatchOptions, derived: Derived): Uint8Array => {
  const bytes = new Uint8Array(Header.headerBytes + body.length)
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
  bytes.set(body, Header.headerBytes)
  Header.updateCrc(bytes, 0)
  return bytes
}

/** One batch of at least one record, complete with its CRC. */
export const buildBatch = (records: ReadonlyArray<RecordInput>, options: BatchOptions = {}): Uint8Array => {
  if (records.length === 0) throw new RangeError("a batch is built of at least one record")
  const { compression, logAppendTime } = options
  const baseTimestamp = options.deleteHorizon ?? records[0]?.timestamp ?? Header.noTimestamp
  const writer = new Writer()
  let maxTimestamp = Header.noTimestamp
  let offsetDelta = -1
  for (const record of records) {
    const { timestamp = Header.noTimestamp } = record
    offsetDelta = record.offsetDelta ?? offsetDelta + 1
    writeRecord(writer, record, offsetDelta, timestamp - baseTimestamp)
    maxTimestamp = Math.max(maxTimestamp, timestamp)
  }
  const plain = joined(writer)
  const body =
    compression === undefined || compression.codecId === codecIds.none
      ? plain
      : codecOf(compression.codecs, compression.codecId).compress(plain, compression.level)
  return batchOf(body, options, {
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
  return batchOf(new Uint8Array(0), options, { baseTimestamp: maxTimestamp, maxTimestamp, lastOffsetDelta, count: 0 })
}
