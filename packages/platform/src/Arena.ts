/**
 * The arena: one fixed stretch of memory from which receive segments and read buffers are cut. It is WebAssembly memory, so
 * that the checksum runs over received bytes where they lie. Invariant: the arena never grows (growing would detach every
 * view); what does not fit waits, which is the backpressure of the whole broker.
 */
export interface Segment {
  /** The bytes of this segment, 64-byte aligned; its length is at least what was asked for. */
  readonly bytes: Uint8Array
  /** Counts one more holder. */
  readonly retain: () => void
  /** Counts one holder less; the last one gives the memory back. */
  readonly release: () => void
}

export interface Arena {
  /** The largest segment that can ever be had, in bytes. */
  readonly limitBytes: number
  /** Bytes now handed out. */
  readonly usedBytes: number
  /** A segment of at least `sizeBytes` with one holder, or undefined while there is no room. Lowest free address first. */
  readonly allocate: (sizeBytes: number) => Segment | undefined
  /**
   * Calls back once, after memory has been given back: as soon as a stretch of `sizeBytes` may be free, or after any release
   * when no size is named. The room may be taken again by then; who finds none asks again.
   */
  readonly onRoom: (callback: () => void, sizeBytes?: number) => void
}
