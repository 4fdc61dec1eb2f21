import { ErrorCode } from "@klamm/protocol"
import { describe, expect, it } from "vitest"
import { unanswered } from "../../../src/consumer/group/Membership.ts"
import * as Modern from "../../../src/consumer/group/ModernMember.ts"

const settings: Modern.ModernSettings = {
  heartbeatIntervalMs: 3_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  maxPollIntervalMs: 300_000,
  instanceId: null,
  isShare: false
}

const has = (...partitions: ReadonlyArray<number>): ReadonlyArray<Modern.IdPartition> =>
  partitions.map((partition) => ({ topic: "t", topicId: "T", partition }))

class Talk {
  state: Modern.ModernState
  said: ReadonlyArray<Modern.ModernEffect> = []
  now = 0

  constructor(given: Modern.ModernSettings = settings) {
    this.state = Modern.initial(given, ["t"])
  }

  tell(message: Modern.ModernMessage): this {
    const [state, said] = Modern.step(this.state, message, this.now)
    this.state = state
    this.said = said
    return this
  }

  tags(): ReadonlyArray<string> {
    return this.said.map((effect) => effect._tag)
  }

  get sent(): Modern.Heartbeat | undefined {
    return this.said.flatMap((effect) => (effect._tag === "Send" ? [effect.request] : [])).at(-1)
  }

  answered(memberEpoch: number, errorCode: number = ErrorCode.NONE): this {
    const body = { errorCode, errorMessage: null, memberEpoch, heartbeatIntervalMs: 5_000 }
    return this.tell({ _tag: "Beaten", beat: this.state.inFlight ?? -1, outcome: { _tag: "Body", body } })
  }

  target(...partitions: ReadonlyArray<number>): this {
    return this.tell({ _tag: "Target", memberEpoch: this.state.memberEpoch, partitions: has(...partitions) })
  }

  settled(...partitions: ReadonlyArray<number>): this {
    this.tell({ _tag: "Tick" })
      .answered(1)
      .target(...partitions)
    return this.answered(1)
  }
}

it("joins with everything, and says afterwards only what changed", () => {
  const talk = new Talk().tell({ _tag: "Tick" })
  expect(talk.sent).toEqual({ beat: 1, memberEpoch: 0, isFull: true, topics: ["t"], owned: [] })
  talk.answered(3)
  expect([talk.said, Modern.wakeAt(talk.state)]).toEqual([[], 5_000])
  talk.now = 5_000
  expect(talk.tell({ _tag: "Tick" }).sent).toEqual({
    beat: 2,
    memberEpoch: 3,
    isFull: false,
    topics: null,
    owned: null
  })
})

it("takes what it is given and tells so at once", () => {
  const talk = new Talk().tell({ _tag: "Tick" }).answered(1).target(0, 1)
  expect(talk.tags()).toEqual(["Assign", "Send"])
  expect(talk.sent?.owned).toEqual(has(0, 1))
})

describe("reconciliation", () => {
  it("lets go first, takes after that, and tells both", () => {
    const talk = new Talk().settled(0, 1).target(1, 2)
    expect(talk.said).toEqual([{ _tag: "Revoke", partitions: has(0) }])
    talk.tell({ _tag: "Revoked" })
    expect(talk.said[0]).toEqual({ _tag: "Assign", partitions: has(2) })
    expect(talk.sent?.owned).toEqual(has(1, 2))
  })

  it("tells of a revocation alone at once, since another waits for it", () => {
    const talk = new Talk().settled(0, 1).target(1)
    expect(talk.tell({ _tag: "Revoked" }).sent?.owned).toEqual(has(1))
  })

  it("goes to the newest target when that changed during a revocation", () => {
    const talk = new Talk().settled(0, 1).target(1).target(0, 1)
    expect(talk.said).toEqual([])
    talk.tell({ _tag: "Revoked" })
    expect(talk.said[0]).toEqual({ _tag: "Assign", partitions: has(0) })
  })

  it("tells after the heartbeat in flight what that one did not say", () => {
    const talk = new Talk().settled(0)
    talk.now = 10_000
    talk.tell({ _tag: "Tick" }).target(0, 1)
    expect(talk.tags()).toEqual(["Assign"])
    expect(talk.answered(1).sent?.owned).toEqual(has(0, 1))
  })

  it("takes a topic that was made anew for another", () => {
    const talk = new Talk().settled(0)
    talk.tell({ _tag: "Target", memberEpoch: 1, partitions: [{ topic: "t", topicId: "U", partition: 0 }] })
    expect(talk.said).toEqual([{ _tag: "Revoke", partitions: has(0) }])
  })
})

