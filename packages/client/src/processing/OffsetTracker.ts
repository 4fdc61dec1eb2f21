/**
 * What of one partition is done, when records are worked on side by side and end in any order.
 *
 * Invariant: `committable` is the offset before which everything handed out is done; it never goes back. Gaps in the offsets
 * (compaction, transactions) are no records and so never wait. Neighbour: `Lanes.ts` says what may run when.
 */
export class OffsetTracker {
  private offsets: Array<number> = []
  private done: Array<boolean> = []
  private head = 0
  private next: number

  constructor(position: number) {
    this.next = position
  }

  /** Records handed out and not done, those done behind an open one included. */
  get open(): number {
    return this.offsets.length - this.head
  }

  get committable(): number {
    return this.head < this.offsets.length ? this.offsets[this.head]! : this.next
  }

  /** Hands out the next record; offsets rise. */
  begin(offset: number): void {
    this.offsets.push(offset)
    this.done.push(false)
    this.next = offset + 1
  }

  /** Everything up to this offset has been handed out or skipped. */
  advance(offset: number): void {
    if (offset > this.next) this.next = offset
  }

  end(offset: number): void {
    const index = this.indexOf(offset)
    if (index === undefined) return
    this.done[index] = true
    while (this.head < this.offsets.length && this.done[this.head] === true) this.head++
    this.compact()
  }

  private indexOf(offset: number): number | undefined {
    let low = this.head
    let high = this.offsets.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = this.offsets[middle]!
      if (found === offset) return middle
      if (found < offset) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  /** Drops what is done, when that is more than half: each record is moved once on average. */
  private compact(): void {
    if (this.head * 2 < this.offsets.length) return
    this.offsets = this.offsets.slice(this.head)
    this.done = this.done.slice(this.head)
    this.head = 0
  }
}
