/**
 * What may run side by side: items of one lane run one after another in the order given, lanes run at the same time, up to a limit.
 *
 * Invariants: no lane has two items running; no more than `limit` run; an item that may run is given out in the order in which it
 * became able to. An item without a lane waits for nobody. Neighbour: `OffsetTracker.ts` says what is done.
 */
export class Lanes<A> {
  private readonly limit: number
  /** Items behind the running or ready one of their lane. */
  private readonly waiting = new Map<string, Array<A>>()
  private readonly ready: Array<{ readonly lane: string | undefined; readonly item: A }> = []
  private readyAt = 0
  private running = 0
  private behind = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Items given and not finished. */
  get size(): number {
    return this.running + this.behind + this.ready.length - this.readyAt
  }

  offer(lane: string | undefined, item: A): void {
    if (lane !== undefined) {
      const others = this.waiting.get(lane)
      if (others !== undefined) {
        others.push(item)
        this.behind++
        return
      }
      this.waiting.set(lane, [])
    }
    this.ready.push({ lane, item })
  }

  /** An item that may run now; `finish` its lane when it has. */
  take(): { readonly lane: string | undefined; readonly item: A } | undefined {
    if (this.running >= this.limit || this.readyAt === this.ready.length) return undefined
    const next = this.ready[this.readyAt++]
    if (this.readyAt * 2 >= this.ready.length) {
      this.ready.splice(0, this.readyAt)
      this.readyAt = 0
    }
    this.running++
    return next
  }

  finish(lane: string | undefined): void {
    this.running--
    if (lane === undefined) return
    const others = this.waiting.get(lane)
    const item = others?.shift()
    if (item === undefined) this.waiting.delete(lane)
    else {
      this.behind--
      this.ready.push({ lane, item })
    }
  }

  /** Takes out every item not yet running that is to go. */
  drop(isGone: (item: A) => boolean): void {
    for (const [lane, items] of this.waiting) {
      const kept = items.filter((item) => !isGone(item))
      this.behind -= items.length - kept.length
      this.waiting.set(lane, kept)
    }
    const ready = this.ready.splice(this.readyAt)
    this.ready.length = 0
    this.readyAt = 0
    for (const { lane, item } of ready) {
      if (!isGone(item)) this.ready.push({ lane, item })
      else if (lane !== undefined) this.unblock(lane)
    }
  }

  /** The lane's first item went without running: the next one takes its place. */
  private unblock(lane: string): void {
    this.running++
    this.finish(lane)
  }
}