it.each(["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID"] as const)(
  "%s: all is lost, and the member joins at once",
  (name) => {
    const talk = new Talk().settled(0)
    talk.now = 10_000
    talk.tell({ _tag: "Tick" }).answered(0, ErrorCode[name])
    expect(talk.said[0]).toEqual({ _tag: "Lost", partitions: has(0) })
    expect(talk.sent).toMatchObject({ memberEpoch: 0, isFull: true, owned: [], topics: ["t"] })
  }
)

it("says everything again after a heartbeat without answer, and keeps its partitions", () => {
  const talk = new Talk().settled(0)
  talk.now = 10_000
  talk.tell({ _tag: "Tick" }).tell({ _tag: "Beaten", beat: talk.state.beats, outcome: unanswered })
  expect([talk.tags(), Modern.wakeAt(talk.state)]).toEqual([["Rediscover"], 10_100])
  talk.now = 10_100
  expect(talk.tell({ _tag: "Tick" }).sent).toMatchObject({ memberEpoch: 1, isFull: true, owned: has(0) })
})

it.each(["UNSUPPORTED_ASSIGNOR", "UNRELEASED_INSTANCE_ID", "GROUP_AUTHORIZATION_FAILED"] as const)(
  "ends with %s",
  (name) => {
    const talk = new Talk().tell({ _tag: "Tick" }).answered(0, ErrorCode[name])
    expect(talk.said).toEqual([{ _tag: "Fail", code: ErrorCode[name], message: null }])
  }
)

it("takes no assignment of an epoch it has lost", () => {
  const talk = new Talk().settled(0)
  talk.now = 10_000
  talk.tell({ _tag: "Tick" }).answered(0, ErrorCode.FENCED_MEMBER_EPOCH)
  expect(talk.tell({ _tag: "Target", memberEpoch: 1, partitions: has(0) }).said).toEqual([])
})

it("leaves with what it had let go of; a static member only for a while", () => {
  const talk = new Talk().settled(0).tell({ _tag: "Leave" })
  expect(talk.tags()).toEqual(["Revoke"])
  expect(talk.tell({ _tag: "Revoked" }).sent?.memberEpoch).toBe(-1)
  expect(talk.answered(-1).tags()).toEqual(["Left"])
  const fixed = new Talk({ ...settings, instanceId: "i" }).settled(0).tell({ _tag: "Leave" }).tell({ _tag: "Revoked" })
  expect(fixed.sent?.memberEpoch).toBe(-2)
})

it("loses its place when records take too long, and joins when it asks for more", () => {
  const talk = new Talk().settled(0).tell({ _tag: "Busy" })
  talk.now = 300_000
  expect(talk.tell({ _tag: "Tick" }).tags()).toEqual(["Send", "Lost"])
  expect(talk.sent?.memberEpoch).toBe(-1)
  expect(talk.tell({ _tag: "Tick" }).said).toEqual([])
  expect(talk.tell({ _tag: "Idle" }).sent?.memberEpoch).toBe(0)
})

it("of a share group lets partitions go without asking", () => {
  const talk = new Talk({ ...settings, isShare: true }).settled(0, 1).target(1, 2)
  expect(talk.tags()).toEqual(["Lost", "Assign", "Send"])
})
