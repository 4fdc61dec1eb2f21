import { ErrorCode } from "@klamm/protocol"
import { describe, expect, it } from "vitest"
import * as Position from "../../../src/consumer/fetch/Position.ts"

const backoff = { retryBackoffMs: 100, retryBackoffMaxMs: 1_000 }
const leaderId = 1

const after = (
  reset: Position.OffsetReset,
  ...news: ReadonlyArray<Position.News>
): readonly [Position.PositionState, ReadonlyArray<Position.PositionEffect>] => {
  let state = Position.initial({ _tag: "Committed" }, reset)
  let effects: ReadonlyArray<Position.PositionEffect> = []
  for (const each of [{ _tag: "Leader", id: leaderId, epoch: 3 } as const, ...news])
    [state, effects] = Position.step(state, each, backoff, 10_000)
  return [state, effects]
}

const committed = { _tag: "Committed", offset: 40, epoch: -1 } as const
const read = { _tag: "Consumed", offset: 50, epoch: 3 } as const

describe("without a position", () => {
  it("reads from what the group committed", () => {
    const [state] = after("latest", committed)
    expect([state.need._tag, state.offset, Position.sourceOf(state, 0)]).toEqual(["Ready", 40, 1])
  })

  it("asks the leader first whether it has what was committed, when the epoch is known", () => {
    const [state] = after("latest", { ...committed, epoch: 2 })
    expect([state.need._tag, Position.sourceOf(state, 0)]).toEqual(["Validation", undefined])
  })

  it.each([
    ["earliest", { _tag: "Earliest" }],
    ["latest", { _tag: "Latest" }],
    [{ byDurationMs: 4_000 }, { _tag: "Ago", durationMs: 4_000 }],
    [{ timestamp: 1_700_000_000_000 }, { _tag: "Timestamp", timestamp: 1_700_000_000_000 }]
  ] as const)("goes where the policy says: %o", (reset, target) => {
    expect(after(reset, { _tag: "NoneCommitted" })[0].need).toEqual({ _tag: "Offset", target })
  })

  it("asks the application when the policy is none", () => {
    const [state, effects] = after("none", { _tag: "NoneCommitted" })
    expect(effects).toEqual([{ _tag: "Fail", fault: "NoOffset", code: 0 }])
    expect(after("none", { _tag: "NoneCommitted" }, { _tag: "Seek", offset: 3, epoch: -1 })[0].need._tag).toBe("Ready")
    expect(state.need._tag).toBe("Failed")
  })
})

describe("a new leader", () => {
  const elected = { _tag: "Leader", id: 2, epoch: 4 } as const

  it("is asked how far the epoch goes before anything is fetched from it", () => {
    expect(after("latest", committed, read, elected)[0].need._tag).toBe("Validation")
    expect(after("latest", committed, elected)[0].need._tag).toBe("Ready")
  })

  it("of an older epoch is yesterday's news", () => {
    const [state] = after("latest", committed, { _tag: "Leader", id: 9, epoch: 2 })
    expect(state.leaderId).toBe(leaderId)
  })

  it("whose log goes far enough is read on from", () => {
    const [state, effects] = after("latest", committed, read, elected, { _tag: "EpochEnd", epoch: 3, endOffset: 60 })
    expect([state.need._tag, state.offset, effects]).toEqual(["Ready", 50, []])
  })

  it("whose log was cut is read from where the logs agree", () => {
    const [state, effects] = after("latest", committed, read, elected, { _tag: "EpochEnd", epoch: 3, endOffset: 45 })
    expect([state.need._tag, state.offset, effects]).toEqual(["Ready", 45, [{ _tag: "Moved" }]])
  })

  it("whose log was cut is for the application to decide when the policy is none", () => {
    const [, effects] = after("none", committed, read, elected, { _tag: "EpochEnd", epoch: 3, endOffset: 45 })
    expect(effects).toMatchObject([{ _tag: "Fail", fault: "Truncated" }])
  })

  it("that knows nothing of the epoch leaves it to the policy", () => {
    const [state] = after("earliest", committed, read, elected, { _tag: "EpochEnd", epoch: -1, endOffset: -1 })
    expect(state.need).toEqual({ _tag: "Offset", target: { _tag: "Earliest" } })
  })
})

describe("a refusal", () => {
  const refused = (code: number, from = leaderId) => ({ _tag: "Refused", code, from }) as const

  it("because the offset is not there resets, or fails where the policy is none", () => {
    const [state, effects] = after("earliest", committed, refused(ErrorCode.OFFSET_OUT_OF_RANGE))
    expect([state.need._tag, effects]).toEqual(["Offset", [{ _tag: "Moved" }]])
    expect(after("none", committed, refused(ErrorCode.OFFSET_OUT_OF_RANGE))[1]).toMatchObject([{ fault: "OutOfRange" }])
  })

  it("by a follower that does not have the offset sends us back to the leader", () => {
    const preferred = { _tag: "Preferred", id: 5, until: 99_000 } as const
    const [near] = after("earliest", committed, preferred)
    expect([Position.sourceOf(near, 10_000), Position.sourceOf(near, 99_000)]).toEqual([5, leaderId])
    const [state, effects] = after("earliest", committed, preferred, refused(ErrorCode.OFFSET_OUT_OF_RANGE, 5))
    expect([Position.sourceOf(state, 10_000), effects]).toEqual([leaderId, []])
  })

  it("by a broker that leads no more looks again and waits, longer each time", () => {
    const once = after("latest", committed, refused(ErrorCode.NOT_LEADER_OR_FOLLOWER))
    expect([once[0].retryAt, once[1]]).toEqual([10_100, [{ _tag: "RefreshMetadata" }]])
    const twice = after(
      "latest",
      committed,
      refused(ErrorCode.FENCED_LEADER_EPOCH),
      refused(ErrorCode.UNKNOWN_LEADER_EPOCH)
    )
    expect([twice[0].retryAt, Position.sourceOf(twice[0], 10_100)]).toEqual([10_200, undefined])
  })

  it("that no retry can help is the application's", () => {
    const [state, effects] = after("latest", committed, refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED))
    expect(effects).toEqual([{ _tag: "Fail", fault: "Refused", code: ErrorCode.TOPIC_AUTHORIZATION_FAILED }])
    expect(Position.sourceOf(state, 99_999)).toBeUndefined()
  })
})

it("an offset that the leader named needs no validation, and its epoch is kept for later", () => {
  const found = { _tag: "Found", offset: 8, epoch: 2 } as const
  const [state] = after("earliest", { _tag: "NoneCommitted" }, found)
  expect([state.need._tag, state.offset, state.offsetEpoch]).toEqual(["Ready", 8, 2])
  expect(after("earliest", committed, found)[0].offset).toBe(40)
})
