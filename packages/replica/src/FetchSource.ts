/**
 * What one loop of the `Fetcher` follows, and how it waits: each wait ends early when there are more partitions to ask for.
 *
 * Invariants: an answer that has come is never thrown away for a change; the more partitions the request after a change has to name all
 * again, the rarer a waiting poll is given up for one.
 */
import * as Moment from "@klamm/platform/Moment"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { FetcherSession } from "./FetcherSession.ts"
import type { Followed } from "./Followed.ts"

/**
 * How long news of the metadata gathers before a waiting poll is given up for it, and how often that may happen, in milliseconds: the
 * less often the more partitions the request after it has to name all again. The poll that ends by itself costs only what is new.
 */
const gatherMs = 1
const interruptPauseMs = 50
const partitionsPerPause = 64

export interface Source {
  readonly brokerId: number
  readonly fetcher: number
  readonly partitions: Map<string, Followed>
  readonly session: FetcherSession
  /** Those of which something else may have to be asked than in the last request. */
  due: Set<string>
  /** When all were last looked at; milliseconds. */
  lookedMs: number
  /** Partitions have come since the last request was made. */
  changed: boolean
  onChange: (() => void) | undefined
  /** Gives up the request that waits for its answer. */
  giveUp: (() => void) | undefined
  interruptedAtMs: number
  failures: number
}

export const makeSource = (brokerId: number, fetcher: number): Source => ({
  brokerId,
  fetcher,
  partitions: new Map(),
  session: new FetcherSession(),
  due: new Set(),
  lookedMs: Number.NEGATIVE_INFINITY,
  changed: false,
  onChange: undefined,
  giveUp: undefined,
  interruptedAtMs: Number.NEGATIVE_INFINITY,
  failures: 0
})

/** What runs beside a loop. */
export interface Runner {
  /** Ends with the fetcher. */
  readonly run: (effect: Effect.Effect<void>) => void
  /** Begins at once; whoever begins it ends it. */
  readonly start: <A>(effect: Effect.Effect<A>) => Fiber.Fiber<A>
}

/** Leaves time for more partitions to come, and for the last interruption to bear fruit. */
const gathering = (source: Source): Effect.Effect<void> =>
  Effect.flatMap(Moment.monotonicMs, (now) => {
    const pauseMs = interruptPauseMs * (1 + source.session.size / partitionsPerPause)
    return Effect.sleep(Math.max(gatherMs, source.interruptedAtMs + pauseMs - now))
  })

const interrupted = (source: Source): Effect.Effect<void> =>
  Effect.map(Moment.monotonicMs, (now) => {
    source.interruptedAtMs = now
  })

/** Done when partitions have come. */
const untilChanged = (source: Source): Effect.Effect<void> => {
  const signal = Effect.callback<void>((resume) => {
    if (source.changed) return resume(Effect.void)
    source.onChange = () => resume(Effect.void)
    return Effect.sync(() => {
      source.onChange = undefined
    })
  })
  return signal.pipe(Effect.andThen(gathering(source)), Effect.andThen(interrupted(source)))
}

export const sleepOrChange = (source: Source, ms: number): Effect.Effect<void> =>
  Effect.raceFirst(untilChanged(source), Effect.sleep(ms))

const giveUpSoon = (source: Source, giveUp: () => void): Effect.Effect<void> => {
  source.onChange = undefined
  return Effect.flatMap(gathering(source), () => {
    if (source.giveUp !== giveUp) return Effect.void
    return Effect.andThen(interrupted(source), Effect.sync(giveUp))
  })
}

/**
 * Asks, and gives up waiting when there are more partitions to ask for. By one fiber for the request and none that watches for changes,
 * because this is done for every record that is replicated alone.
 */
export const unlessChanged = <A>(
  { run, start }: Runner,
  source: Source,
  asking: Effect.Effect<A>
): Effect.Effect<A | "Changed"> =>
  Effect.callback<A | "Changed">((resume) => {
    const fetching = start(asking)
    const giveUp = () => fetching.interruptUnsafe()
    source.giveUp = giveUp
    source.onChange = () => run(giveUpSoon(source, giveUp))
    fetching.addObserver((exit) => {
      source.giveUp = undefined
      source.onChange = undefined
      if (exit._tag === "Success") resume(exit)
      else resume(Cause.hasInterruptsOnly(exit.cause) ? Effect.succeed("Changed") : exit)
    })
    if (source.changed) source.onChange?.()
    return Fiber.interrupt(fetching)
  })
