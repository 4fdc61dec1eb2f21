import { describe, expect, test } from "vitest"
import * as LogView from "../src/LogView.ts"
import { logOf, recorded } from "./support.ts"

/** Epoch 1 up to 5, epoch 3 from there to 8. */
const log: LogView.LogView = {
  ...logOf(8, recorded([1]), 1),
  epochs: [
    { epoch: 1, startOffset: 0 },
    { epoch: 3, startOffset: 5 }
  ]
}

const position = (view: LogView.LogView, fetchOffset: number, lastFetchedEpoch: number) =>
  LogView.positionOf(view, { fetchOffset, lastFetchedEpoch })

describe("the log as the machine sees it", () => {
  test("another log is a beginning of it, parts from it, or is too old", () => {
    expect(position(log, 8, 3)).toEqual({ _tag: "Valid" })
    expect(position(log, 4, 1)).toEqual({ _tag: "Valid" })
    expect(position(log, 6, 1)).toEqual({ _tag: "Diverging", epoch: 1, endOffset: 5 })
    expect(position(log, 6, 2)).toEqual({ _tag: "Diverging", epoch: 1, endOffset: 5 })
    expect(position(log, 9, 4)).toEqual({ _tag: "Diverging", epoch: 3, endOffset: 8 })
    const snapshot = { endOffset: 6, epoch: 3 }
    const later = LogView.snapshotted(log, snapshot, 6)
    expect(position(later, 8, 3)).toEqual({ _tag: "Valid" })
    expect(position(later, 6, 3)).toEqual({ _tag: "Valid" })
    expect(position(later, 4, 1)).toEqual({ _tag: "Snapshot", id: snapshot })
    expect(position(later, 7, 2)).toEqual({ _tag: "Snapshot", id: snapshot })
    expect(position(LogView.replaced(log, snapshot, undefined), 6, 3)).toEqual({ _tag: "Valid" })
  })

  test("voters count from their record on, and no more when it is cut off", () => {
    const two = LogView.appended(log, 8, 1, 3, [{ _tag: "Voters", voters: recorded([1, 2]) }])
    expect(LogView.latestVoters(two).voters.ids).toEqual([1, 2])
    expect(LogView.votersAt(two, 8).voters.ids).toEqual([1])
    expect(LogView.latestVoters(LogView.truncated(two, 8)).voters.ids).toEqual([1])
    expect(LogView.latestVoters(LogView.truncated(two, 9)).voters.ids).toEqual([1, 2])
    const kept = LogView.snapshotted(two, { endOffset: 9, epoch: 3 }, 9)
    expect(kept.voters.map(({ voters }) => voters.ids)).toEqual([[1, 2]])
  })

  test("is cut where both surely agree", () => {
    expect(LogView.truncationOffset(log, { epoch: 3, endOffset: 6 })).toBe(6)
    expect(LogView.truncationOffset(log, { epoch: 2, endOffset: 7 })).toBe(5)
    expect(LogView.truncationOffset(log, { epoch: 0, endOffset: 0 })).toBe(0)
  })
})
