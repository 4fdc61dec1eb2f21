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

  /** Takes the next record. Throws MalformedBytes when there is none or it is no record. */
  next(): void {
    this.startsAt = this.at
    const length = this.varint()
    const recordEnd = this.at + length
    if (length < 0 || recordEnd > this.end) this.malformed("record longer than its batch")
    this.at += 1
    this.timestampDelta = this.varlong()
    this.offsetDelta = this.varint()
    this.keyLength = this.varint()
    this.keyAt = this.at
    if (this.keyLength > 0) this.at += this.keyLength
    if (this.at > recordEnd) this.malformed("key longer than its record")
    this.valueLength = this.varint()
    this.valueAt = this.at
    if (this.valueLength > 0) this.at += this.valueLength
    if (this.at > recordEnd) this.malformed("value longer than its record")
    this.headerCount = this.varint()
    this.headersAt = this.at
    if (this.headerCount !== 0) this.skipHeaders(recordEnd)
    if (this.at !== recordEnd) this.malformed("record of another length than it declares")
  }

  private skipHeaders(recordEnd: number): void {
    // Two length bytes is the least a header takes: a count beyond that is a lie, seen before looping over it.
    if (this.headerCount < 0 || this.headerCount * 2 > recordEnd - this.at) this.malformed("impossible header count")
    for (let index = 0; index < this.headerCount; index++) {
      const keyLength = this.varint()
      if (keyLength < 0) this.malformed("header without key")
      this.at += keyLength
      if (this.at > recordEnd) this.malformed("header longer than its record")
      const valueLength = this.varint()
      if (valueLength > 0) this.at += valueLength
      if (this.at > recordEnd) this.malformed("header longer than its record")
    }
  }

  /** One and two bytes are read here, what is longer by the Reader; past the array's end `undefined` compares false. */
  private varint(): number {
    const first = this.bytes[this.at]!
    if (first < 128) {
      this.at += 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = this.bytes[this.at + 1]!
    if (second < 128) {
      this.at += 2
      const value = (first & 127) | (second << 7)
      return (value >>> 1) ^ -(value & 1)
    }
    this.reader.offset = this.at
    const value = this.reader.varint()
    this.at = this.reader.offset
    return value
  }

  private varlong(): number {
    if (this.bytes[this.at]! < 128 || this.bytes[this.at + 1]! < 128) return this.varint()
    this.reader.offset = this.at
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
