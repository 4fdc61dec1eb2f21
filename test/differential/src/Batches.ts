/**
 * Record batches for the produce scenarios: honest ones, and ones with exactly one thing wrong. Invariant: unless the wrong
 * thing is the checksum itself, the checksum is right, so that a broker gets as far as the thing that is tested.
 * Neighbours: Codecs.ts (compressed ones), OldFormats.ts (magic 0 and 1).
 */

import { Writer } from "@klamm/protocol/Bytes"
import { crc32c } from "@klamm/protocol/Crc32c"
import { NOW_MS } from "./Scenario.ts"

export interface RecordOptions {
  readonly key?: string | null
  readonly value?: string | Uint8Array | null
  readonly headers?: ReadonlyArray<readonly [string, string | null]>
  readonly timestampDelta?: number
  /** Instead of its place in the batch. */
  readonly offsetDelta?: number
}

export interface BatchOptions {
  readonly records?: ReadonlyArray<RecordOptions>
  /** How many plain records, when `records` is not given. */
  readonly size?: number
  readonly baseOffset?: number
  readonly baseTimestamp?: number
  readonly maxTimestamp?: number
  readonly attributes?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly magic?: number
  readonly lastOffsetDelta?: number
  readonly count?: number
  readonly leaderEpoch?: number
  /** Added to the stored length: a batch that says it is longer or shorter than it is. */
  readonly lengthError?: number
  readonly badCrc?: boolean
  /** Turns the records' bytes into the compressed ones that `attributes` promises. */
  readonly compress?: (bytes: Uint8Array) => Uint8Array
  /** Changes the records' bytes themselves. */
  readonly mangle?: (bytes: Uint8Array) => Uint8Array
}

const HEADER_BYTES = 61
const CRC_AT = 17
const CRC_FROM = 21
const LENGTH_OVERHEAD = 12
const encoder = new TextEncoder()

const bytesOf = (value: string | Uint8Array | null): Uint8Array | null =>
  typeof value === "string" ? encoder.encode(value) : value

const putBytes = (writer: Writer, value: string | Uint8Array | null): void => {
  const bytes = bytesOf(value)
  writer.varint(bytes === null ? -1 : bytes.length)
  if (bytes !== null) writer.view(bytes)
}

export const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

const recordBytes = (record: RecordOptions, index: number): Uint8Array => {
  const body = new Writer()
  body.int8(0)
  body.varlong(record.timestampDelta ?? 0)
  body.varint(record.offsetDelta ?? index)
  putBytes(body, record.key ?? null)
  putBytes(body, record.value === undefined ? `value ${index}` : record.value)
  const headers = record.headers ?? []
  body.varint(headers.length)
  for (const [name, value] of headers) {
    putBytes(body, name)
    putBytes(body, value)
  }
  const length = new Writer()
  length.varint(body.size)
  return concat(length.toBytes(), body.toBytes())
}

const recordsOf = (options: BatchOptions): ReadonlyArray<RecordOptions> =>
  options.records ?? Array.from({ length: options.size ?? 1 }, (_, i) => ({ key: `key ${i}` }))

const payloadOf = (options: BatchOptions, records: ReadonlyArray<RecordOptions>): Uint8Array => {
  const bytes = concat(...records.map(recordBytes))
  const plain = options.mangle === undefined ? bytes : options.mangle(bytes)
  return options.compress === undefined ? plain : options.compress(plain)
}

/** One batch of magic 2, as its options say. */
export const batch = (options: BatchOptions = {}): Uint8Array => {
  const records = recordsOf(options)
  const payload = payloadOf(options, records)
  const base = options.baseTimestamp ?? NOW_MS
  const latest = base + Math.max(0, ...records.map((record) => record.timestampDelta ?? 0))
  const writer = new Writer()
  writer.int64(options.baseOffset ?? 0)
  writer.int32(HEADER_BYTES - LENGTH_OVERHEAD + payload.length + (options.lengthError ?? 0))
  writer.int32(options.leaderEpoch ?? -1)
  writer.int8(options.magic ?? 2)
  writer.int32(0)
  writer.int16(options.attributes ?? 0)
  writer.int32(options.lastOffsetDelta ?? records.length - 1)
  writer.int64(base)
  writer.int64(options.maxTimestamp ?? latest)
  writer.int64(options.producerId ?? -1)
  writer.int16(options.producerEpoch ?? -1)
  writer.int32(options.baseSequence ?? -1)
  writer.int32(options.count ?? records.length)
  writer.view(payload)
  const bytes = writer.toBytes()
  const crc = crc32c(bytes, 0, CRC_FROM, bytes.length)
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(CRC_AT, options.badCrc === true ? crc ^ 1 : crc)
  return bytes
}
