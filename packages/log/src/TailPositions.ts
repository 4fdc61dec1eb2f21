/**
 * Where the last batches of the active segment begin, in memory: readers at the tail (most consumers, every follower) and
 * the high watermark are found here without touching the file. Invariant: it holds the newest `tailBatches` batches of the
 * active segment, in order; it is empty after a roll, a truncation or an open.
 */
import type { LocatedBatch } from "./BatchScan.ts"

/** Batches remembered; a power of two. */
export const tailBatches = 1024

/** Room to begin with, doubled up to that: most logs of a broker with many get few batches. Another power of two. */
const initialCapacity = 4

const grown = (from: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const to = new Float64Array(Math.max(initialCapacity, 2 * from.length))
  to.set(from)
  return to
}

export class TailPositions {
  private baseOffsets = new Float64Array(0)
  private lastOffsets = new Float64Array(0)
  private positions = new Float64Array(0)
  private sizes = new Float64Array(0)
  private added = 0

  private get capacity(): number {
    return this.baseOffsets.length
  }

  /** Until there is no more room to get, nothing is forgotten, so that all entries keep their slots. */
  private grow(): void {
    this.baseOffsets = grown(this.baseOffsets)
    this.lastOffsets = grown(this.lastOffsets)
    this.positions = grown(this.positions)
    this.sizes = grown(this.sizes)
  }

  add(baseOffset: number, lastOffset: number, position: number, sizeBytes: number): void {
    if (this.added === this.capacity && this.capacity < tailBatches) this.grow()
    const slot = this.added & (this.capacity - 1)
    this.baseOffsets[slot] = baseOffset
    this.lastOffsets[slot] = lastOffset
    this.positions[slot] = position
    this.sizes[slot] = sizeBytes
    this.added += 1
  }

  clear(): void {
    this.added = 0
  }

  /** The first batch whose last offset is at or above `offset`; undefined when it may lie before the ones remembered. */
  find(offset: number): LocatedBatch | undefined {
    const mask = this.capacity - 1
    const oldest = Math.max(0, this.added - this.capacity)
    let low = oldest
    let high = this.added
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.lastOffsets[middle & mask]! < offset) low = middle + 1
      else high = middle
    }
    if (low === this.added) return undefined
    const slot = low & mask
    if (low === oldest && offset < this.baseOffsets[slot]!) return undefined
    return {
      position: this.positions[slot]!,
      sizeBytes: this.sizes[slot]!,
      baseOffset: this.baseOffsets[slot]!,
      lastOffset: this.lastOffsets[slot]!
    }
  }
}
