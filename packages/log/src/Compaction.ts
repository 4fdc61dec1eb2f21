/**
 * What a cleaning pass decides, on values: whether a log is dirty enough, how far cleaning may go, which segments are merged,
 * and the map of each key's newest offset. Rules: Kafka's LogCleanerManager and Cleaner, KIP-354 for the largest lag.
 *
 * Invariants: the active segment, what is younger than `min.compaction.lag.ms` and what is not yet stable are never cleaned
 * (behaviour 164); the map never grows beyond its bytes. Neighbours: `CleanBatch.ts` judges batches, `Cleaner.ts` does it.
 */
import type { LogConfig } from "./LogConfig.ts"
import { maxRelativeOffset } from "./Segment.ts"

export interface CleanableSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** Largest timestamp of the first batch and of all; -1 when unknown. */
  readonly firstTimestamp: number
  readonly largestTimestamp: number
}

export interface CleaningFacts {
  /** Oldest first; the last one is active. */
  readonly segments: ReadonlyArray<CleanableSegment>
  readonly logStartOffset: number
  readonly cleanedOffset: number
  /** First offset that may not be cleaned yet: the last stable offset or the high watermark. */
  readonly firstUncleanable: number
}

export interface CleaningPlan {
  readonly firstDirtyOffset: number
  /** Exclusive. */
  readonly endOffset: number
  /** Bytes not yet cleaned over all bytes that could be, 0 to 1. */
  readonly dirtyRatio: number
  /** The oldest dirty record has waited for `max.compaction.lag.ms`. */
  readonly overdue: boolean
}

/** The base of the first dirty segment whose youngest record is within `min.compaction.lag.ms`, if any. */
const firstTooYoung = (facts: CleaningFacts, firstDirty: number, minLagMs: number, now: number): number => {
  if (minLagMs <= 0) return Number.POSITIVE_INFINITY
  const young = facts.segments.find(
    (segment, index) =>
      (facts.segments[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY) > firstDirty &&
      segment.largestTimestamp > now - minLagMs
  )
  return young?.baseOffset ?? Number.POSITIVE_INFINITY
}

const bytesBetween = (facts: CleaningFacts, from: number, to: number): number => {
  let total = 0
  for (const { baseOffset, sizeBytes } of facts.segments) if (baseOffset >= from && baseOffset < to) total += sizeBytes
  return total
}

/** How far a pass would go now; `endOffset` equals `firstDirtyOffset` when there is nothing it may touch. */
export const planCleaning = (facts: CleaningFacts, config: LogConfig, now: number): CleaningPlan => {
  const active = facts.segments[facts.segments.length - 1]!
  const start = Math.max(facts.logStartOffset, facts.segments[0]!.baseOffset)
  const firstDirtyOffset = Math.max(facts.cleanedOffset, start)
  const young = firstTooYoung(facts, firstDirtyOffset, config.minCompactionLagMs, now)
  const endOffset = Math.max(firstDirtyOffset, Math.min(facts.firstUncleanable, active.baseOffset, young))
  const dirtyBytes = bytesBetween(facts, firstDirtyOffset, endOffset)
  const totalBytes = bytesBetween(facts, 0, firstDirtyOffset) + dirtyBytes
  const waiting = facts.segments.filter(
    ({ baseOffset, firstTimestamp }) => baseOffset >= firstDirtyOffset && baseOffset < endOffset && firstTimestamp > 0
  )
  const oldest = Math.min(...waiting.map((segment) => segment.firstTimestamp))
  return {
    firstDirtyOffset,
    endOffset,
    dirtyRatio: totalBytes === 0 ? 0 : dirtyBytes / totalBytes,
    overdue: dirtyBytes > 0 && now - oldest > config.maxCompactionLagMs
  }
}

export const isWorthCleaning = (plan: CleaningPlan, config: LogConfig): boolean =>
  plan.endOffset > plan.firstDirtyOffset && (plan.overdue || plan.dirtyRatio > config.minCleanableDirtyRatio)

/**
 * Segments below `endOffset`, merged into groups each of which becomes one segment: no larger than `segment.bytes`, offsets
 * within what fits beside a base.
 */
export const groupSegments = (
  segments: ReadonlyArray<CleanableSegment>,
  endOffset: number,
  config: LogConfig
): ReadonlyArray<readonly [from: number, to: number]> => {
  const groups: Array<readonly [number, number]> = []
  const count = segments.findIndex((segment, index) => index === segments.length - 1 || segment.baseOffset >= endOffset)
  let from = 0
  while (from < count) {
    let to = from + 1
    let bytes = segments[from]!.sizeBytes
    while (to < count) {
      const nextBytes = bytes + segments[to]!.sizeBytes
      const lastOffset = segments[to + 1]!.baseOffset - 1
      if (nextBytes > config.segmentBytes || lastOffset - segments[from]!.baseOffset > maxRelativeOffset) break
      bytes = nextBytes
      to += 1
    }
    groups.push([from, to])
    from = to
  }
  return groups
}

/** What one entry of the map is counted as beside its key. */
const entryOverheadBytes = 64

/** Each key's newest offset in the dirty part, bounded in bytes. */
export class OffsetMap {
  /** The last offset that was looked at; records beyond are kept as they are. -1 before any. */
  latestOffset = -1
  private readonly offsets = new Map<string, number>()
  private usedBytes = 0
  private readonly limitBytes: number
  private readonly decoder = new TextDecoder("latin1")

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get size(): number {
    return this.offsets.size
  }

  /** False when the map is full and the key is not in it; then nothing has changed. */
  put(key: Uint8Array, offset: number): boolean {
    const text = this.decoder.decode(key)
    if (!this.offsets.has(text)) {
      const bytes = key.byteLength + entryOverheadBytes
      if (this.usedBytes + bytes > this.limitBytes) return false
      this.usedBytes += bytes
    }
    this.offsets.set(text, offset)
    return true
  }

  /** The key's newest offset, -1 when it does not occur in the dirty part. */
  get(key: Uint8Array): number {
    return this.offsets.get(this.decoder.decode(key)) ?? -1
  }
}
