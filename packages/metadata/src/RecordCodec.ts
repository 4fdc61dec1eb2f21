/**
 * Metadata records as record batches and back: one record of the log per metadata record, without a key. Invariant: what one
 * decision appends is one batch, so that it commits as a whole.
 */
import { type Codecs, CompressionError } from "@klamm/protocol/Compression"
import { iterateRecords } from "@klamm/protocol/Record"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { decodeRecord, encodeRecord, type MetadataRecord, type MetadataRecordInput } from "./Record.ts"

/** The metadata log is never compressed; a compressed batch in it is damage. */
const refuse = (): never => {
  throw new CompressionError("UnknownCodec", "the metadata log holds no compressed batches")
}
const none = { compress: refuse, decompress: refuse }
const noCodecs: Codecs = { gzip: none, snappy: none, lz4: none, zstd: none }
const uncompressed = { codecs: noCodecs, maxBytes: 0 }

export const encodeBatch = (records: ReadonlyArray<MetadataRecordInput>, nowMs: number): Uint8Array =>
  buildBatch(
    records.map((record) => ({ key: null, value: encodeRecord(record), headers: [], timestamp: nowMs })),
    { baseOffset: 0 }
  )

/** The records of one batch, in order. */
export const decodeBatch = (batch: Uint8Array): ReadonlyArray<MetadataRecord> => {
  const records: Array<MetadataRecord> = []
  for (const record of iterateRecords(batch, 0, uncompressed)) {
    if (record.value !== null) records.push(decodeRecord(record.value))
  }
  return records
}
