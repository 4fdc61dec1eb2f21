/**
 * Reads the protocol's primitive types from bytes that a stranger sent. Invariant: nothing is read outside the given range,
 * no memory is reserved for what has not arrived, and whatever the bytes are, the only thing thrown is MalformedBytes.
 * Byte fields come out as views, not copies. Its mirror is Writer.
 */
import { MalformedBytes } from "./Malformed.ts"
import * as Utf8 from "./Utf8.ts"
import * as Uuid from "./Uuid.ts"

/** Kafka's limit on the bytes of a string, also where its length would fit more (compact strings). */
export const maxStringBytes = 0x7fff

const twoTo32 = 2 ** 32

export class Reader {
  readonly source: Uint8Array
  /** Where the next read begins: an index into `source`. */
  offset: number
  /** Where reading has to stop: an index into `source`. */
  readonly end: number

  constructor(source: Uint8Array, offset = 0, end = source.length) {
    if (offset < 0 || end > source.length || offset > end) throw new RangeError(`no range ${offset}..${end} here`)
    this.source = source
    this.offset = offset
    this.end = end
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** Reports what is wrong with the bytes at the present place. */
  malformed(reason: string): never {
    throw new MalformedBytes(reason, this.offset)
  }

  /** Passes over `count` bytes and answers where they begin. */
  private take(count: number): number {
    const from = this.offset
    if (count > this.end - from) this.malformed("bytes end too soon")
    this.offset = from + count
    return from
  }

  int8(): number {
    return (this.source[this.take(1)]! << 24) >> 24
  }

  bool(): boolean {
    return this.source[this.take(1)] !== 0
  }

  uint16(): number {
    const at = this.take(2)
    return (this.source[at]! << 8) | this.source[at + 1]!
  }

  int16(): number {
    return (this.uint16() << 16) >> 16
  }

  int32(): number {
    const at = this.take(4)
    const bytes = this.source
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** An int64 as the nearest number: exact within ±(2^53 - 1), in order everywhere. */
  int64(): number {
    const high = this.int32()
    return high * twoTo32 + this.uint32()
  }

  /** An int64 in full, for numbers that a client stores and wants back. */
  long(): bigint {
    const high = this.int32()
    return (BigInt(high) << 32n) | BigInt(this.uint32())
  }

  float64(): number {
    const at = this.take(8)
    return new DataView(this.source.buffer, this.source.byteOffset + at, 8).getFloat64(0)
  }

  /** Unsigned, seven bits a byte, at most five bytes; bits beyond 32 are dropped as in Kafka's ByteUtils. */
  uvarint(): number {
    const first = this.source[this.take(1)]!
    return first < 128 ? first : this.longUvarint(first & 127)
  }

  private longUvarint(low: number): number {
    let value = low
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.source[this.take(1)]!
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
    return this.malformed("varint longer than five bytes")
  }

  /** Zigzag: 0, -1, 1, -2, … */
  varint(): number {
    const value = this.uvarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** Zigzag over 64 bits, at most ten bytes; as a number like `int64`. */
  varlong(): number {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.source[this.take(1)]!
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 128) {
        const sign = -(low & 1)
        const halfLow = ((low >>> 1) | (high << 31)) ^ sign
        const halfHigh = (high >>> 1) ^ sign
        return halfHigh * twoTo32 + (halfLow >>> 0)
      }
    }
    return this.malformed("varlong longer than ten bytes")
  }

  uuid(): string {
    return Uuid.fromBytes(this.source, this.take(16))
  }

  private text(length: number): string {
    if (length > maxStringBytes) this.malformed("string longer than Kafka allows")
    const from = this.take(length)
    return Utf8.decode(this.source, from, this.offset)
  }

  string(): string {
    const length = this.int16()
    return length < 0 ? this.malformed("null where a string must be") : this.text(length)
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.text(length)
  }

  compactString(): string {
    const length = this.uvarint() - 1
    return length < 0 ? this.malformed("null where a string must be") : this.text(length)
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.text(length)
  }

  /** The next `length` bytes as a view. */
  view(length: number): Uint8Array {
    const from = this.take(length)
    return this.source.subarray(from, this.offset)
  }

  bytes(): Uint8Array {
    const length = this.int32()
    return length < 0 ? this.malformed("null where bytes must be") : this.view(length)
  }

  nullableBytes(): Uint8Array | null {
    const length = this.int32()
    return length < 0 ? null : this.view(length)
  }

  compactBytes(): Uint8Array {
    const length = this.uvarint() - 1
    return length < 0 ? this.malformed("null where bytes must be") : this.view(length)
  }

  compactNullableBytes(): Uint8Array | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.view(length)
  }

  /** Refuses a count of elements which could not all be there, before room is made for them. */
  private elements(count: number, minBytes: number): number {
    if (count * minBytes > this.end - this.offset) this.malformed("array longer than its bytes")
    return count
  }

  /** The count of an array whose elements take at least `minBytes` (≥ 1) each. */
  count(minBytes: number): number {
    const count = this.int32()
    return count < 0 ? this.malformed("null where an array must be") : this.elements(count, minBytes)
  }

  /** Like `count`, with -1 for null. */
  nullableCount(minBytes: number): number {
    const count = this.int32()
    return count < 0 ? -1 : this.elements(count, minBytes)
  }

  compactCount(minBytes: number): number {
    const count = this.uvarint() - 1
    return count < 0 ? this.malformed("null where an array must be") : this.elements(count, minBytes)
  }

  compactNullableCount(minBytes: number): number {
    const count = this.uvarint() - 1
    return count < 0 ? -1 : this.elements(count, minBytes)
  }

  /** The byte before a nullable struct: false means null. */
  presence(): boolean {
    return this.int8() >= 0
  }

  /** The same before a struct that is a tagged field, where Kafka writes a varint. */
  compactPresence(): boolean {
    return this.uvarint() !== 0
  }

  /** How many tagged fields follow; each takes at least a tag and a size. */
  tagCount(): number {
    return this.elements(this.uvarint(), 2)
  }

  /** The next tag, which has to be above the one before (KIP-482). */
  tag(previous: number): number {
    const tag = this.uvarint()
    return tag > previous ? tag : this.malformed("tag twice or out of order")
  }

  /** Reads the size of a tagged field and answers where the field ends. */
  tagEnd(): number {
    const size = this.uvarint()
    if (size > this.end - this.offset) this.malformed("bytes end too soon")
    return this.offset + size
  }

  /** Checks that a known tagged field took exactly its size. */
  endTag(end: number): void {
    if (this.offset !== end) this.malformed("tagged field of another size than announced")
  }

  /** Passes over a section of tagged fields none of which is known. */
  skipTags(): void {
    let count = this.tagCount()
    for (let previous = -1; count > 0; count--) {
      previous = this.tag(previous)
      this.offset = this.tagEnd()
    }
  }
}
