/**
 * What may be deleted, decided on values (behaviours 161 to 163, 169). Segments go whole, oldest first, stopping at the first
 * one kept, and never at or above the high watermark. Pure; `Delete.ts` renames and removes.
 */
import type { LogConfig } from "./LogConfig.ts"

export interface SegmentFacts {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** Largest record timestamp, or the time the segment was made when its records carry none; milliseconds. */
  readonly largestTimestamp: number
}

export interface RetentionFacts {
  /** Oldest first; the last one is active. */
  readonly segments: ReadonlyArray<SegmentFacts>
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
}

/** How many of the oldest segments go, each being deletable by `breaches` and wholly below the high watermark. */
const countWhile = (
  facts: RetentionFacts,
  from: number,
  breaches: (segment: SegmentFacts, end: number, isActive: boolean) => boolean
): number => {
  let count = from
  while (count < facts.segments.length) {
    const segment = facts.segments[count]!
    const next = facts.segments[count + 1]
    const end = next?.baseOffset ?? facts.logEndOffset
    const isEmptyActive = next === undefined && segment.sizeBytes === 0
    if (end > facts.highWatermark || isEmptyActive || !breaches(segment, end, next === undefined)) break
    count += 1
  }
  return count
}

/** Segments below the log start hold nothing that anyone may read, whatever the policy. */
const belowLogStart = (facts: RetentionFacts): number =>
  countWhile(facts, 0, (_, end, isActive) => !isActive && end <= facts.logStartOffset)

/** By size: the oldest go only while the rest stays at or above the limit. */
const beyondSize = (facts: RetentionFacts, from: number, retentionBytes: number): number => {
  if (retentionBytes < 0) return from
  let excess = -retentionBytes
  for (const segment of facts.segments.slice(from)) excess += segment.sizeBytes
  return countWhile(facts, from, (segment) => {
    excess -= segment.sizeBytes
    return excess >= 0
  })
}

/** By time: the youngest record of the segment is too old. A timestamp in the future pins its segment. */
const beyondTime = (facts: RetentionFacts, from: number, retentionMs: number, now: number): number =>
  retentionMs < 0 ? from : countWhile(facts, from, (segment) => now - segment.largestTimestamp > retentionMs)

/** How many of the oldest segments are to be deleted now; all of them means that a new one has to begin first. */
export const deletableSegments = (facts: RetentionFacts, config: LogConfig, now: number): number => {
  const below = belowLogStart(facts)
  if (!config.cleanupPolicy.delete) return below
  return beyondTime(facts, beyondSize(facts, below, config.retentionBytes), config.retentionMs, now)
}
