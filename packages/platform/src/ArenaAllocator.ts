/**
 * The allocator behind `Arena`: first fit at the lowest address over one fixed buffer.
 *
 * Invariants: segments never overlap; neighbouring free stretches are one; the lowest free address that fits is used first, so
 * that a quiet broker touches few pages and its resident memory stays small. Giving back what has no holder is a defect. For
 * each power of two the list remembers an address below which nothing of that size is free, so that a large segment is not
 * looked for among thousands of small gaps.
 */
import type { Arena, Segment } from "./Arena.ts"
import { assert } from "./Invariant.ts"

/** Every segment begins at a multiple of this: a cache line, which doubles the speed of large page-cache reads. */
export const alignmentBytes = 64

/** What released memory is filled with under `poison`, so that a use after release shows. */
export const poisonByte = 0xdd

export interface ArenaOptions {
  /** Fill released memory with `poisonByte`. Costs a write of every byte: for tests and simulations. */
  readonly poison?: boolean
}

interface Stretch {
  offset: number
  length: number
}

/** Powers of two, in lines of `alignmentBytes`, that are told apart: up to 2^31 lines, far beyond any memory. */
const sizeClasses = 32

const alignUp = (value: number): number => Math.ceil(value / alignmentBytes) * alignmentBytes

/** The largest class whose size is not above `length`. */
const classBelow = (length: number): number => 31 - Math.clz32(length / alignmentBytes)

/** The smallest class whose size is not below `length`. */
const classAbove = (length: number): number => 32 - Math.clz32(length / alignmentBytes - 1)

/** The free stretches, sorted by offset; no two touch. */
class FreeList {
  private readonly stretches: Array<Stretch>
  /** By size class: below this offset no free stretch is that long. Never falls from one class to the next. */
  private readonly lowest: Array<number> = Array.from({ length: sizeClasses }, () => 0)

  constructor(offset: number, length: number) {
    this.stretches = [{ offset, length }]
  }

  /** The offset of `length` bytes at the lowest address that has them, or -1. */
  take(length: number): number {
    const { stretches } = this
    let index = this.placeOf(this.lowest[classBelow(length)]!)
    while (index < stretches.length && stretches[index]!.length < length) index += 1
    const stretch = stretches[index]
    this.raise(classAbove(length), stretch === undefined ? Number.POSITIVE_INFINITY : stretch.offset)
    if (stretch === undefined) return -1
    const { offset } = stretch
    if (stretch.length === length) stretches.splice(index, 1)
    else {
      stretch.offset += length
      stretch.length -= length
    }
    return offset
  }

  /** Takes a stretch back; answers the length of the free stretch it is part of now. */
  give(offset: number, length: number): number {
    const at = this.placeOf(offset)
    // Not `[-1]`: to look for a name that an array does not have takes V8 longer than all the rest.
    const before = at === 0 ? undefined : this.stretches[at - 1]
    const after = this.stretches[at]
    assert(
      (before === undefined || before.offset + before.length <= offset) &&
        (after === undefined || offset + length <= after.offset),
      "memory given back was not free before"
    )
    const free = this.join(at, before, { offset, length }, after)
    this.lower(classBelow(free.length), free.offset)
    return free.length
  }

  private join(at: number, before: Stretch | undefined, given: Stretch, after: Stretch | undefined): Stretch {
    const joinsBefore = before !== undefined && before.offset + before.length === given.offset
    const joinsAfter = after !== undefined && given.offset + given.length === after.offset
    if (joinsBefore) {
      before.length += given.length + (joinsAfter ? after.length : 0)
      if (joinsAfter) this.stretches.splice(at, 1)
      return before
    }
    if (joinsAfter) {
      after.offset = given.offset
      after.length += given.length
      return after
    }
    this.stretches.splice(at, 0, given)
    return given
  }

  private raise(sizeClass: number, offset: number): void {
    for (let each = sizeClass; each < sizeClasses && this.lowest[each]! < offset; each++) this.lowest[each] = offset
  }

  private lower(sizeClass: number, offset: number): void {
    for (let each = sizeClass; each >= 0 && this.lowest[each]! > offset; each--) this.lowest[each] = offset
  }

  /** Index of the first stretch at or above `offset`. */
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

interface Waiter {
  readonly callback: () => void
  readonly sizeBytes: number
}

/** Who waits for room, in order. */
class Waiters {
  private waiting: Array<Waiter> = []

  add(waiter: Waiter): void {
    this.waiting.push(waiter)
  }

  /** Tells those who want no more than `freeBytes`. One that asks again meanwhile waits for the next release. */
  tell(freeBytes: number): void {
    if (this.waiting.length === 0) return
    const told = this.waiting.filter((waiter) => waiter.sizeBytes <= freeBytes)
    if (told.length === 0) return
    this.waiting = this.waiting.filter((waiter) => waiter.sizeBytes > freeBytes)
    for (const { callback } of told) callback()
  }
}

/** An arena over bytes `startByte` to `endByte` of `buffer`; the start is rounded up and the end down to whole lines. */
export const makeArena = (
  buffer: ArrayBuffer,
  startByte: number,
  endByte: number,
  options: ArenaOptions = {}
): Arena => {
  const start = alignUp(startByte)
  const limitBytes = Math.floor((endByte - start) / alignmentBytes) * alignmentBytes
  assert(limitBytes > 0 && endByte <= buffer.byteLength, "an arena lies within its buffer and is not empty")
  const free = new FreeList(start, limitBytes)
  const waiters = new Waiters()
  let usedBytes = 0

  const giveBack = (bytes: Uint8Array): void => {
    if (options.poison === true) bytes.fill(poisonByte)
    usedBytes -= bytes.byteLength
    waiters.tell(free.give(bytes.byteOffset, bytes.byteLength))
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
    onRoom: (callback, sizeBytes = 0) => {
      waiters.add({ callback, sizeBytes: Math.max(alignmentBytes, alignUp(sizeBytes)) })
    }
  }
}
