/**
 * Single records of a batch, for those who must look inside: clients, compaction, coordinators, searches by timestamp. Key,
 * value and header fields are views of the batch's bytes (or of its unpacked body), valid as long as those are. Where
 * allocation matters, `openRecords` gives a cursor; `iterateRecords` gives a value per record. Neighbour: `RecordBatch.ts`.
 */
import { codecOf, type Decompression } from "./Compression.ts"
import { Reader } from "./Reader.ts"
import * as Header from "./recordBatch/Header.ts"
import { RecordCursor } from "./recordBatch/RecordCursor.ts"

export { RecordCursor }

export interface RecordHeader {
  /** UTF-8. */
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface Record {
  /** Counts from the batch's base offset. */
  readonly offsetDelta: number
  /** Counts from the batch's base timestamp, ms; see `timestampOf`. */
  readonly timestampDelta: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyArray<RecordHeader>
}

/** The timestamp of a record, ms since 1970: base plus delta, or the batch's time for LogAppendTime (behaviour 059). */
export const timestampOf = (bytes: Uint8Array, at: number, timestampDelta: number): number =>
  Header.timestampType(bytes, at) === Header.logAppendTime
    ? Header.maxTimestamp(bytes, at)
    : Header.baseTimestamp(bytes, at) + timestampDelta

/**
 * A cursor before the first record of the batch at `at`, which must lie whole in `bytes`; its `next` may be called `count`
 * times. A compressed batch is unpacked first: throws CompressionError.
 */
export const openRecords = (bytes: Uint8Array, at: number, decompression: Decompression): RecordCursor => {
  const bodyAt = at + Header.headerBytes
  const end = at + Header.sizeInBytes(bytes, at)
  const codecId = Header.codecId(bytes, at)
  if (codecId === 0) return new RecordCursor(bytes, bodyAt, end)
  const { codecs, maxBytes } = decompression
  return new RecordCursor(codecOf(codecs, codecId).decompress(bytes.subarray(bodyAt, end), maxBytes))
}

const nullableView = (bytes: Uint8Array, at: number, length: number): Uint8Array | null =>
  length < 0 ? null : bytes.subarray(at, at + length)

const noHeaders: ReadonlyArray<RecordHeader> = []

const headersOf = (cursor: RecordCursor): ReadonlyArray<RecordHeader> => {
  if (cursor.headerCount === 0) return noHeaders
  const reader = new Reader(cursor.bytes, cursor.headersAt, cursor.at)
  return Array.from({ length: cursor.headerCount }, () => {
    const key = reader.view(reader.varint())
    const valueLength = reader.varint()
    return { key, value: valueLength < 0 ? null : reader.view(valueLength) }
  })
}

/** The record a cursor stands on, as a value. */
export const recordAt = (cursor: RecordCursor): Record => ({
  offsetDelta: cursor.offsetDelta,
  timestampDelta: cursor.timestampDelta,
  key: nullableView(cursor.bytes, cursor.keyAt, cursor.keyLength),
  value: nullableView(cursor.bytes, cursor.valueAt, cursor.valueLength),
  headers: headersOf(cursor)
})

/**
 * The records of the batch at `at`, which must lie whole in `bytes`. Throws MalformedBytes or CompressionError for bytes that
 * are not what the header says; a batch that passed `validateRecords` never does.
 */
export function* iterateRecords(bytes: Uint8Array, at: number, decompression: Decompression): Generator<Record, void> {
  const cursor = openRecords(bytes, at, decompression)
  const count = Header.count(bytes, at)
  for (let index = 0; index < count; index++) {
    cursor.next()
    yield recordAt(cursor)
  }
  if (cursor.remaining > 0) cursor.malformed("bytes behind the last record")
}
