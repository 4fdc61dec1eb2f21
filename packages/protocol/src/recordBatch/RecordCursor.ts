/**
 * Walks the records of one uncompressed body without allocating: after `next`, the fields say where the parts of the present
 * record lie. It is the only parser of records; validation, compaction and `Record.ts` stand on it. Invariant: a record is
 * handed on only when its parts fill exactly the length it declares, inside the body; else MalformedBytes is thrown.
 *
 * A record is: varint length of the rest, int8 attributes (unused), varlong timestamp delta, varint offset delta, key, value,
 * headers. Key and value are a varint length, negative for null, and the bytes; headers are a varint count and for each a key
 * (never null) and a value.
 */
import { Reader } from "../Reader.ts"

/** The shortest record: length, attributes, timestamp delta, offset delta, null key, null value, no headers. */
export const minRecordBytes = 7

const zigzag = (value: number): number => (value >>> 1) ^ -(value & 1)

export class RecordCursor {
  readonly bytes: Uint8Array
  /** Where the next record begins. */
  at: number
  readonly end: number
  /** Where the present record begins, its length field included. */
  startsAt: number
  timestampDelta = 0
  offsetDelta = 0
  /** Length -1 is null. */
  keyAt = 0
  keyLength = -1
  valueAt = 0
  valueLength = -1
  /** Where the first header's key length lies. */
  headersAt = 0
  headerCount = 0
  private readonly reader: Reader

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.startsAt = at
    this.end = end
    this.reader = new Reader(bytes, at, end)
  }

  get remaining(): number {
    return this.end - this.at
  }

  /**
   * Takes the next record. Throws MalformedBytes when there is none or it is no record. The position is kept in a local and
   * varints of one byte are read on the spot, which halves the time of the broker's only loop over records.
   */
  next(): void {
    const { bytes } = this
    let at = this.at
    this.startsAt = at
    let byte = bytes[at]!
    const length = byte < 128 ? zigzag(byte) : this.varint(at)
    at = byte < 128 ? at + 1 : this.at
    const recordEnd = at + length
    if (length < 0 || recordEnd > this.end) this.malformed("record longer than its batch")
    at += 1
    byte = bytes[at]!
    this.timestampDelta = byte < 128 ? zigzag(byte) : this.varlong(at)
    at = byte < 128 ? at + 1 : this.at
    byte = bytes[at]!
    this.offsetDelta = byte < 128 ? zigzag(byte) : this.varint(at)
    at = byte < 128 ? at + 1 : this.at
    byte = bytes[at]!
    const keyLength = byte < 128 ? zigzag(byte) : this.varint(at)
    at = byte < 128 ? at + 1 : this.at
    this.keyLength = keyLength
    this.keyAt = at
    if (keyLength > 0) at += keyLength
    if (at > recordEnd) this.malformed("key longer than its record")
    byte = bytes[at]!
    const valueLength = byte < 128 ? zigzag(byte) : this.varint(at)
    at = byte < 128 ? at + 1 : this.at
    this.valueLength = valueLength
    this.valueAt = at
    if (valueLength > 0) at += valueLength
    if (at > recordEnd) this.malformed("value longer than its record")
    byte = bytes[at]!
    this.headerCount = byte < 128 ? zigzag(byte) : this.varint(at)
    at = byte < 128 ? at + 1 : this.at
    this.headersAt = at
    if (this.headerCount !== 0) at = this.headersEnd(at, recordEnd)
    if (at !== recordEnd) this.malformed("record of another length than it declares")
    this.at = at
  }

  private headersEnd(start: number, recordEnd: number): number {
    const { bytes, headerCount } = this
    // Two length bytes is the least a header takes: a count beyond that is a lie, seen before looping over it.
    if (headerCount < 0 || headerCount * 2 > recordEnd - start) this.malformed("impossible header count")
    let at = start
    for (let index = 0; index < headerCount; index++) {
      let byte = bytes[at]!
      const keyLength = byte < 128 ? zigzag(byte) : this.varint(at)
      at = (byte < 128 ? at + 1 : this.at) + keyLength
      if (keyLength < 0 || at > recordEnd) this.malformed("header key longer than its record, or null")
      byte = bytes[at]!
      const valueLength = byte < 128 ? zigzag(byte) : this.varint(at)
      at = byte < 128 ? at + 1 : this.at
      if (valueLength > 0) at += valueLength
      if (at > recordEnd) this.malformed("header value longer than its record")
    }
    return at
  }

  /** Leaves `this.at` behind the varint at `at`. Two bytes are read here, what is longer by the Reader. */
  private varint(at: number): number {
    const second = this.bytes[at + 1]!
    if (second < 128) {
      this.at = at + 2
      return zigzag((this.bytes[at]! & 127) | (second << 7))
    }
    this.reader.offset = at
    const value = this.reader.varint()
    this.at = this.reader.offset
    return value
  }

  private varlong(at: number): number {
    if (this.bytes[at + 1]! < 128) return this.varint(at)
    this.reader.offset = at
    const value = this.reader.varlong()
    this.at = this.reader.offset
    return value
  }

  /** Reports what is wrong at the present place. */
  malformed(reason: string): never {
    this.reader.offset = Math.min(this.at, this.end)
    return this.reader.malformed(reason)
  }
}
