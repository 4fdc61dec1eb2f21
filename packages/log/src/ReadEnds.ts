/**
 * Where reads of a segment ended: the batch that the end of a read cut short is the one that its reader asks for next, and which is then
 * found without a look into the file. Invariants: at most `rememberedEnds` are known, the newest; none is known across a truncation.
 * Neighbour: `TailPositions.ts`, which knows the batches at the end of the log.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { headerFault, type LocatedBatch, locatedAt, walkHeaderBytes } from "./BatchScan.ts"

/** Readers that go through a segment at a time without losing their places. */
export const rememberedEnds = 16

/** What a read brought: bytes of the file from `position` on, in which a batch begins at `from`, also a position in the file. */
export interface ReadBytes {
  readonly bytes: Uint8Array
  readonly position: number
  readonly from: number
}

/** The batch that the end of `bytes` cuts short; undefined when none is, or too little of it was read to tell. */
const cutShort = ({ bytes, position, from }: ReadBytes): LocatedBatch | undefined => {
  for (let at = from - position; at + walkHeaderBytes <= bytes.byteLength; ) {
    if (headerFault(bytes, at) !== undefined) return undefined
    const next = at + RecordBatch.sizeInBytes(bytes, at)
    if (next > bytes.byteLength) return locatedAt(bytes, at, position)
    at = next
  }
  return undefined
}

export class ReadEnds {
  private readonly ends: Array<LocatedBatch> = []
  private oldest = 0
  /** Of `LogState.cuts`, as of which the ends are known. */
  private cuts = 0

  /** Answers the batch in which the read ended. `cuts` is as it was when the read began. */
  add(read: ReadBytes, cuts: number): LocatedBatch | undefined {
    const end = cutShort(read)
    if (end === undefined) return undefined
    if (cuts !== this.cuts) this.ends.length = 0
    this.cuts = cuts
    const slot = this.ends.length < rememberedEnds ? this.ends.length : this.oldest
    this.ends[slot] = end
    this.oldest = (slot + 1) % rememberedEnds
    return end
  }

  /** The batch that holds the offset, if a read ended in it. */
  find(offset: number, cuts: number): LocatedBatch | undefined {
    if (cuts !== this.cuts) return undefined
    return this.ends.find(({ baseOffset, lastOffset }) => baseOffset <= offset && offset <= lastOffset)
  }
}
