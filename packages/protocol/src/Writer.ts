/**
 * Writes the protocol's primitive types. Small things gather in one buffer that grows; a large byte field is not copied but
 * remembered as a view and comes out as a chunk of its own. Invariant: between `finish` and `reset` the chunks stay as they
 * are; after `reset` they may be overwritten and the writer holds no one else's memory. Its mirror is Reader.
 */

import { lengthPrefixBytes } from "./Frame.ts"
import { maxStringBytes } from "./Reader.ts"
import * as Utf8 from "./Utf8.ts"
import * as Uuid from "./Uuid.ts"

/** Byte fields of this size or more are passed on as views. */
export const spliceMinBytes = 4_096
const initialBytes = 4_096
/** A buffer grown beyond this is not kept by `reset`. */
export const keptMaxBytes = 1 << 20
/** Strings up to this many characters are tried as ASCII, byte by byte. */
const shortStringCharacters = 64

const twoTo32 = 2 ** 32
const twoTo63 = 2 ** 63
const maxLong = 2n ** 63n - 1n

interface Splice {
  /** Where in the buffer the view belongs. */
  at: number
  readonly view: Uint8Array
}

export class Writer {
  private buffer = new Uint8Array(initialBytes)
  /** The same bytes, for whole numbers in one store. */
  private numbers = new DataView(this.buffer.buffer)
  private offset = 0
  private splices: Array<Splice> = []
  private splicedBytes = 0

  /** Bytes written so far, views included. */
  get size(): number {
    return this.offset + this.splicedBytes
  }

  /** Everything written, in order. An empty writer gives no chunk. */
  finish(): ReadonlyArray<Uint8Array> {
    const chunks: Array<Uint8Array> = []
    let from = 0
    for (const { at, view } of this.splices) {
      if (at > from) chunks.push(this.buffer.subarray(from, at))
      chunks.push(view)
      from = at
    }
    if (this.offset > from) chunks.push(this.buffer.subarray(from, this.offset))
    return chunks
  }

  /** Everything written, copied into one array of exactly its size. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.size)
    let at = 0
    for (const chunk of this.finish()) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }

  /** Forgets what was written, so that the writer may be used again. */
  reset(): void {
    this.offset = 0
    if (this.splices.length > 0) this.splices = []
    this.splicedBytes = 0
    if (this.buffer.length > keptMaxBytes) this.replace(new Uint8Array(initialBytes))
  }

  /** Makes room for `count` bytes and answers where they go. */
  private take(count: number): number {
    const at = this.offset
    if (at + count > this.buffer.length) this.grow(at + count)
    this.offset = at + count
    return at
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    larger.set(this.buffer.subarray(0, this.offset))
    this.replace(larger)
  }

  private replace(buffer: Uint8Array<ArrayBuffer>): void {
    this.buffer = buffer
    this.numbers = new DataView(buffer.buffer)
  }

