/**
 * Offset → position in the `.log` file, sparse: one entry per `index.interval.bytes` of log. An entry holds the last offset
 * of a batch, relative to the segment's base, and the position where that batch begins (8 bytes, big-endian, as Kafka's).
 * Invariant: offsets and positions both rise. A lookup takes the entry at or below; the reader scans on from there.
 */
import type { IndexEntries } from "./IndexFile.ts"

/** Small: most logs of a broker with many get few entries. */
const initialCapacity = 4

export class OffsetIndex implements IndexEntries {
  static readonly entryBytes = 8
  readonly entryBytes = OffsetIndex.entryBytes
  count = 0
  written = 0
  private pairs = new Uint32Array(2 * initialCapacity)

  /** The relative offset and position of entry `index`. */
  relativeOffset(index: number): number {
    return this.pairs[2 * index]!
  }

  position(index: number): number {
    return this.pairs[2 * index + 1]!
  }

  append(relativeOffset: number, position: number): void {
    if (2 * this.count === this.pairs.length) {
      const grown = new Uint32Array(2 * this.pairs.length)
      grown.set(this.pairs)
      this.pairs = grown
    }
    this.pairs[2 * this.count] = relativeOffset
    this.pairs[2 * this.count + 1] = position
    this.count += 1
  }

  /** Where to begin scanning for the batch that holds `relativeOffset`: 0 when it is before the first entry. */
  lookup(relativeOffset: number): number {
    return this.floorPosition(0, relativeOffset)
  }

  /** The last position at or below `position` where a batch is known to begin. */
  batchAtOrBelow(position: number): number {
    return this.floorPosition(1, position)
  }

  /** The position of the last entry whose offset (column 0) or position (column 1) is at or below `value`; 0 when there is none. */
  private floorPosition(column: 0 | 1, value: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.pairs[2 * middle + column]! <= value) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.pairs[2 * low - 1]!
  }

  /** Drops every entry at or above the relative offset. */
  truncate(relativeOffset: number): void {
    while (this.count > 0 && this.relativeOffset(this.count - 1) >= relativeOffset) this.count -= 1
  }

  encode(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array((to - from) * OffsetIndex.entryBytes)
    const view = new DataView(bytes.buffer)
    for (let word = 2 * from; word < 2 * to; word++) view.setUint32(4 * (word - 2 * from), this.pairs[word]!)
    return bytes
  }

  /** The index a file holds, or undefined when it can't be one of a `.log` with `logBytes` bytes: then it is rebuilt. */
  static decode(bytes: Uint8Array, logBytes: number): OffsetIndex | undefined {
    if (bytes.byteLength % OffsetIndex.entryBytes !== 0) return undefined
    const index = new OffsetIndex()
    const count = bytes.byteLength / OffsetIndex.entryBytes
    index.pairs = new Uint32Array(2 * Math.max(count, initialCapacity))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let lastOffset = -1
    let lastPosition = 0
    for (let entry = 0; entry < count; entry++) {
      const relativeOffset = view.getUint32(8 * entry)
      const position = view.getUint32(8 * entry + 4)
      if (relativeOffset <= lastOffset || position <= lastPosition || position >= logBytes) return undefined
      index.append(relativeOffset, position)
      lastOffset = relativeOffset
      lastPosition = position
    }
    index.written = count
    return index
  }
}
