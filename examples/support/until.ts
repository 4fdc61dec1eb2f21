/** Waits until something is so, in whatever time the test runs in. */
import { Effect } from "effect"

export const until = <E, R>(isSo: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.asVoid(Effect.repeat(Effect.andThen(Effect.sleep("500 millis"), isSo), { until: (so) => so }))
