/**
 * Judging the batch a producer sent. Verdicts are plain data: Kafka's error code, a text, and the records to blame (KIP-467).
 * `validateProduce` looks at the header and the checksum and runs on every Produce; `validateRecords` walks the records, where
 * the topic asks for it. Invariant: a rejected batch was not changed, and neither function throws on any input. The codes are
 * what Kafka 4.3.1 answers to the same bytes, except where a comment says otherwise.
 */
import { CompressionError, codecName, type Decompression } from "../Compression.ts"
import { ErrorCode } from "../ErrorCode.ts"
import { MalformedBytes } from "../Malformed.ts"
import { openRecords } from "../Record.ts"
import * as Header from "./Header.ts"
import { minRecordBytes, type RecordCursor } from "./RecordCursor.ts"

/** One entry of a Produce response's record_errors. */
export interface RecordError {
  /** Place of the record in its batch, from 0. */
  readonly batchIndex: number
  readonly message: string
}

export interface Rejection {
  readonly errorCode: number
  readonly message: string
  /** The records to blame, in order; empty when the fault lies in the batch as a whole. */
  readonly recordErrors: ReadonlyArray<RecordError>
}

/** A rejection names at most so many records. */
export const maxRecordErrors = 1000

const noRecordErrors: ReadonlyArray<RecordError> = []

const reject = (errorCode: number, message: string, recordErrors = noRecordErrors): Rejection => ({
  errorCode,
  message,
  recordErrors
})

const invalid = (message: string): Rejection => reject(ErrorCode.INVALID_RECORD, message)
const corrupted = (message: string): Rejection => reject(ErrorCode.CORRUPT_MESSAGE, message)

/** The header of the smallest batch of the oldest format: what has a smaller length is no batch of any format. */
const minBatchLength = 14

/** What is wrong with the bytes as one batch of the present format (behaviour 045). */
const frameRejection = (bytes: Uint8Array): Rejection | undefined => {
  if (bytes.length <= Header.magicAt) return invalid("there must be exactly one batch, and there is none")
  const length = Header.batchLength(bytes, 0)
  if (length < minBatchLength) return corrupted(`a batch can't have length ${length}`)
  const magic = Header.magic(bytes, 0)
  if (magic < 0 || magic > Header.currentMagic) return corrupted(`there is no batch format ${magic}`)
  if (length > bytes.length - Header.lengthOverheadBytes) {
    return invalid("there must be exactly one batch, and there is only a part of one")
  }
  if (magic !== Header.currentMagic) return invalid(`the batch has the old format ${magic}`)
  return length < Header.headerBytes - Header.lengthOverheadBytes
    ? corrupted(`a batch of format 2 can't have length ${length}`)
    : undefined
}

/** What a client's header may not say (behaviour 047); the batch is intact. */
const headerRejection = (bytes: Uint8Array): Rejection | undefined => {
  const count = Header.count(bytes, 0)
  if (count <= 0) return invalid(`the batch has the record count ${count}`)
  if (count - 1 !== Header.lastOffsetDelta(bytes, 0)) {
    return invalid(`the batch has ${count} records, but the last offset delta ${Header.lastOffsetDelta(bytes, 0)}`)
  }
  if (Header.isControl(bytes, 0)) return invalid("clients may not write control records")
  if (Header.producerId(bytes, 0) > Header.noProducerId && Header.baseSequence(bytes, 0) < 0) {
    return invalid(`the batch has a producer id, but the base sequence ${Header.baseSequence(bytes, 0)}`)
  }
  // Kafka finds this out when it unpacks the batch, and answers UNKNOWN_SERVER_ERROR.
  const codecId = Header.codecId(bytes, 0)
  if (codecName(codecId) === undefined) {
    return reject(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `no compression codec has the id ${codecId}`)
  }
  return undefined
}

/**
 * Judges what a producer sent for one partition: exactly one intact batch with a header that a client may send; undefined
 * means yes. `maxMessageBytes` is the topic's `max.message.bytes`, compared with the whole batch (behaviour 049) where Kafka
 * does it, before the checksum. Bytes behind the batch are refused too, where Kafka drops them if they are no whole batch.
 */
export const validateProduce = (
  bytes: Uint8Array,
  maxMessageBytes = Number.POSITIVE_INFINITY
): Rejection | undefined => {
  const frame = frameRejection(bytes)
  if (frame !== undefined) return frame
  const sizeBytes = Header.sizeInBytes(bytes, 0)
  if (Header.baseOffset(bytes, 0) !== 0) return invalid("the base offset of a client's batch must be 0")
  if (sizeBytes > maxMessageBytes) {
    return reject(ErrorCode.MESSAGE_TOO_LARGE, `the batch has ${sizeBytes} bytes, ${maxMessageBytes} are allowed`)
  }
  if (Header.computeCrc(bytes, 0) !== Header.crc(bytes, 0)) return corrupted("the batch fails its checksum")
  if (sizeBytes !== bytes.length) return invalid("there must be exactly one batch, and there are bytes behind it")
  return headerRejection(bytes)
}

