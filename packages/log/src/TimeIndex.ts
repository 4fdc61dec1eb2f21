/**
 * Timestamp → offset: an entry says that no record up to that offset is younger than that timestamp (behaviour 173). 12 bytes
 * as Kafka's: the largest timestamp so far, and relative to the segment's base the last offset of the batch that holds it.
 * Invariant: timestamps rise strictly, offsets never fall. The last entry of a sealed segment is the segment's largest
 * timestamp, which retention is decided on.
 */
import type { IndexEntries } from "./IndexFile.ts"

/** Small: most logs of a broker with many get few entries. */
const initialCapacity = 4

export class TimeIndex implements IndexEntries {
  static readonly entryBytes = 12
  readonly entryBytes = TimeIndex.entryBytes
  count = 0
  written = 0
  private timestamps = new Float64Array(initialCapacity)
  private offsets = new Uint32Array(initialCapacity)

  timestamp(index: number): number {
    return this.timestamps[index]!
  }

  relativeOffset(index: number): number {
    return this.offsets[index]!
  }

  /** Adds the entry unless it says nothing new: a timestamp not above the last one. */
  maybeAppend(timestamp: number, relativeOffset: number): void {
    if (timestamp <= (this.count === 0 ? -1 : this.timestamps[this.count - 1]!)) return
    if (this.count === this.timestamps.length) this.grow()
    this.timestamps[this.count] = timestamp
    this.offsets[this.count] = relativeOffset
    this.count += 1
  }

  private grow(): void {
    const timestamps = new Float64Array(2 * this.timestamps.length)
    timestamps.set(this.timestamps)
    this.timestamps = timestamps
    const offsets = new Uint32Array(2 * this.offsets.length)
    offsets.set(this.offsets)
    this.offsets = offsets
  }

  /** The relative offset below which every record is older than `timestamp`: of the last entry at or before it, else 0. */
  lookup(timestamp: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.timestamps[middle]! <= timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.offsets[low - 1]!
  }

  /** Drops every entry at or above the relative offset. */
  truncate(relativeOffset: number): void {
    while (this.count > 0 && this.offsets[this.count - 1]! >= relativeOffset) this.count -= 1
  }

  encode(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array((to - from) * TimeIndex.entryBytes)
    const view = new DataView(bytes.buffer)
    for (let entry = from; entry < to; entry++) {
      const at = (entry - from) * TimeIndex.entryBytes
      view.setBigInt64(at, BigInt(this.timestamps[entry]!))
      view.setUint32(at + 8, this.offsets[entry]!)
    }
    return bytes
  }

  /** The index a file holds, or undefined when it is damaged and has to be rebuilt. */
  static decode(bytes: Uint8Array): TimeIndex | undefined {
    if (bytes.byteLength % TimeIndex.entryBytes !== 0) return undefined
    const index = new TimeIndex()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let lastTimestamp = -1
    let lastOffset = 0
    for (let at = 0; at < bytes.byteLength; at += TimeIndex.entryBytes) {
      const timestamp = Number(view.getBigInt64(at))
      const relativeOffset = view.getUint32(at + 8)
      if (timestamp <= lastTimestamp || relativeOffset < lastOffset) return undefined
      index.maybeAppend(timestamp, relativeOffset)
      lastTimestamp = timestamp
      lastOffset = relativeOffset
    }
    index.written = index.count
    return index
  }
}
