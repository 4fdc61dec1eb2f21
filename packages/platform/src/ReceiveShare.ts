/**
 * What the connections that receive into one arena share: the landing buffer, and a budget of segments that they may hold
 * without having earned them by bytes sent. Invariant: granted segments never take more than a fixed part of the arena, so that
 * loaded connections which fall silent cannot starve the others; a newcomer takes over the segment of one that is idle. What is begun and
 * has no room waits outside of the arena, no more of it than the arena is large.
 */
import type { Arena } from "./Arena.ts"
import { mark } from "./Invariant.ts"

/** Size of the landing buffer. */
export const landingBytes = 64 * 1024
/** Bounds of the segments that connections under load receive into. */
export const smallestGrantBytes = 256 * 1024
export const largestGrantBytes = 4 * 1024 * 1024
/** The part of the arena that may be granted. */
const grantedPart = 1 / 8
/** Reads of all connections after which one that had none of them counts as idle. */
export const idleAfterReads = 1_024

/** Who may be asked to give its segment to another. */
interface Grantee {
  readonly lastRead: number
  readonly isDrained: boolean
  readonly yieldSegment: () => void
}

export class ReceiveShare {
  readonly landing: Uint8Array
  private readonly limitBytes: number
  /** Bytes that each holds. */
  private readonly grantees = new Map<Grantee, number>()
  private grantedBytes = 0
  private reads = 0
  /** Of begun frames that are kept outside of the arena. */
  private parkedBytes = 0
  private readonly parkedLimitBytes: number

  constructor(arena: Arena, landing: Uint8Array = new Uint8Array(landingBytes)) {
    this.landing = landing
    this.parkedLimitBytes = arena.limitBytes
    this.limitBytes = Math.floor(arena.limitBytes * grantedPart)
  }

  /** Counts a read; answers how many there were. */
  nextRead(): number {
    this.reads += 1
    return this.reads
  }

  canGrant(sizeBytes: number): boolean {
    return this.grantedBytes + sizeBytes <= this.limitBytes || this.longestIdle() !== undefined
  }

  /** Half of the budget is left for others then. */
  hasPlenty(sizeBytes: number): boolean {
    return this.grantedBytes + sizeBytes <= this.limitBytes / 2
  }

  grant(grantee: Grantee, sizeBytes: number): boolean {
    while (this.grantedBytes + sizeBytes > this.limitBytes) {
      const idle = this.longestIdle()
      if (idle === undefined) return false
      mark("receive: an idle connection yields its segment")
      idle.yieldSegment()
    }
    this.count(grantee, sizeBytes)
    return true
  }

  giveBack(grantee: Grantee, sizeBytes: number): void {
    this.count(grantee, -sizeBytes)
  }

  /** Counts bytes that are kept outside of the arena, or, below 0, that are no more. False: they would be too many. */
  park(sizeBytes: number): boolean {
    if (sizeBytes > 0 && this.parkedBytes + sizeBytes > this.parkedLimitBytes) return false
    this.parkedBytes += sizeBytes
    return true
  }

  private count(grantee: Grantee, sizeBytes: number): void {
    const held = (this.grantees.get(grantee) ?? 0) + sizeBytes
    if (held === 0) this.grantees.delete(grantee)
    else this.grantees.set(grantee, held)
    this.grantedBytes += sizeBytes
  }

  private longestIdle(): Grantee | undefined {
    let longest: Grantee | undefined
    for (const each of this.grantees.keys()) {
      if (!each.isDrained || each.lastRead > this.reads - idleAfterReads) continue
      if (longest === undefined || each.lastRead < longest.lastRead) longest = each
    }
    return longest
  }
}
