import { ErrorCode } from "@klamm/protocol"
import { describe, expect, it } from "vitest"
import * as Classic from "../../../src/consumer/group/ClassicMember.ts"
import { step } from "../../../src/consumer/group/ClassicStep.ts"
import { unanswered } from "../../../src/consumer/group/Membership.ts"
import type { TopicPartition } from "../../../src/consumer/TopicPartition.ts"

const eager: Classic.ClassicSettings = {
  heartbeatIntervalMs: 3_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  maxPollIntervalMs: 300_000,
  instanceId: null,
  isCooperative: false,
  staticLeaves: false
}
const cooperative: Classic.ClassicSettings = { ...eager, isCooperative: true }

const has = (...partitions: ReadonlyArray<number>): ReadonlyArray<TopicPartition> =>
  partitions.map((partition) => ({ topic: "t", partition }))

/** A machine being talked to: what it said last, and the state it is in. */
class Talk {
  state: Classic.ClassicState
  said: ReadonlyArray<Classic.ClassicEffect> = []
  now = 0

  constructor(settings: Classic.ClassicSettings = eager) {
    this.state = Classic.initial(settings, ["t"])
  }

  tell(message: Classic.ClassicMessage): this {
    const [state, said] = step(this.state, message, this.now)
    this.state = state
    this.said = said
    return this
  }

  tags(): ReadonlyArray<string> {
    return this.said.map((effect) => (effect._tag === "Send" ? effect.request._tag : effect._tag))
  }

  joined(code: number, more: Partial<{ memberId: string; leader: string; generationId: number }> = {}): this {
    const body = {
      throttleTimeMs: 0,
      errorCode: code,
      generationId: 1,
      protocolType: "consumer",
      protocolName: "range",
      leader: "other",
      skipAssignment: false,
      memberId: "me",
      members: [],
      ...more
    }
    return this.tell({ _tag: "Joined", round: this.state.round, outcome: { _tag: "Body", body } })
  }

  synced(code: number, ...partitions: ReadonlyArray<number>): this {
    const outcome = { _tag: "Body", body: { errorCode: code } } as const
    return this.tell({ _tag: "Synced", round: this.state.round, outcome, assigned: has(...partitions) })
  }

  beaten(code: number): this {
    this.now = this.state.heartbeatAt
    this.tell({ _tag: "Tick" })
    expect(this.tags()).toEqual(["Heartbeat"])
    return this.answered(code)
  }

  answered(code: number): this {
    return this.tell({ _tag: "Beaten", round: this.state.round, outcome: { _tag: "Body", body: { errorCode: code } } })
  }

  /** A member that has these partitions. */
  settled(...partitions: ReadonlyArray<number>): this {
    return this.tell({ _tag: "Tick" })
      .joined(ErrorCode.NONE)
      .synced(ErrorCode.NONE, ...partitions)
  }
}