/** What a topic asks of each record. */
export interface RecordChecks {
  /** Compacted topics: a record without key can't be kept (behaviour 057). */
  readonly requireKeys: boolean
  /** Topics with CreateTime: the allowed window, ms since 1970, both ends included (behaviour 058). -1 always passes. */
  readonly timestamps?: { readonly earliest: number; readonly latest: number } | undefined
  /** Told the largest timestamp of all records when every record has passed; -1 when none carries a time. */
  readonly noteMaxTimestamp?: ((maxTimestamp: number) => void) | undefined
}

/** Gathers what is wrong with single records while the walk goes on. */
interface Findings {
  readonly recordErrors: Array<RecordError>
  timestamp: boolean
}

const find = (findings: Findings | undefined, batchIndex: number, message: string, timestamp: boolean): Findings => {
  const all = findings ?? { recordErrors: [], timestamp: false }
  if (all.recordErrors.length < maxRecordErrors) all.recordErrors.push({ batchIndex, message })
  if (timestamp) all.timestamp = true
  return all
}

/** Kafka's verdict when records are at fault in different ways: the timestamp's wins. */
const verdict = ({ recordErrors, timestamp }: Findings): Rejection =>
  timestamp
    ? reject(ErrorCode.INVALID_TIMESTAMP, "timestamps of records lie outside the allowed window", recordErrors)
    : reject(ErrorCode.INVALID_RECORD, "records without key in a compacted topic", recordErrors)

const walk = (
  cursor: RecordCursor,
  count: number,
  baseTimestamp: number,
  checks: RecordChecks
): Rejection | undefined => {
  const earliest = checks.timestamps?.earliest ?? Number.NEGATIVE_INFINITY
  const latest = checks.timestamps?.latest ?? Number.POSITIVE_INFINITY
  const { requireKeys } = checks
  let findings: Findings | undefined
  let maxTimestamp = Header.noTimestamp
  let index = 0
  try {
    for (; index < count; index++) {
      cursor.next()
      // Kafka looks at the deltas of compressed batches only; stored otherwise, they would give two records one offset.
      if (cursor.offsetDelta !== index) return malformedRecord(index, `the offset delta is ${cursor.offsetDelta}`)
      const timestamp = baseTimestamp + cursor.timestampDelta
      if (timestamp > maxTimestamp) maxTimestamp = timestamp
      if ((timestamp < earliest || timestamp > latest) && timestamp !== Header.noTimestamp) {
        findings = find(findings, index, `timestamp ${timestamp} is not within ${earliest} to ${latest}`, true)
      } else if (requireKeys && cursor.keyLength < 0) {
        findings = find(findings, index, "a record in a compacted topic must have a key", false)
      }
    }
  } catch (error) {
    if (error instanceof MalformedBytes) return malformedRecord(index, error.reason)
    throw error
  }
  if (cursor.remaining > 0) return invalid("there are bytes behind the last record of the batch")
  if (findings !== undefined) return verdict(findings)
  checks.noteMaxTimestamp?.(maxTimestamp)
  return undefined
}

const malformedRecord = (batchIndex: number, message: string): Rejection =>
  reject(ErrorCode.INVALID_RECORD, `record ${batchIndex} is malformed: ${message}`, [{ batchIndex, message }])

/** Bytes that can't be unpacked. Kafka answers UNKNOWN_SERVER_ERROR to damage and has no limit. */
const compressionRejection = (error: CompressionError): Rejection => {
  // A Java producer answers this code by splitting the batch, which is the cure.
  if (error.reason === "DecompressionLimit") return reject(ErrorCode.MESSAGE_TOO_LARGE, error.message)
  if (error.reason === "UnknownCodec") return reject(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, error.message)
  return invalid(error.message)
}

/**
 * Walks the records of one batch that passed `validateProduce`, unpacked by `decompression` when it is compressed: every
 * length must be true, offset deltas count 0, 1, 2, …, and each record must pass `checks`. Undefined means all is well.
 */
export const validateRecords = (
  bytes: Uint8Array,
  checks: RecordChecks,
  decompression: Decompression
): Rejection | undefined => {
  const count = Header.count(bytes, 0)
  try {
    const cursor = openRecords(bytes, 0, decompression)
    if (count * minRecordBytes > cursor.remaining) return invalid(`the batch can't hold ${count} records`)
    return walk(cursor, count, Header.baseTimestamp(bytes, 0), checks)
  } catch (error) {
    if (error instanceof CompressionError) return compressionRejection(error)
    throw error
  }
}
