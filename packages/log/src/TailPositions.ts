/**
 * Where the last batches of the active segment begin, in memory: readers at the tail (most consumers, every follower) and
 * the high watermark are found here without touching the file. Invariant: it holds the newest `tailBatches` batches of the
 * active segment, in order; it is empty after a roll, a truncation or an open.
 */
import type { LocatedBatch } from "./BatchScan.ts"

/** Batches remembered; a power of two. */
export const tailBatches = 1024

export class TailPositions {
  private readonly baseOffsets = new Float64Array(tailBatches)
  private readonly lastOffsets = new Float64Array(tailBatches)
  private readonly positions = new Float64Array(tailBatches)
  private readonly sizes = new Float64Array(tailBatches)
  private added = 0

  add(baseOffset: number, lastOffset: number, position: number, sizeBytes: number): void {
    const slot = this.added & (tailBatches - 1)
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
    const oldest = Math.max(0, this.added - tailBatches)
    let low = oldest
    let high = this.added
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.lastOffsets[middle & (tailBatches - 1)]! < offset) low = middle + 1
      else high = middle
    }
    if (low === this.added) return undefined
    const slot = low & (tailBatches - 1)
    if (low === oldest && offset < this.baseOffsets[slot]!) return undefined
    return {
      position: this.positions[slot]!,
      sizeBytes: this.sizes[slot]!,
      baseOffset: this.baseOffsets[slot]!,
      lastOffset: this.lastOffsets[slot]!
    }
  }
}
