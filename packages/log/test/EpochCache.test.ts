import { describe, expect, it } from "vitest"
import * as EpochCache from "../src/EpochCache.ts"

const history: EpochCache.EpochCache = [
  { epoch: 2, startOffset: 0 },
  { epoch: 3, startOffset: 10 },
  { epoch: 6, startOffset: 25 }
]

describe("EpochCache", () => {
  it.each([
    [6, { epoch: 6, endOffset: 40 }],
    [3, { epoch: 3, endOffset: 25 }],
    [5, { epoch: 3, endOffset: 25 }],
    [2, { epoch: 2, endOffset: 10 }],
    [1, { epoch: 1, endOffset: 0 }],
    [7, { epoch: -1, endOffset: -1 }],
    [-1, { epoch: -1, endOffset: -1 }]
  ])("behaviour 104: epoch %i ends where the next known one begins", (epoch, answer) => {
    expect(EpochCache.endOffsetFor(history, epoch, 40)).toEqual(answer)
  })

  it("behaviour 104: a log without history knows no epoch", () => {
    expect(EpochCache.endOffsetFor([], 0, 40)).toEqual(EpochCache.undefinedEpoch)
  })

  it("keeps the same value when the epoch is the latest already", () => {
    expect(EpochCache.assign(history, 6, 30)).toBe(history)
    expect(EpochCache.assign(history, -1, 30)).toBe(history)
  })

  it("drops what contradicts a newly assigned epoch", () => {
    expect(EpochCache.assign(history, 7, 40)).toEqual([...history, { epoch: 7, startOffset: 40 }])
    expect(EpochCache.assign(history, 7, 20)).toEqual([...history.slice(0, 2), { epoch: 7, startOffset: 20 }])
    expect(EpochCache.assign(history, 4, 30)).toEqual([...history.slice(0, 2), { epoch: 4, startOffset: 30 }])
  })

  it("stays as it is where a batch is found to be what it says, and else goes by the batch", () => {
    expect(EpochCache.confirm(history, 3, 17)).toBe(history)
    expect(EpochCache.confirm(history, -1, 17)).toBe(history)
    expect(EpochCache.confirm(history, 7, 30)).toEqual([...history, { epoch: 7, startOffset: 30 }])
    expect(EpochCache.confirm(history, 4, 17)).toEqual([...history.slice(0, 2), { epoch: 4, startOffset: 17 }])
    expect(EpochCache.confirm(history, 6, 17)).toEqual([...history.slice(0, 2), { epoch: 6, startOffset: 17 }])
    expect(EpochCache.confirm(history, 3, 30)).toEqual(history.slice(0, 2))
  })

  it("is cut at the log end, an epoch that begins there included", () => {
    expect(EpochCache.truncateFromEnd(history, 25)).toEqual(history.slice(0, 2))
    expect(EpochCache.truncateFromEnd(history, 26)).toBe(history)
    expect(EpochCache.truncateFromEnd(history, 0)).toEqual([])
  })

  it("moves with the log start: the epoch that covers it begins there", () => {
    expect(EpochCache.truncateFromStart(history, 0)).toBe(history)
    expect(EpochCache.truncateFromStart(history, 10)).toEqual(history.slice(1))
    expect(EpochCache.truncateFromStart(history, 12)).toEqual([{ epoch: 3, startOffset: 12 }, history[2]])
    expect(EpochCache.truncateFromStart(history, 99)).toEqual([{ epoch: 6, startOffset: 99 }])
  })

  it("tells the epoch of an offset", () => {
    expect([0, 9, 10, 24, 25, 90].map((offset) => EpochCache.epochForOffset(history, offset))).toEqual([
      2, 2, 3, 3, 6, 6
    ])
    expect(EpochCache.epochForOffset(history.slice(1), 5)).toBe(-1)
  })
})
