/**
 * The allocator behind `Arena`: first fit at the lowest address over one fixed buffer.
 *
 * Invariants: segments never overlap; neighbouring free stretches are one; the lowest free address is used first, so that a
 * quiet broker touches few pages and its resident memory stays small. Giving back what has no holder is a defect.
 */
import type { Arena, Segment } from "./Arena.ts"
import { assert } from "./Invariant.ts"

/** Every segment begins at a multiple of this: a cache line, which doubles the speed of large page-cache reads. */
export const alignmentBytes = 64

/** What released memory is filled with under `poison`, so that a use after release shows. */
export const poisonByte = 0xdd

export interface ArenaOptions {
  /** First byte that may be handed out, and the one after the last. */
  readonly start: number
  readonly end: number
  readonly poison?: boolean
}

interface Stretch {
  offset: number
  length: number
}

const alignUp = (value: number): number => Math.ceil(value / alignmentBytes) * alignmentBytes

/** The free stretches, sorted by offset; no two touch. */
class FreeList {
  private readonly stretches: Array<Stretch>

  constructor(offset: number, length: number) {
    this.stretches = [{ offset, length }]
  }

  /** The offset of `length` bytes at the lowest address that has them, or -1. */
  take(length: number): number {
    for (let index = 0; index < this.stretches.length; index++) {
      const stretch = this.stretches[index]!
      if (stretch.length < length) continue
      const { offset } = stretch
      if (stretch.length === length) this.stretches.splice(index, 1)
      else {
        stretch.offset += length
        stretch.length -= length
      }
      return offset
    }
    return -1
  }

  give(offset: number, length: number): void {
    const at = this.placeOf(offset)
    const before = this.stretches[at - 1]
    const after = this.stretches[at]
    const joinsBefore = before !== undefined && before.offset + before.length === offset
    const joinsAfter = after !== undefined && offset + length === after.offset
    if (joinsBefore && joinsAfter) {
      before.length += length + after.length
      this.stretches.splice(at, 1)
    } else if (joinsBefore) before.length += length
    else if (joinsAfter) {
      after.offset = offset
      after.length += length
    } else this.stretches.splice(at, 0, { offset, length })
  }

  private placeOf(offset: number): number {
    let low = 0
    let high = this.stretches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.stretches[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A view of `bytes` with one holder; `giveBack` runs when the last one is gone. */
const holdSegment = (bytes: Uint8Array, giveBack: () => void): Segment => {
  let holders = 1
  return {
    bytes,
    retain: () => {
      assert(holders > 0, "a segment without holders is not retained")
      holders += 1
    },
    release: () => {
      assert(holders > 0, "a segment is released once per holder")
      holders -= 1
      if (holders === 0) giveBack()
    }
  }
}

export const makeArena = (buffer: ArrayBuffer, options: ArenaOptions): Arena => {
  const start = alignUp(options.start)
  const limitBytes = Math.floor((options.end - start) / alignmentBytes) * alignmentBytes
  const free = new FreeList(start, limitBytes)
  let usedBytes = 0
  let waiting: Array<() => void> = []

  const giveBack = (bytes: Uint8Array): void => {
    if (options.poison === true) bytes.fill(poisonByte)
    free.give(bytes.byteOffset, bytes.byteLength)
    usedBytes -= bytes.byteLength
    const told = waiting
    waiting = []
    for (const callback of told) callback()
  }

  return {
    limitBytes,
    get usedBytes() {
      return usedBytes
    },
    allocate: (sizeBytes) => {
      const length = Math.max(alignmentBytes, alignUp(sizeBytes))
      const offset = free.take(length)
      if (offset === -1) return undefined
      usedBytes += length
      const bytes = new Uint8Array(buffer, offset, length)
      return holdSegment(bytes, () => giveBack(bytes))
    },
    onRoom: (callback) => {
      waiting.push(callback)
    }
  }
}
