/**
 * Where one connection's bytes land, and how they become frames: views of arena memory, cut in place.
 *
 * Most connections are quiet, so all of them share one landing buffer; what lands there is copied at once to a segment sized
 * for it. A connection whose reads are large, or that is in the middle of a large frame, receives into a segment of its own,
 * and its bytes are not copied; only a frame that does not fit the rest of its segment is moved, while little of it is there.
 * Invariants: the landing buffer holds nothing once `received` has returned; every frame retains its segment; beyond a budget
 * shared by all connections, a peer pins at most twice the bytes it has really sent, whatever length it claims; a begun frame for which
 * the arena has no room is kept aside until all of it has, and reading has to stop: what is begun never holds what others wait for.
 * Neighbour: `Inbox.ts`.
 */
import type { Arena, Segment } from "./Arena.ts"
import { assert, mark } from "./Invariant.ts"
import { type Frame, type Framing, frameTooLarge, type NetworkErrorReason } from "./Network.ts"
import { landingBytes, largestGrantBytes, type ReceiveShare, smallestGrantBytes } from "./ReceiveShare.ts"

/** A read of this many bytes makes a connection receive in place. */
export const loadedReadBytes = 16 * 1024
/** The most that one read may bring: what `receiveLimitBytes` may be exceeded by. */
export const maxReadBytes = 1024 * 1024
/** Room at the end of a segment below which a drained one is exchanged. */
const minRoomBytes = 64 * 1024
/** The largest frame that can be received: with it may come what one read brings of those behind it. */
export const largestFrameBytes = ({ limitBytes }: Arena): number => limitBytes - landingBytes
/** Frames of the size seen so far that a granted segment has room for. */
const framesPerGrant = 4
/** The same while there is plenty: no read goes beyond a segment's end, where the begun frame is moved, and what a read costs is the kernel's. */
const framesPerRoomyGrant = 16

const nothing = new Uint8Array(0)

export interface ReceiveFault {
  readonly reason: Extract<NetworkErrorReason, "Malformed" | "FrameTooLarge">
  readonly cause?: unknown
}

const frameOf = (segment: Segment, start: number, length: number, onRelease: (sizeBytes: number) => void): Frame => {
  let held = true
  segment.retain()
  return {
    bytes: segment.bytes.subarray(start, start + length),
    release: () => {
      assert(held, "a frame is released once")
      held = false
      segment.release()
      onRelease(length)
    }
  }
}

export class ReceiveBuffer {
  /** Why no more frames can come; undefined while they can. */
  fault: ReceiveFault | undefined
  /** Size of the segment this waits for, 0 when it does not: reading has to stop until `retry` has succeeded. */
  waitsForBytes = 0
  /** The share's count of reads at this connection's last one. */
  lastRead = 0

  private readonly arena: Arena
  private readonly framing: Framing
  private readonly share: ReceiveShare
  /** Told of each frame that is given back. */
  private readonly onRelease: (sizeBytes: number) => void
  /** Makes the platform read into the landing buffer next; undefined where it always does. */
  private readonly toLanding: (() => void) | undefined
  private segment: Segment | undefined
  /** The bytes of the begun frame lie in the segment from `start` to `end`. */
  private start = 0
  private end = 0
  /** Length of the begun frame, 0 while unknown. */
  private frameBytes = 0
  private largestFrameBytes = 0
  /** The next bytes are to be read into the segment. */
  private inPlace = false
  /** The platform has been handed the segment to read into. */
  private handedSegment = false
  private grantedBytes = 0
  /** The begun frame and what was read behind it, when the arena had no room. */
  private aside: Uint8Array | undefined
  /** Of them those that count in the share. */
  private parkedBytes = 0
  private closed = false

  constructor(
    arena: Arena,
    framing: Framing,
    share: ReceiveShare,
    onRelease: (sizeBytes: number) => void,
    toLanding?: () => void
  ) {
    this.arena = arena
    this.framing = framing
    this.share = share
    this.onRelease = onRelease
    this.toLanding = toLanding
  }

  /** Where the platform is to put the next bytes. */
  target(): Uint8Array {
    this.handedSegment = this.inPlace
    if (!this.inPlace) return this.share.landing
    return this.segment!.bytes.subarray(this.end, Math.min(this.segment!.bytes.length, this.end + maxReadBytes))
  }

