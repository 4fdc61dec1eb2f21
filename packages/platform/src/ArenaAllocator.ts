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

export const makeArena = (buffer: ArrayBuffer, options: ArenaOptions): Arena => {
  const start = alignUp(options.start)
  const limitBytes = Math.floor((options.end - start) / alignmentBytes) * alignmentBytes
  /** Sorted by offset; no two touch. */
  const free: Array<Stretch> = [{ offset: start, length: limitBytes }]
  let usedBytes = 0
  let waiting: Array<() => void> = []

  const giveBack = (offset: number, length: number): void => {
    let low = 0
    let high = free.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (free[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    const before = free[low - 1]
    const after = free[low]
    const joinsBefore = before !== undefined && before.offset + before.length === offset
    const joinsAfter = after !== undefined && offset + length === after.offset
    if (joinsBefore && joinsAfter) {
      before.length += length + after.length
      free.splice(low, 1)
    } else if (joinsBefore) before.length += length
    else if (joinsAfter) {
      after.offset = offset
      after.length += length
    } else free.splice(low, 0, { offset, length })
    usedBytes -= length
    const told = waiting
    waiting = []
    for (const callback of told) callback()
  }

  const segmentAt = (offset: number, length: number): Segment => {
    let holders = 1
    const bytes = new Uint8Array(buffer, offset, length)
    return {
      bytes,
      retain: () => {
        assert(holders > 0, "a segment without holders is not retained")
        holders += 1
      },
      release: () => {
        assert(holders > 0, "a segment is released once per holder")
        holders -= 1
        if (holders > 0) return
        if (options.poison === true) bytes.fill(poisonByte)
        giveBack(offset, length)
      }
    }
  }

  const allocate = (sizeBytes: number): Segment | undefined => {
    const length = Math.max(alignmentBytes, alignUp(sizeBytes))
    for (let index = 0; index < free.length; index++) {
      const stretch = free[index]!
      if (stretch.length < length) continue
      const { offset } = stretch
      if (stretch.length === length) free.splice(index, 1)
      else {
        stretch.offset += length
        stretch.length -= length
      }
      usedBytes += length
      return segmentAt(offset, length)
    }
    return undefined
  }

  return {
    limitBytes,
    get usedBytes() {
      return usedBytes
    },
    allocate,
    onRoom: (callback) => {
      waiting.push(callback)
    }
  }
}
