/**
 * A batch in another compression: the same records, the same header but for codec, length and checksum. Invariant: the result is new
 * memory; the batch given stays as it was.
 */
import { codecIds, codecOf, type Decompression } from "@klamm/protocol/Compression"
import * as RecordBatch from "@klamm/protocol/RecordBatch"

const unpack = (batch: Uint8Array, { codecs, maxBytes }: Decompression): Uint8Array => {
  const body = batch.subarray(RecordBatch.headerBytes)
  const codecId = RecordBatch.codecId(batch, 0)
  return codecId === codecIds.none ? body : codecOf(codecs, codecId).decompress(body, maxBytes)
}

export const recompress = (
  batch: Uint8Array,
  codecId: number,
  level: number | undefined,
  decompression: Decompression
): Uint8Array => {
  const plain = unpack(batch, decompression)
  const body = codecId === codecIds.none ? plain : codecOf(decompression.codecs, codecId).compress(plain, level)
  const bytes = new Uint8Array(RecordBatch.headerBytes + body.byteLength)
  bytes.set(batch.subarray(0, RecordBatch.headerBytes))
  bytes.set(body, RecordBatch.headerBytes)
  RecordBatch.setInt32(bytes, RecordBatch.batchLengthAt, bytes.byteLength - RecordBatch.lengthOverheadBytes)
  const attributes = (RecordBatch.attributes(batch, 0) & ~RecordBatch.codecMask) | codecId
  RecordBatch.setInt16(bytes, RecordBatch.attributesAt, attributes)
  RecordBatch.updateCrc(bytes, 0)
  return bytes
}