  /** `count` bytes are in the last target. Adds the frames that they complete. */
  received(count: number, frames: Array<Frame>): void {
    if (this.handedSegment) {
      mark("receive: in place")
      this.lastRead = this.share.nextRead()
      this.end += count
      this.cut(frames)
      this.prepare(count)
    } else this.accept(this.share.landing.subarray(0, count), frames)
  }

  /** Takes bytes from elsewhere, which are copied. Adds the frames that they complete. */
  accept(bytes: Uint8Array, frames: Array<Frame>): void {
    assert(this.aside === undefined, "nothing is read while bytes wait for room")
    this.lastRead = this.share.nextRead()
    if (!this.append(bytes) && !this.setAside(bytes)) return
    this.cut(frames)
    this.prepare(bytes.byteLength)
  }

  /** Tries again to find room. True: reading may go on. */
  retry(frames: Array<Frame>): boolean {
    if (this.closed || this.waitsForBytes === 0) return true
    const { aside } = this
    assert(aside !== undefined, "what waits for room is kept aside")
    if (!this.bringBack(aside)) return false
    this.cut(frames)
    this.prepare(aside.byteLength)
    return this.waitsForBytes === 0
  }

  /** Nothing of a frame is here, but a segment is held in case more comes soon. */
  get isDrained(): boolean {
    return this.grantedBytes > 0 && this.start === this.end && this.waitsForBytes === 0
  }

  /** Gives up the segment, because another connection needs it more. Only when drained. */
  yieldSegment(): void {
    this.toLanding?.()
    this.inPlace = false
    this.handedSegment = false
    this.drop()
  }

  /** Gives back what is held; frames handed out stay valid until they are released. The platform must read no more. */
  close(): void {
    this.closed = true
    this.forgetAside()
    this.inPlace = false
    this.waitsForBytes = 0
    this.drop()
  }

  /** Copies bytes behind those of the begun frame. */
  private append(bytes: Uint8Array): boolean {
    const count = bytes.byteLength
    if (this.segment === undefined || this.end + count > this.segment.bytes.length) {
      const have = this.end - this.start
      if (!this.moveTo(Math.max(have + count, have === 0 ? this.frameBytes : this.earnedBytes(have)))) return false
    }
    this.segment!.bytes.set(bytes, this.end)
    this.end += count
    return true
  }

  private cut(frames: Array<Frame>): void {
    const segment = this.segment!
    try {
      while (this.start < this.end) {
        const length = this.framing.frameLength(segment.bytes, this.start, this.end)
        const largest = largestFrameBytes(this.arena)
        if (length > largest) {
          const cause = new Error(`frame of ${length} bytes where there is memory for ${largest}`)
          this.fault = { reason: "FrameTooLarge", cause }
          return
        }
        if (length < 0) {
          this.fault = { reason: length === frameTooLarge ? "FrameTooLarge" : "Malformed" }
          return
        }
        this.frameBytes = length
        if (length === 0 || this.start + length > this.end) return
        if (length > this.largestFrameBytes) this.largestFrameBytes = length
        frames.push(frameOf(segment, this.start, length, this.onRelease))
        this.start += length
        this.frameBytes = 0
      }
    } catch (cause) {
      this.fault = { reason: "Malformed", cause }
    }
  }

  /** Chooses where the next bytes go, `count` having come with the last read. */
  private prepare(count: number): void {
    if (this.closed || this.fault !== undefined) return
    if (this.start === this.end) this.prepareDrained(count)
    else this.prepareBegun(count)
  }

  private prepareDrained(count: number): void {
    const hasRoom = this.grantedBytes > 0 && this.segment!.bytes.length - this.end >= minRoomBytes
    if (this.toLanding !== undefined && count >= loadedReadBytes && hasRoom) {
      this.start = this.end
      this.inPlace = true
      return
    }
    this.drop()
    this.inPlace = this.toLanding !== undefined && count >= loadedReadBytes && this.takeGrant(0)
  }

  private prepareBegun(count: number): void {
    const have = this.end - this.start
    const eager = this.inPlace || count >= loadedReadBytes || have >= landingBytes
    if (this.toLanding === undefined || !eager) {
      this.inPlace = false
      this.compact(have)
      return
    }
    const needed = this.frameBytes === 0 ? have + minRoomBytes : this.frameBytes
    if (this.start + needed > this.segment!.bytes.length) this.makeRoom(have, needed)
    const room = (this.segment?.bytes.length ?? 0) - this.end
    this.inPlace = this.waitsForBytes === 0 && room >= Math.min(needed - have, loadedReadBytes)
  }

