/**
 * Chance in a world: streams of numbers that depend on the seed and on a name alone. Invariant: a stream's numbers depend on nothing
 * that another stream has drawn, so that a new draw in one place leaves all other histories as they were.
 */
import type * as Random from "effect/Random"

/** FNV-1a over the text's code units. */
export const hashText = (text: string, start = 0x811c9dc5): number => {
  let hash = start
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

const warmUp = 12
const range = 2 ** 32

/** A small fast counting generator of 32 bits: three words of state and a counter. */
export class Chance {
  private readonly path: string
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number, path = "") {
    this.path = `${seed}${path}`
    this.a = hashText(this.path)
    this.b = hashText(this.path, this.a ^ 0x9e3779b9)
    this.c = hashText(this.path, this.b ^ 0x85ebca6b)
    for (let round = 0; round < warmUp; round++) this.bits()
  }

  /** A stream of its own, named. */
  fork(name: string): Chance {
    return new Chance(0, `${this.path}/${name}`)
  }

  /** 0 to 2^32 - 1. */
  bits(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    return sum >>> 0
  }

  /** From 0 to below 1. */
  double(): number {
    return this.bits() / range
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.double() * bound)
  }

  /** A number from `low` to below `high`. */
  between(low: number, high: number): number {
    return low + this.double() * (high - low)
  }

  /** True with this probability; draws nothing when there is nothing to draw. */
  happens(probability: number): boolean {
    if (probability <= 0) return false
    return probability >= 1 || this.double() < probability
  }

  /** One of them, all alike. */
  pick<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }

  /** Small mostly, large now and then: evenly spread over the orders of magnitude from `low` to `high`. */
  skewed(low: number, high: number): number {
    return low * (high / low) ** this.double()
  }

  /** The same chance as Effect's Random. */
  get random(): Random.Random {
    return {
      nextDoubleUnsafe: () => this.double(),
      nextIntUnsafe: () => Math.floor((this.double() - 0.5) * 2 * Number.MAX_SAFE_INTEGER)
    }
  }
}
