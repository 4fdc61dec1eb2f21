import { describe, expect, it } from "vitest"
import { deletableSegments, type RetentionFacts } from "../src/Retention.ts"
import { type ActiveSegment, shouldRoll } from "../src/Segment.ts"
import { config } from "./support/build.ts"

const segment = (baseOffset: number, largestTimestamp: number, sizeBytes = 100) => ({
  baseOffset,
  largestTimestamp,
  sizeBytes
})

const facts = (changes: Partial<RetentionFacts> = {}): RetentionFacts => ({
  segments: [segment(0, 10), segment(10, 20), segment(20, 30), segment(30, 40)],
  logStartOffset: 0,
  logEndOffset: 40,
  highWatermark: 40,
  ...changes
})

const unlimited = config({ retentionMs: -1, retentionBytes: -1 })

describe("retention", () => {
  it("behaviour 161: by time, whole segments whose youngest record is too old, oldest first", () => {
    const rules = config({ retentionMs: 100 })
    expect([110, 111, 121, 131, 141].map((now) => deletableSegments(facts(), rules, now))).toEqual([0, 1, 2, 3, 4])
  })

  it("behaviour 161: stops at the first segment kept; a future timestamp pins its segment and all behind it", () => {
    const segments = [segment(0, 10), segment(10, 1_000_000), segment(20, 30), segment(30, 40)]
    expect(deletableSegments(facts({ segments }), config({ retentionMs: 100 }), 10_000)).toBe(1)
  })

  it("behaviour 161: never at or above the high watermark", () => {
    const rules = config({ retentionMs: 100 })
    expect(deletableSegments(facts({ highWatermark: 19 }), rules, 10_000)).toBe(1)
    expect(deletableSegments(facts({ highWatermark: 20 }), rules, 10_000)).toBe(2)
    expect(deletableSegments(facts({ highWatermark: 39 }), rules, 10_000)).toBe(3)
  })

  it("behaviour 162: by size, only while the rest stays at or above the limit", () => {
    const count = (retentionBytes: number) =>
      deletableSegments(facts(), config({ retentionMs: -1, retentionBytes }), 10_000)
    expect([500, 400, 301, 300, 299, 200, 100, 0].map(count)).toEqual([0, 0, 0, 1, 1, 2, 3, 4])
  })

  it("behaviour 163: segments below the log start go under any policy, the active one stays", () => {
    for (const cleanupPolicy of [
      { compact: true, delete: false },
      { compact: false, delete: false },
      { compact: true, delete: true }
    ]) {
      const rules = { ...unlimited, cleanupPolicy }
      expect(deletableSegments(facts({ logStartOffset: 25 }), rules, 10_000)).toBe(2)
      expect(deletableSegments(facts({ logStartOffset: 40 }), rules, 10_000)).toBe(3)
    }
  })

  it("behaviour 168: compact and delete together still delete; compact alone does not", () => {
    const both = config({ retentionMs: 100, cleanupPolicy: { compact: true, delete: true } })
    expect(deletableSegments(facts(), both, 10_000)).toBe(4)
    const compact = config({ retentionMs: 100, cleanupPolicy: { compact: true, delete: false } })
    expect(deletableSegments(facts(), compact, 10_000)).toBe(0)
  })

  it("behaviour 169: no policy at all keeps for ever", () => {
    const none = config({ retentionMs: 100, retentionBytes: 0, cleanupPolicy: { compact: false, delete: false } })
    expect(deletableSegments(facts(), none, 10_000)).toBe(0)
  })

  it("an empty active segment is never deleted", () => {
    const segments = [segment(0, 10), segment(40, 5, 0)]
    expect(deletableSegments(facts({ segments }), config({ retentionMs: 1 }), 10_000)).toBe(1)
  })
})

describe("behaviour 160: a segment is rolled", () => {
  const active: ActiveSegment = {
    baseOffset: 100,
    sizeBytes: 1000,
    firstTimestamp: 5000,
    createdAt: 0,
    jitterMs: 0,
    offsetIndexEntries: 0,
    timeIndexEntries: 0
  }
  const next = { sizeBytes: 100, lastOffset: 200, maxTimestamp: 5000 }
  const rules = config({ segmentBytes: 1100, segmentMs: 1000, segmentIndexBytes: 96 })
  const rolls = (segment: Partial<ActiveSegment>, batch: Partial<typeof next> = {}, now = 0) =>
    shouldRoll({ ...active, ...segment }, rules, { ...next, ...batch }, now)

  it("when the batch would make it larger than segment.bytes, unless it is empty", () => {
    expect(rolls({})).toBe(false)
    expect(rolls({}, { sizeBytes: 101 })).toBe(true)
    expect(rolls({ sizeBytes: 0 }, { sizeBytes: 5000 })).toBe(false)
  })

  it("by segment.ms on the records' own time, counted from the first batch and less the jitter", () => {
    expect(rolls({}, { maxTimestamp: 6000 })).toBe(false)
    expect(rolls({}, { maxTimestamp: 6001 })).toBe(true)
    expect(rolls({ jitterMs: 300 }, { maxTimestamp: 5701 })).toBe(true)
    expect(rolls({}, { maxTimestamp: 5000 }, 1_000_000)).toBe(false)
  })

  it("by the clock when there is no timestamp", () => {
    expect(rolls({ firstTimestamp: -1 }, { maxTimestamp: -1 }, 1000)).toBe(false)
    expect(rolls({ firstTimestamp: -1 }, { maxTimestamp: -1 }, 1001)).toBe(true)
  })

  it("when an index is full", () => {
    expect(rolls({ offsetIndexEntries: 11 })).toBe(false)
    expect(rolls({ offsetIndexEntries: 12 })).toBe(true)
    expect(rolls({ timeIndexEntries: 6 })).toBe(false)
    expect(rolls({ timeIndexEntries: 7 })).toBe(true)
  })

  it("when the offset no longer fits in 31 bits beside the base", () => {
    expect(rolls({}, { lastOffset: 100 + 2147483647 })).toBe(false)
    expect(rolls({}, { lastOffset: 100 + 2147483648 })).toBe(true)
  })

  it("early enough for max.compaction.lag.ms when the log is compacted (KIP-354)", () => {
    const compacted = { ...rules, maxCompactionLagMs: 10, cleanupPolicy: { compact: true, delete: false } }
    expect(shouldRoll(active, compacted, { ...next, maxTimestamp: 5011 }, 0)).toBe(true)
    expect(shouldRoll(active, { ...rules, maxCompactionLagMs: 10 }, { ...next, maxTimestamp: 5011 }, 0)).toBe(false)
  })
})