  /** The begun frame does not fit the rest of its segment: moves it, unless it can as well be moved later. */
  private makeRoom(have: number, needed: number): void {
    const room = this.segment!.bytes.length - this.end
    const earned = this.earnedBytes(have)
    const grant = this.grantBytes()
    const fresh = Math.max(earned, this.share.canGrant(grant) ? grant : 0)
    if (fresh < needed && room >= Math.min(have, minRoomBytes)) return
    if (this.takeGrant(earned) || this.moveTo(earned)) return
    if (room > 0) this.waitsForBytes = 0
    else this.setAside(nothing)
  }

  /**
   * The segment that the begun frame may have outside of the budget, `have` bytes of it being here: twice that, so that
   * growing copies each byte once on average. All of it for a peer that has sent as large a frame before, while the arena is
   * at most half full.
   */
  private earnedBytes(have: number): number {
    const { frameBytes, arena } = this
    const isTrusted = frameBytes <= this.largestFrameBytes && arena.usedBytes + frameBytes <= arena.limitBytes / 2
    return frameBytes > 0 && (isTrusted || frameBytes < 2 * have) ? frameBytes : 2 * have
  }

  /** Frees a large segment of which only the small beginning of a frame is left. */
  private compact(have: number): void {
    const size = this.earnedBytes(have)
    if (2 * size > this.segment!.bytes.length) return
    if (!this.moveTo(size)) this.waitsForBytes = 0
  }

  private grantBytes(): number {
    const roomy = this.grantOf(framesPerRoomyGrant)
    return this.share.hasPlenty(roomy) ? roomy : this.grantOf(framesPerGrant)
  }

  private grantOf(frames: number): number {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, frames * this.largestFrameBytes)))
    return Math.min(largestGrantBytes, Math.max(smallestGrantBytes, wanted))
  }

  /** Moves the begun frame to a segment granted from the shared budget, larger than what the peer has earned. */
  private takeGrant(earnedBytes: number): boolean {
    const size = this.grantBytes()
    if (size <= earnedBytes || !this.share.grant(this, size)) return false
    const moved = this.moveTo(size)
    if (moved) this.grantedBytes = size
    else {
      this.share.giveBack(this, size)
      this.waitsForBytes = 0
    }
    return moved
  }

  /** Moves the begun frame to a segment of `sizeBytes`. False: there is no room, and this waits for it. */
  private moveTo(sizeBytes: number): boolean {
    const next = this.arena.allocate(sizeBytes)
    this.waitsForBytes = next === undefined ? sizeBytes : 0
    if (next === undefined) return false
    const have = this.end - this.start
    if (have > 0) next.bytes.set(this.segment!.bytes.subarray(this.start, this.end))
    this.drop()
    this.segment = next
    this.end = have
    return true
  }

  /** Keeps the begun frame and the bytes behind it out of the arena until that has room for all of them. True: it has. */
  private setAside(bytes: Uint8Array): boolean {
    const have = this.end - this.start
    if (!this.share.park(have)) {
      this.fault = {
        reason: "FrameTooLarge",
        cause: new Error(`no memory for a frame of ${this.frameBytes} bytes now`)
      }
      return false
    }
    const all = new Uint8Array(have + bytes.byteLength)
    if (have > 0) all.set(this.segment!.bytes.subarray(this.start, this.end))
    all.set(bytes, have)
    if (have > 0) mark("receive: a begun frame leaves the arena")
    this.drop()
    this.aside = all
    this.parkedBytes = have
    return this.bringBack(all)
  }

  private bringBack(aside: Uint8Array): boolean {
    const isBack = this.append(aside)
    if (isBack) this.forgetAside()
    return isBack
  }

  private forgetAside(): void {
    this.share.park(-this.parkedBytes)
    this.parkedBytes = 0
    this.aside = undefined
  }

  private drop(): void {
    if (this.grantedBytes > 0) this.share.giveBack(this, this.grantedBytes)
    this.grantedBytes = 0
    this.segment?.release()
    this.segment = undefined
    this.start = 0
    this.end = 0
  }
}
