/**
 * What time it is, from Effect's Clock, so that a test or a simulation decides it. Invariant: the wall clock is for stamps that
 * others see and may jump; only the monotonic one may be subtracted.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export interface Moment {
  /** Milliseconds since 1970, UTC. */
  readonly wallMs: number
  /** Milliseconds since some moment of this process, with fractions; never backwards. */
  readonly monotonicMs: number
}

const nanosPerMs = 1e6

/** Reads a clock outside of Effect: for hot paths that hold the clock already. */
export const monotonicMsOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / nanosPerMs

export const momentOf = (clock: Clock.Clock): Moment => ({
  wallMs: clock.currentTimeMillisUnsafe(),
  monotonicMs: monotonicMsOf(clock)
})

export const now: Effect.Effect<Moment> = Effect.map(Clock.Clock, momentOf)

export const wallMs: Effect.Effect<number> = Clock.currentTimeMillis

export const monotonicMs: Effect.Effect<number> = Effect.map(Clock.Clock, monotonicMsOf)
