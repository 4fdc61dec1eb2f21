import { ErrorCode } from "@klamm/protocol"
import { expect, it } from "vitest"
import { FetchSession, type Wanted } from "../../../src/consumer/fetch/FetchSession.ts"

const wanted = (partition: number, fetchOffset: number, topicId = "T"): Wanted => ({
  topic: "t",
  topicId,
  partition,
  currentLeaderEpoch: 0,
  fetchOffset,
  lastFetchedEpoch: -1,
  partitionMaxBytes: 1024
})

const opened = (...all: ReadonlyArray<Wanted>): FetchSession => {
  const session = new FetchSession()
  expect(session.next(all)).toEqual({ sessionId: 0, sessionEpoch: 0, wanted: all, forgotten: [] })
  expect(session.answered(ErrorCode.NONE, 7)).toBe(true)
  return session
}

it("says after the first request only what changed, came or went", () => {
  const session = opened(wanted(0, 0), wanted(1, 0), wanted(2, 0))
  expect(session.next([wanted(0, 5), wanted(1, 0), wanted(3, 0)])).toEqual({
    sessionId: 7,
    sessionEpoch: 1,
    wanted: [wanted(0, 5), wanted(3, 0)],
    forgotten: [wanted(2, 0)]
  })
  session.answered(ErrorCode.NONE, 7)
  expect(session.next([wanted(0, 5), wanted(1, 0), wanted(3, 0)])).toMatchObject({
    sessionEpoch: 2,
    wanted: [],
    forgotten: []
  })
})

it("forgets a topic's old id when the topic was made anew", () => {
  const session = opened(wanted(0, 9))
  expect(session.next([wanted(0, 0, "U")])).toMatchObject({ wanted: [wanted(0, 0, "U")], forgotten: [wanted(0, 9)] })
})

it.each(["FETCH_SESSION_ID_NOT_FOUND", "INVALID_FETCH_SESSION_EPOCH"] as const)(
  "says everything anew after %s",
  (name) => {
    const session = opened(wanted(0, 0))
    session.next([wanted(0, 0)])
    expect(session.answered(ErrorCode[name], 0)).toBe(false)
    expect(session.next([wanted(0, 0)])).toMatchObject({ sessionId: 0, sessionEpoch: 0, wanted: [wanted(0, 0)] })
  }
)

it("closes the session that it cannot be sure of with the one it opens", () => {
  const session = opened(wanted(0, 0))
  session.next([wanted(0, 1)])
  session.unanswered()
  expect(session.next([wanted(0, 1)])).toMatchObject({ sessionId: 7, sessionEpoch: 0, wanted: [wanted(0, 1)] })
})

it("goes without where the broker has no room for a session", () => {
  const session = new FetchSession()
  session.next([wanted(0, 0)])
  session.answered(ErrorCode.NONE, 0)
  expect(session.next([wanted(0, 0)])).toMatchObject({ sessionId: 0, sessionEpoch: 0, wanted: [wanted(0, 0)] })
})
