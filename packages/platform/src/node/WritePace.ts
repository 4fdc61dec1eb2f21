/**
 * Whether a large write is made at once, on the event loop, or by the thread pool: at once as long as such writes are quick, for the page
 * cache then takes them in less time than the hop to another processor costs; by the pool for a while after one that was slow, as where
 * the memory it needs has to come from a host first, or the kernel holds writers up until its disk has caught up.
 *
 * Invariant: after a slow write the event loop is held up by no other large one until `POOLED_AFTER_SLOW` have gone by the pool
 * (decision 0008). Neighbour: NodeDisk.ts.
 */

/** From here on a write is large. Smaller ones are made at once, also where the memory is not at hand: that takes up to 0.4 ms. */
const LARGE_BYTES_MIN = 128 * 1024

/** Larger ones hold up the event loop for long even where they are quick: half a millisecond for so many. */
const AT_ONCE_BYTES_MAX = 2 * 1024 * 1024

/** Eight times what a write takes where the memory is at hand, less than where it is not. */
const SLOW_NANOS_PER_BYTE = 2

/** One write in so many asks again whether writes are quick. */
const POOLED_AFTER_SLOW = 16

export interface WritePace {
  /** Whether the next write, of so many bytes, is made on the event loop. Asked once for each write. */
  readonly isAtOnce: (bytes: number) => boolean
  /** Tells how long a write on the event loop took. */
  readonly took: (bytes: number, milliseconds: number) => void
}

export const makeWritePace = (): WritePace => {
  let pooledToCome = 0
  return {
    isAtOnce: (bytes) => {
      if (bytes < LARGE_BYTES_MIN) return true
      if (bytes > AT_ONCE_BYTES_MAX) return false
      if (pooledToCome === 0) return true
      pooledToCome -= 1
      return false
    },
    took: (bytes, milliseconds) => {
      if (bytes >= LARGE_BYTES_MIN && milliseconds * 1e6 > bytes * SLOW_NANOS_PER_BYTE) pooledToCome = POOLED_AFTER_SLOW
    }
  }
}
