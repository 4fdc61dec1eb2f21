/**
 * Chance from a seed (mulberry32), so that a run of the crash test can be told by one number. The moments at which things
 * happen inside a broker process are not in its hands. Neighbours: everything in this folder.
 */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** At least 0, less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(from: ReadonlyArray<A>): A {
    return from[this.between(0, from.length - 1)]!
  }

  bytes(length: number): Uint8Array {
    const made = new Uint8Array(length)
    for (let at = 0; at < length; at++) made[at] = this.between(0, 255)
    return made
  }
}
