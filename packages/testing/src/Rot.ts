/**
 * Bits that have flipped on a disk, as processes read them. Invariant: what was written stays known beside it, so that a world can tell
 * what a broker should have from what it gets; what is written anew is sound again. Neighbour: `SimDisk.ts`.
 */
import type { MemoryFile } from "@klamm/platform/MemoryFiles"

export class Rot {
  /** By file: the bits that are another one, by position. */
  private readonly flips = new WeakMap<MemoryFile, Map<number, number>>()

  flip(file: MemoryFile, position: number, bits: number): void {
    const known = this.flips.get(file)
    if (known === undefined) this.flips.set(file, new Map([[position, bits]]))
    else known.set(position, bits)
  }

  isIn(file: MemoryFile): boolean {
    return (this.flips.get(file)?.size ?? 0) > 0
  }

  /** What a read at `from` has brought. */
  spoil(file: MemoryFile, from: number, bytes: Uint8Array): void {
    for (const [position, bits] of this.flips.get(file) ?? []) {
      if (position >= from && position < from + bytes.byteLength) bytes[position - from]! ^= bits
    }
  }

  /** Positions from `from` up to `to`, exclusive, are written anew, or gone. */
  clear(file: MemoryFile, from: number, to: number): void {
    const known = this.flips.get(file)
    for (const position of [...(known?.keys() ?? [])]) if (position >= from && position < to) known?.delete(position)
  }
}
