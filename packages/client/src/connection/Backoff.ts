/** How long to wait before trying again: doubling, up to a limit, less or more by chance so that many do not come back at once. Pure. */

/** By how much of itself a pause may differ: as in Kafka's clients. */
export const jitterFraction = 0.2

export interface BackoffRange {
  readonly initialMs: number
  readonly maxMs: number
}

/** The pause before try number `attempt`, counted from 1 for the first repetition; `draw` is chance from 0 to 1. */
export const backoff = ({ initialMs, maxMs }: BackoffRange, attempt: number, draw: number): number => {
  const grown = Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30))
  return Math.max(0, Math.round(grown * (1 + jitterFraction * (2 * draw - 1))))
}
