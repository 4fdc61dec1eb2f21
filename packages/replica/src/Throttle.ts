/**
 * A rate over the last moments, as arithmetic: bytes that were moved, kept in samples of a window, and what they come to in a second.
 *
 * Invariant: a sample counts for as long as the window lasts and no longer, so whatever was moved, the rate falls to nothing by itself.
 * Kafka: SimpleRate over SampledStat, which its ReplicationQuotaManager measures with. Neighbour: `ReplicationQuota.ts` holds it to a limit.
 */

/** Times in milliseconds of one clock that never goes back. */
export interface Window {
  /** How long one sample lasts (replication.quota.window.size.seconds). */
  readonly sampleMs: number
  /** How many of them are kept (replication.quota.window.num). */
  readonly samples: number
}

interface Sample {
  readonly beganMs: number
  readonly bytes: number
}

/** The samples, oldest first. */
export type Throttle = ReadonlyArray<Sample>

export const empty: Throttle = []

const secondMs = 1_000

const recent = (throttle: Throttle, nowMs: number, { sampleMs, samples }: Window): Throttle =>
  throttle.filter(({ beganMs }) => nowMs - beganMs < sampleMs * samples)

export const record = (throttle: Throttle, bytes: number, nowMs: number, window: Window): Throttle => {
  const kept = recent(throttle, nowMs, window)
  const last = kept[kept.length - 1]
  if (last === undefined || nowMs - last.beganMs >= window.sampleMs) return [...kept, { beganMs: nowMs, bytes }]
  return [...kept.slice(0, -1), { beganMs: last.beganMs, bytes: last.bytes + bytes }]
}

/** Bytes a second since the oldest sample began, but over no less than one sample: a first burst is no rate yet. */
export const rate = (throttle: Throttle, nowMs: number, window: Window): number => {
  const kept = recent(throttle, nowMs, window)
  const oldest = kept[0]
  if (oldest === undefined) return 0
  const bytes = kept.reduce((sum, sample) => sum + sample.bytes, 0)
  return (bytes * secondMs) / Math.max(nowMs - oldest.beganMs, window.sampleMs)
}
