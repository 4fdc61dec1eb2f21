/**
 * Where one connection's bytes land, and how they become frames: views of arena memory, cut in place.
 *
 * Most connections are quiet, so all of them share one landing buffer; what lands there is moved to a segment sized for it. A
 * connection in the middle of a frame, or under steady load, receives into a segment of its own, and its bytes are not moved.
 * Invariants: the landing buffer holds nothing after `received` returns; a frame retains its segment; a peer pins at most twice
 * the bytes it has really sent, or the size of frames it has sent whole before, whatever length it claims.
 */
import type { Arena, Segment } from "./Arena.ts"
import type { Frame, Framing } from "./Network.ts"

/** Size of the landing buffer that quiet connections share. */
export const landingBytes = 64 * 1024
/** A read of this many bytes makes a connection count as being under load. */
export const loadedReadBytes = 16 * 1024
/** Size of the segments that connections under load receive into. */
export const loadedSegmentBytes = 256 * 1024
/** Room below which a drained segment is exchanged for a fresh one. */
const minRoomBytes = 64 * 1024
/** Drained connections that may keep a segment of their own. */
export const maxLoadedConnections = 256

const prefixBytes = 4

/** Shared by the connections of one process or one simulated node. */
export interface ReceiveShare {
  readonly landing: Uint8Array
  loadedConnections: number
}

export const makeReceiveShare = (): ReceiveShare => ({ landing: new Uint8Array(landingBytes), loadedConnections: 0 })

/** Memory outside the arena, for the few bytes that were read when the arena had no room. */
const heapSegment = (sizeBytes: number): Segment => ({
  bytes: new Uint8Array(sizeBytes),
  retain: () => undefined,
  release: () => undefined
})

const releaseOnce = (segment: Segment): (() => void) => {
  segment.retain()
  return () => segment.release()
}

export class ReceiveBuffer {
  private readonly arena: Arena
  private readonly framing: Framing
  private readonly share: ReceiveShare
  private segment: Segment | undefined
  private start = 0
  private end = 0
  /** Largest frame this peer has sent whole. */
  private provenBytes = 0
  private loaded = false
  private closed = false
  /** Length of the frame that waits for room in the arena, 0 for none. */
  private stalledFor = 0

  constructor(arena: Arena, framing: Framing, share: ReceiveShare) {
    this.arena = arena
    this.framing = framing
    this.share = share
  }

  /** Where the next bytes are to be put; undefined while the arena has no room for them. */
  target(): Uint8Array | undefined {
    if (this.stalledFor > 0 && !this.makeRoom(this.stalledFor)) return undefined
    return this.segment === undefined ? this.share.landing : this.segment.bytes.subarray(this.end)
  }

  /** `count` bytes are in the target. Adds the frames they complete to `frames`; false when they can't become a frame. */
  received(count: number, frames: Array<Frame>): boolean {
    if (this.segment === undefined) this.moveFromLanding(count)
    else this.end += count
    const wellFormed = this.cut(frames)
    if (wellFormed) this.prepare(count)
    return wellFormed
  }

  /** Gives back what is held; frames already handed out stay valid until they are released. */
  close(): void {
    this.closed = true
    this.stalledFor = 0
    this.setLoaded(false)
    this.drop()
  }

  private moveFromLanding(count: number): void {
    const segment = this.arena.allocate(count) ?? heapSegment(count)
    segment.bytes.set(this.share.landing.subarray(0, count))
    this.segment = segment
    this.start = 0
    this.end = count
  }

  private cut(frames: Array<Frame>): boolean {
    const segment = this.segment!
    while (this.start < this.end) {
      const length = this.framing.frameLength(segment.bytes, this.start, this.end)
      if (length < 0) return false
      if (length === 0 || this.start + length > this.end) return true
      if (length > this.provenBytes) this.provenBytes = length
      frames.push({ bytes: segment.bytes.subarray(this.start, this.start + length), release: releaseOnce(segment) })
      this.start += length
    }
    return true
  }

  /** Chooses where the next bytes go. */
  private prepare(count: number): void {
    if (this.closed) return
    if (this.start === this.end) {
      this.prepareDrained(count)
      return
    }
    const segment = this.segment!
    const known = this.framing.frameLength(segment.bytes, this.start, this.end)
    const needed = known > 0 ? known : prefixBytes
    if (this.start + needed <= segment.bytes.length && this.end < segment.bytes.length) return
    this.makeRoom(needed)
  }

  private prepareDrained(count: number): void {
    this.setLoaded(count >= loadedReadBytes)
    if (this.loaded && this.segment !== undefined && this.segment.bytes.length - this.end >= minRoomBytes) {
      this.start = this.end
      return
    }
    this.drop()
    if (this.loaded) this.segment = this.arena.allocate(loadedSegmentBytes)
  }

  /** Moves the begun frame to a segment with room for more of it. False while there is none. */
  private makeRoom(needed: number): boolean {
    const have = this.end - this.start
    const trusted = Math.max(loadedSegmentBytes, 2 * have, 2 * this.provenBytes)
    const next = this.arena.allocate(
      Math.max(Math.min(needed, trusted), have + 1, Math.min(loadedSegmentBytes, trusted))
    )
    if (next === undefined) {
      this.stalledFor = needed
      return false
    }
    this.stalledFor = 0
    if (this.segment !== undefined) next.bytes.set(this.segment.bytes.subarray(this.start, this.end))
    this.drop()
    this.segment = next
    this.end = have
    return true
  }

  private setLoaded(loaded: boolean): void {
    if (loaded === this.loaded) return
    if (loaded && this.share.loadedConnections >= maxLoadedConnections) return
    this.loaded = loaded
    this.share.loadedConnections += loaded ? 1 : -1
  }

  private drop(): void {
    this.segment?.release()
    this.segment = undefined
    this.start = 0
    this.end = 0
  }
}