describe("joining", () => {
  it("is given an id first and joins again with it at once (KIP-394)", () => {
    const talk = new Talk().tell({ _tag: "Tick" })
    expect(talk.tags()).toEqual(["Join"])
    talk.joined(ErrorCode.MEMBER_ID_REQUIRED, { memberId: "m-1" })
    expect(talk.tags()).toEqual(["Join"])
    expect(talk.state.memberId).toBe("m-1")
  })

  it("syncs with nothing as a follower, and chooses for all as the leader", () => {
    expect(new Talk().tell({ _tag: "Tick" }).joined(ErrorCode.NONE).tags()).toEqual(["Sync"])
    const leader = new Talk().tell({ _tag: "Tick" }).joined(ErrorCode.NONE, { leader: "me" })
    expect(leader.tags()).toEqual(["Lead"])
    const assignments = new Map([["me", has(0)]])
    leader.tell({ _tag: "Planned", round: leader.state.round, assignments })
    expect(leader.said).toEqual([{ _tag: "Send", request: { _tag: "Sync", round: leader.state.round, assignments } }])
  })

  it("takes no answer to an earlier join", () => {
    const talk = new Talk().tell({ _tag: "Tick" })
    const old = talk.state.round
    talk.joined(ErrorCode.MEMBER_ID_REQUIRED, { memberId: "m-1" })
    talk.tell({ _tag: "Joined", round: old, outcome: unanswered })
    expect([talk.said, talk.state.phase]).toEqual([[], "Joining"])
  })

  it("looks for the coordinator and waits, longer each time, when no answer comes", () => {
    const talk = new Talk().tell({ _tag: "Tick" })
    talk.tell({ _tag: "Joined", round: talk.state.round, outcome: unanswered })
    expect([talk.tags(), Classic.wakeAt(talk.state)]).toEqual([["Rediscover"], 100])
    talk.now = 100
    talk.tell({ _tag: "Tick" }).joined(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    expect([talk.tags(), Classic.wakeAt(talk.state)]).toEqual([[], 300])
  })

  it("begins anew with no id where the coordinator knows no such member", () => {
    const talk = new Talk().tell({ _tag: "Tick" }).joined(ErrorCode.MEMBER_ID_REQUIRED, { memberId: "m-1" })
    talk.joined(ErrorCode.UNKNOWN_MEMBER_ID)
    expect([talk.tags(), talk.state.memberId]).toEqual([["Join"], ""])
  })

  it.each([
    "INCONSISTENT_GROUP_PROTOCOL",
    "GROUP_MAX_SIZE_REACHED",
    "FENCED_INSTANCE_ID",
    "INVALID_SESSION_TIMEOUT"
  ] as const)("ends with %s", (name) => {
    const talk = new Talk().tell({ _tag: "Tick" }).joined(ErrorCode[name])
    expect(talk.said).toEqual([{ _tag: "Fail", code: ErrorCode[name], message: null }])
    expect(talk.tell({ _tag: "Tick" }).said).toEqual([])
  })

  it("joins again when the sync finds the next rebalance begun", () => {
    const talk = new Talk().tell({ _tag: "Tick" }).joined(ErrorCode.NONE).synced(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(talk.tags()).toEqual(["Join"])
  })
})

describe("an eager member", () => {
  it("lets go of everything before it joins, and stays alive while that takes", () => {
    const talk = new Talk().settled(0, 1).beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(talk.said).toEqual([{ _tag: "Revoke", partitions: has(0, 1) }])
    talk.beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(talk.said).toEqual([])
    talk.tell({ _tag: "Revoked" })
    expect([talk.tags(), talk.state.owned]).toEqual([["Join"], []])
  })

  it("is told of its assignment even when it gets nothing", () => {
    expect(new Talk().settled().said).toEqual([{ _tag: "Assign", partitions: [] }])
  })
})

describe("a cooperative member", () => {
  it("joins with what it has, lets go of what was taken, and joins again", () => {
    const talk = new Talk(cooperative).settled(0, 1).beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    expect([talk.tags(), talk.state.owned]).toEqual([["Join"], has(0, 1)])
    talk.joined(ErrorCode.NONE, { generationId: 2 }).synced(ErrorCode.NONE, 1, 2)
    expect(talk.said).toEqual([
      { _tag: "Assign", partitions: has(2) },
      { _tag: "Revoke", partitions: has(0) }
    ])
    talk.tell({ _tag: "Revoked" })
    expect([talk.tags(), talk.state.owned]).toEqual([["Join"], has(1, 2)])
  })

  it("goes on undisturbed when nothing is taken from it", () => {
    const talk = new Talk(cooperative).settled(0).beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    talk.joined(ErrorCode.NONE, { generationId: 2 }).synced(ErrorCode.NONE, 0)
    expect([talk.said, talk.state.phase]).toEqual([[{ _tag: "Assign", partitions: [] }], "Stable"])
  })

  it("waits with the next join until what was taken is let go of", () => {
    const talk = new Talk(cooperative).settled(0, 1).beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    talk.joined(ErrorCode.NONE).synced(ErrorCode.NONE, 1).beaten(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(talk.said).toEqual([])
    expect(talk.tell({ _tag: "Revoked" }).tags()).toEqual(["Join"])
  })
})

describe("heartbeats", () => {
  it("go on one after another", () => {
    const talk = new Talk().settled(0).beaten(ErrorCode.NONE)
    expect([talk.said, Classic.wakeAt(talk.state)]).toEqual([[], 6_000])
  })

  it.each(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION"] as const)(
    "%s: the partitions are lost, the member joins",
    (name) => {
      const talk = new Talk().settled(0).beaten(ErrorCode[name])
      expect([talk.said[0], talk.tags()]).toEqual([{ _tag: "Lost", partitions: has(0) }, ["Lost", "Join"]])
      expect(talk.state.memberId).toBe(name === "ILLEGAL_GENERATION" ? "me" : "")
    }
  )

  it("of an earlier generation say nothing about this one", () => {
    const talk = new Talk().settled(0)
    const old = talk.state.round
    talk
      .tell({ _tag: "SubscriptionChanged", topics: ["t"] })
      .tell({ _tag: "Revoked" })
      .joined(ErrorCode.NONE)
    talk.synced(ErrorCode.NONE, 0)
    talk.now = talk.state.heartbeatAt
    talk.tell({ _tag: "Tick" })
    const body = { errorCode: ErrorCode.ILLEGAL_GENERATION }
    talk.tell({ _tag: "Beaten", round: old, outcome: { _tag: "Body", body } })
    expect([talk.said, talk.state.owned]).toEqual([[], has(0)])
  })

  it("that meet no coordinator look for it and try again soon", () => {
    const talk = new Talk().settled(0).beaten(ErrorCode.NOT_COORDINATOR)
    expect([talk.tags(), Classic.wakeAt(talk.state) - talk.now]).toEqual([["Rediscover"], 100])
    expect(talk.state.owned).toEqual(has(0))
  })

  it("that are fenced end the member", () => {
    expect(new Talk().settled(0).beaten(ErrorCode.FENCED_INSTANCE_ID).tags()).toEqual(["Lost", "Fail"])
  })

  it("end an open revocation when the membership is gone", () => {
    const talk = new Talk().settled(0).beaten(ErrorCode.REBALANCE_IN_PROGRESS).beaten(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(talk.tags()).toEqual(["Lost", "Join"])
    expect(talk.tell({ _tag: "Revoked" }).said).toEqual([])
  })
})

describe("records that take too long", () => {
  it("cost the member its place, and it joins when it asks for more", () => {
    const talk = new Talk().settled(0).tell({ _tag: "Busy" })
    talk.now = 300_000
    expect(talk.tell({ _tag: "Tick" }).tags()).toEqual(["Leave", "Lost"])
    expect(talk.tell({ _tag: "Tick" }).said).toEqual([])
    expect(talk.tell({ _tag: "Idle" }).tags()).toEqual(["Join"])
  })
})

describe("leaving", () => {
  it("lets go, then leaves, then is out", () => {
    const talk = new Talk().settled(0).tell({ _tag: "Leave" })
    expect(talk.said).toEqual([{ _tag: "Revoke", partitions: has(0) }])
    expect(talk.tell({ _tag: "Revoked" }).tags()).toEqual(["Leave"])
    expect(talk.tell({ _tag: "LeaveAnswered" }).tags()).toEqual(["Left"])
  })

  it("does not wait for a join in flight", () => {
    const talk = new Talk().tell({ _tag: "Tick" }).joined(ErrorCode.MEMBER_ID_REQUIRED, { memberId: "m-1" })
    expect(talk.tell({ _tag: "Leave" }).tags()).toEqual(["Leave"])
  })

  it("is silent for a static member, whose place is kept", () => {
    const talk = new Talk({ ...eager, instanceId: "i" }).settled().tell({ _tag: "Leave" })
    expect(talk.tags()).toEqual(["Left"])
  })
})
