/**
 * The clock of one machine: the world's time, seen through an offset that can jump and a rate that can drift. Invariant: the monotonic
 * clock never goes back and knows nothing of jumps; sleeping follows the machine's rate and not its wall clock.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The world's first moment, in milliseconds since 1970. */
export const worldEpochMs = 1_700_000_000_000

const nanosPerMs = 1e6

export class MachineTime {
  private readonly worldNow: () => number
  private offsetMs: number
  private rate = 1
  /** The machine's monotonic time at the world's time `since`. */
  private baseMs: number
  private since: number

  /** `bootedMs`: how long the machine has been up when the world begins. */
  constructor(worldNow: () => number, bootedMs: number, offsetMs: number) {
    this.worldNow = worldNow
    this.baseMs = bootedMs
    this.since = worldNow()
    this.offsetMs = worldEpochMs - bootedMs + offsetMs
  }

  get monotonicMs(): number {
    return this.baseMs + (this.worldNow() - this.since) * this.rate
  }

  get wallMs(): number {
    return this.monotonicMs + this.offsetMs
  }

  /** The wall clock is set forward or, with a negative number, back. */
  jump(ms: number): void {
    this.offsetMs += ms
  }

  /** From now on a second here takes 1/`rate` of a true one. */
  drift(rate: number): void {
    this.baseMs = this.monotonicMs
    this.since = this.worldNow()
    this.rate = rate
  }

  /** The wall clock is right again, as by a time server; the rate too. */
  correct(): void {
    this.drift(1)
    this.offsetMs = worldEpochMs + this.worldNow() - this.baseMs
  }

  /** How long the world takes for `ms` of this machine's time. */
  inWorld(ms: number): number {
    return ms / this.rate
  }
}

/** Runs something after so many of the world's milliseconds; the answer takes it back. */
export type After = (delayMs: number, run: () => void) => () => void

/** Effect's clock on a machine; `after` belongs to the process that sleeps. */
export const makeClock = (time: MachineTime, after: After): Clock.Clock => {
  const wallMs = () => Math.floor(time.wallMs)
  const wallNanos = () => BigInt(Math.floor(time.wallMs * nanosPerMs))
  const monotonicNanos = () => BigInt(Math.floor(time.monotonicMs * nanosPerMs))
  return {
    currentTimeMillisUnsafe: wallMs,
    currentTimeMillis: Effect.sync(wallMs),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos),
    monotonicTimeNanosUnsafe: monotonicNanos,
    monotonicTimeNanos: Effect.sync(monotonicNanos),
    sleep: (duration) => {
      const ms = Duration.toMillis(duration)
      if (ms <= 0) return Effect.yieldNow
      if (!Number.isFinite(ms)) return Effect.never
      return Effect.callback<void>((resume) => {
        const cancel = after(time.inWorld(ms), () => resume(Effect.void))
        return Effect.sync(cancel)
      })
    }
  } satisfies Clock.Clock
}
