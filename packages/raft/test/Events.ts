/** What happens next in a simulation, and its chance. */

/** Numbers from 0 up to 1 from a seed. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** By rising time; those of one moment in the order in which they were added. */
export class Events {
  private readonly events: Array<Event> = []
  private order = 0

  add(at: number, run: () => void): void {
    this.order += 1
    const event = { at, order: this.order, run }
    let index = this.events.length
    this.events.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, this.events[parent]!)) break
      this.events[index] = this.events[parent]!
      index = parent
    }
    this.events[index] = event
  }

  /** The next one, unless it is after `end`. */
  takeUntil(end: number): Event | undefined {
    const [first] = this.events
    if (first === undefined || first.at > end) return undefined
    const last = this.events.pop()!
    if (this.events.length > 0) this.sink(last)
    return first
  }

  private sink(event: Event): void {
    let index = 0
    while (true) {
      let child = 2 * index + 1
      if (child >= this.events.length) break
      if (child + 1 < this.events.length && isBefore(this.events[child + 1]!, this.events[child]!)) child += 1
      if (!isBefore(this.events[child]!, event)) break
      this.events[index] = this.events[child]!
      index = child
    }
    this.events[index] = event
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
