/** When the oldest snapshot of the metadata log has to go. */
import { expect, test } from "vitest"
import { oldestIsDue } from "../src/SnapshotRetention.ts"

const snapshot = (endOffset: number, timestamp: number | undefined) => ({
  endOffset,
  epoch: 1,
  sizeBytes: 100,
  timestamp
})

const limits = { maxBytes: 1_000, maxMs: 60_000 }
const now = 100_000

test.each([
  ["within both limits", [snapshot(10, 40_000), snapshot(20, 90_000)], 800, limits, false],
  ["a byte too many", [snapshot(10, 40_000), snapshot(20, 90_000)], 801, limits, true],
  ["a moment too old", [snapshot(10, 39_999), snapshot(20, 90_000)], 0, limits, true],
  ["the only one, however old and large", [snapshot(10, 0)], 9_000, limits, false],
  ["a header that does not say its age", [snapshot(10, undefined), snapshot(20, 90_000)], 0, limits, false],
  ["no limits", [snapshot(10, 0), snapshot(20, 90_000)], 9_000, { maxBytes: -1, maxMs: -1 }, false]
])("%s", (_, snapshots, logBytes, given, due) => {
  expect(oldestIsDue(snapshots, logBytes, now, given)).toBe(due)
})