  int8(value: number): void {
    // Room is made before the buffer is named: growing replaces it.
    const at = this.take(1)
    this.buffer[at] = value
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int16(value: number): void {
    const at = this.take(2)
    this.buffer[at] = value >>> 8
    this.buffer[at + 1] = value
  }

  uint16(value: number): void {
    this.int16(value)
  }

  int32(value: number): void {
    const at = this.take(4)
    this.putInt32(at, value)
  }

  uint32(value: number): void {
    this.int32(value)
  }

  /** By hand: these four bytes V8 writes on the spot, a DataView's method it calls. */
  private putInt32(at: number, value: number): void {
    const { buffer } = this
    buffer[at] = value >>> 24
    buffer[at + 1] = value >>> 16
    buffer[at + 2] = value >>> 8
    buffer[at + 3] = value
  }

  /** A whole number; beyond ±2^63 the nearest int64 is written, so that a clamped Long.MAX_VALUE comes back as itself. */
  int64(value: number): void {
    const at = this.take(8)
    if (value >= twoTo63) {
      this.putInt32(at, 0x7fffffff)
      this.putInt32(at + 4, -1)
      return
    }
    const high = value < -twoTo63 ? -0x80000000 : Math.floor(value / twoTo32)
    this.putInt32(at, high)
    this.putInt32(at + 4, value < -twoTo63 ? 0 : value - high * twoTo32)
  }

  long(value: bigint): void {
    const at = this.take(8)
    this.putInt32(at, Number(BigInt.asIntN(32, value >> 32n)))
    this.putInt32(at + 4, Number(BigInt.asIntN(32, value)))
  }

  float64(value: number): void {
    const at = this.take(8)
    this.numbers.setFloat64(at, value)
  }

  uvarint(value: number): void {
    if (value >>> 0 > 127) this.longUvarint(value)
    else this.int8(value)
  }

  private longUvarint(value: number): void {
    let rest = value >>> 0
    while (rest > 127) {
      this.int8((rest & 127) | 128)
      rest >>>= 7
    }
    this.int8(rest)
  }

  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31))
  }

  /** Zigzag over 64 bits; a whole number, held within ±2^63 like `int64`. */
  varlong(value: number): void {
    if (value === (value | 0)) this.varint(value)
    else this.longVarlong(value)
  }

  private longVarlong(value: number): void {
    const exact = value >= twoTo63 ? maxLong : BigInt(Math.max(value, -twoTo63))
    let rest = BigInt.asUintN(64, (exact << 1n) ^ (exact >> 63n))
    while (rest > 127n) {
      this.int8(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.int8(Number(rest))
  }

  uuid(value: string): void {
    const at = this.take(16)
    Uuid.toBytes(value, this.buffer, at)
  }

  /** Writes a short ASCII string behind its length; answers false, having written nothing, for any other. */
  private shortText(value: string, compact: boolean): boolean {
    const { length } = value
    if (length > shortStringCharacters) return false
    const start = this.offset
    if (compact) this.uvarint(length + 1)
    else this.int16(length)
    const from = this.take(length)
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 127) {
        this.offset = start
        return false
      }
      this.buffer[from + index] = code
    }
    return true
  }

  private text(value: string, compact: boolean): void {
    if (this.shortText(value, compact)) return
    const length = Utf8.byteLength(value)
    if (length > maxStringBytes)
      throw new RangeError(`string of ${length} bytes: the protocol carries ${maxStringBytes}`)
    if (compact) this.uvarint(length + 1)
    else this.int16(length)
    const from = this.take(length)
    Utf8.encode(value, this.buffer, from)
  }

  string(value: string): void {
    this.text(value, false)
  }

  compactString(value: string): void {
    this.text(value, true)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.text(value, false)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.text(value, true)
  }

  /** Bytes without a length: copied when few, else passed on as a view. */
  view(value: Uint8Array): void {
    if (value.length >= spliceMinBytes) {
      this.splices.push({ at: this.offset, view: value })
      this.splicedBytes += value.length
    } else {
      const at = this.take(value.length)
      this.buffer.set(value, at)
    }
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length)
    this.view(value)
  }

  compactBytes(value: Uint8Array): void {
    this.uvarint(value.length + 1)
    this.view(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBytes(value)
  }

  /** The count before an array; -1 for null. */
  count(count: number): void {
    this.int32(count)
  }

  compactCount(count: number): void {
    this.uvarint(count + 1)
  }

  /** The byte before a nullable struct. */
  presence(present: boolean): void {
    this.int8(present ? 1 : -1)
  }

  /** The same before a struct that is a tagged field. */
  compactPresence(present: boolean): void {
    this.uvarint(present ? 1 : 0)
  }

  /** Begins a tagged field; its answer goes to `endTag` once the field is written. One byte is left for the size. */
  beginTag(tag: number): number {
    this.uvarint(tag)
    return this.take(1)
  }

  /** Writes the size of the tagged field, moving what is behind it when the size takes more than the byte left for it. */
  endTag(mark: number): void {
    const start = mark + 1
    const size = this.sizeFrom(start)
    let more = 0
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) more++
    if (more > 0) {
      const end = this.offset
      this.take(more)
      this.buffer.copyWithin(start + more, start, end)
      for (const splice of this.splices) if (splice.at >= start) splice.at += more
    }
    const end = this.offset
    this.offset = mark
    this.uvarint(size)
    this.offset = end
  }

  /** Begins a frame, which may come behind others; its answer goes to `endFrame`. Four bytes are left for the length. */
  beginFrame(): number {
    return this.take(lengthPrefixBytes)
  }

  /** Writes the length of the frame: of all that came since it began. */
  endFrame(mark: number): void {
    this.putInt32(mark, this.sizeFrom(mark + lengthPrefixBytes))
  }

  /** Bytes from that place of the buffer on, views included. */
  private sizeFrom(start: number): number {
    let size = this.offset - start
    for (const { at, view } of this.splices) if (at >= start) size += view.length
    return size
  }
}

let scratch: Writer | undefined = new Writer()

/**
 * What `write` writes, in memory of exactly its size. By one writer for all, since each brings a buffer of its own to life: of the records of
 * a topic of 2,000 partitions 16 MB.
 */
export const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = scratch ?? new Writer()
  scratch = undefined
  try {
    write(writer)
    return writer.toBytes()
  } finally {
    writer.reset()
    scratch = writer
  }
}
