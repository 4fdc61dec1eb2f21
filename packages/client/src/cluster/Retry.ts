/**
 * The retry policy: what fails with a retriable error is tried again after a pause that doubles, with what the error says is out of
 * date asked for anew, until the time is over. Neighbour: `ClusterLive.ts`, which offers it to everything of the client.
 */
import { monotonicMsOf } from "@klamm/platform/Moment"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { RetryOptions } from "../Cluster.ts"
import { type KlammError, saysCoordinatorIsWrong, saysMetadataIsStale, TimeoutError } from "../KlammError.ts"

export interface RetryParts {
  readonly clock: Clock.Clock
  readonly apiTimeoutMs: number
  readonly backoffMs: (attempt: number) => number
  readonly invalidateTopic: (topic: string) => void
  readonly invalidateCoordinator: (coordinator: NonNullable<RetryOptions["coordinator"]>) => void
}

export const retrying = <A, R>(
  parts: RetryParts,
  effect: Effect.Effect<A, KlammError, R>,
  options: RetryOptions
): Effect.Effect<A, KlammError, R> => {
  const { about, timeoutMs = parts.apiTimeoutMs, topics = [], coordinator } = options
  const isRetriable = options.isRetriable ?? ((error: KlammError) => error.retriable)
  const forget = (error: KlammError): void => {
    if (saysMetadataIsStale(error)) for (const topic of topics) parts.invalidateTopic(topic)
    if (coordinator !== undefined && saysCoordinatorIsWrong(error)) parts.invalidateCoordinator(coordinator)
  }
  return Effect.suspend(() => {
    const startedAtMs = monotonicMsOf(parts.clock)
    let cause: KlammError | undefined
    const expired = () => Effect.fail(new TimeoutError({ what: about, afterMs: timeoutMs, cause }))
    const attempt = (number: number): Effect.Effect<A, KlammError, R> =>
      Effect.catch(effect, (error) => {
        if (!isRetriable(error)) return Effect.fail(error)
        cause = error
        forget(error)
        const pauseMs = parts.backoffMs(number)
        if (monotonicMsOf(parts.clock) - startedAtMs + pauseMs >= timeoutMs) return expired()
        return Effect.andThen(Effect.sleep(pauseMs), attempt(number + 1))
      })
    const tried = attempt(1)
    return Number.isFinite(timeoutMs) ? Effect.timeoutOrElse(tried, { duration: timeoutMs, orElse: expired }) : tried
  })
}
