/** The decisions of compaction, on values alone: what is dirty, when a pass is due, and how much fits into one. */
import { describe, expect, it } from "vitest"
import { groupSegments, isWorthCleaning, OffsetMap, planCleaning } from "../src/Compaction.ts"
import type { LogConfig } from "../src/LogConfig.ts"
import { config } from "./support/build.ts"

const compacting = (changes: Partial<LogConfig> = {}) =>
  config({
    cleanupPolicy: { compact: true, delete: false },
    minCleanableDirtyRatio: 0,
    deleteRetentionMs: 1000,
    indexIntervalBytes: 100,
    ...changes
  })

describe("the decisions", () => {
  const segment = (baseOffset: number, sizeBytes: number, firstTimestamp = 10, largestTimestamp = 20) => ({
    baseOffset,
    sizeBytes,
    firstTimestamp,
    largestTimestamp
  })
  const facts = {
    segments: [segment(0, 300), segment(10, 100), segment(20, 100), segment(30, 50)],
    logStartOffset: 0,
    cleanedOffset: 10,
    firstUncleanable: 100
  }

  it("the dirty ratio is that of the bytes that could be cleaned", () => {
    const plan = planCleaning(facts, compacting(), 0)
    expect(plan).toEqual({ firstDirtyOffset: 10, endOffset: 30, dirtyRatio: 0.4, overdue: false })
    expect(isWorthCleaning(plan, compacting({ minCleanableDirtyRatio: 0.4 }))).toBe(false)
    expect(isWorthCleaning(plan, compacting({ minCleanableDirtyRatio: 0.39 }))).toBe(true)
  })

  it("KIP-354: a record older than max.compaction.lag.ms makes a pass due whatever the ratio", () => {
    const rules = compacting({ minCleanableDirtyRatio: 0.9, maxCompactionLagMs: 100 })
    expect(isWorthCleaning(planCleaning(facts, rules, 110), rules)).toBe(false)
    expect(isWorthCleaning(planCleaning(facts, rules, 111), rules)).toBe(true)
    expect(isWorthCleaning(planCleaning({ ...facts, cleanedOffset: 30 }, rules, 1000), rules)).toBe(false)
  })

  it("a cleaned offset below the log start counts from there", () => {
    expect(planCleaning({ ...facts, logStartOffset: 20 }, compacting(), 0)).toMatchObject({ firstDirtyOffset: 20 })
  })

  it("groups are as large as a segment may be", () => {
    expect(groupSegments(facts.segments, 30, compacting({ segmentBytes: 400 }))).toEqual([
      [0, 2],
      [2, 3]
    ])
    expect(groupSegments(facts.segments, 10, compacting())).toEqual([[0, 1]])
    const wide = [segment(0, 1), segment(2147483647, 1), segment(2147483648, 1), segment(2147483650, 1)]
    expect(groupSegments(wide, 2147483650, compacting())).toEqual([
      [0, 2],
      [2, 3]
    ])
  })

  it("the map of keys is bounded, and tells keys apart by their bytes", () => {
    const map = new OffsetMap(3 * 66)
    const keys = [Uint8Array.of(0x80, 0xff), Uint8Array.of(0x81, 0xff), Uint8Array.of(0, 0)]
    expect(keys.map((key, index) => map.put(key, index))).toEqual([true, true, true])
    expect(map.put(Uint8Array.of(1, 1), 9)).toBe(false)
    expect(map.put(keys[0]!, 7)).toBe(true)
    expect(keys.map((key) => map.get(key))).toEqual([7, 1, 2])
    expect(map.get(Uint8Array.of(1, 1))).toBe(-1)
    const all = new OffsetMap(1 << 20)
    for (let byte = 0; byte < 256; byte++) all.put(Uint8Array.of(byte), byte)
    expect(all.size).toBe(256)
  })
})
