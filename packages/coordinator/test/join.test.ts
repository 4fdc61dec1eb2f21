import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { assert, describe, it } from "vitest"
import { Bench, bytes } from "./bench.ts"

describe("joining", () => {
  it("behaviour 111: a new dynamic member is given its id first, which lapses after the session timeout", () => {
    const bench = new Bench()
    const first = bench.join({ newMemberId: "a" })
    assert.strictEqual(first.answer?.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
    assert.strictEqual(first.answer?.memberId, "a")
    bench.pass(10_001)
    assert.strictEqual(bench.join({ memberId: "a" }).answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
    bench.join({ newMemberId: "b" })
    bench.pass(9_999)
    const second = bench.join({ memberId: "b" })
    assert.isTrue(second.waits)
    bench.pass(60_000)
    assert.strictEqual(second.answer?.errorCode, ErrorCode.NONE)
  })

  it("behaviour 111: below v4 a new member joins at once", () => {
    const bench = new Bench()
    const joined = bench.join({ apiVersion: 3, newMemberId: "a" })
    bench.pass(3_000)
    assert.strictEqual(joined.answer?.errorCode, ErrorCode.NONE)
    assert.strictEqual(joined.answer?.memberId, "a")
  })

  it("behaviour 112: a member id that nobody gave out is unknown, with a group and without", () => {
    const bench = new Bench()
    const toNoGroup = bench.join({ memberId: "x" })
    assert.strictEqual(toNoGroup.answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
    assert.strictEqual(toNoGroup.answer?.memberId, "x")
    assert.isUndefined(bench.group)
    bench.stable(["a"])
    assert.strictEqual(bench.join({ memberId: "x" }).answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it("behaviour 113: another protocol type, no common protocol, and no protocol at all are inconsistent", () => {
    const bench = new Bench()
    assert.strictEqual(bench.join({ protocols: [] }).answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    assert.strictEqual(bench.join({ protocolType: "" }).answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    bench.stable(["a", "b"])
    const refused = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert.strictEqual(bench.join({ protocolType: "connect" }).answer?.errorCode, refused)
    assert.strictEqual(bench.join({ protocols: [["sticky", 1]] }).answer?.errorCode, refused)
    assert.strictEqual(bench.join({ protocols: [["range", 1]] }).answer?.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
  })

  it("behaviour 114: the protocol that all support and most like best; the first joiner leads and alone sees everyone", () => {
    const bench = new Bench()
    const a = bench.joinKnown("a", {
      protocols: [
        ["range", 1],
        ["sticky", 2],
        ["own", 3]
      ]
    })
    const b = bench.joinKnown("b", {
      protocols: [
        ["sticky", 4],
        ["range", 5]
      ]
    })
    const c = bench.joinKnown("c", {
      protocols: [
        ["sticky", 6],
        ["range", 7]
      ]
    })
    bench.pass(60_000)
    assert.strictEqual(a.answer?.protocolName, "sticky")
    assert.deepStrictEqual(
      [a, b, c].map((asked) => asked.answer?.leader),
      ["a", "a", "a"]
    )
    assert.deepStrictEqual(a.answer?.members, [
      { memberId: "a", groupInstanceId: null, metadata: bytes(2) },
      { memberId: "b", groupInstanceId: null, metadata: bytes(4) },
      { memberId: "c", groupInstanceId: null, metadata: bytes(6) }
    ])
    assert.deepStrictEqual(b.answer?.members, [])
    assert.deepStrictEqual(
      [a, b, c].map((asked) => asked.answer?.generationId),
      [1, 1, 1]
    )
  })

  it("behaviour 115: the first generation waits for its delay, and longer while members keep coming", () => {
    const bench = new Bench()
    const a = bench.joinKnown("a")
    bench.pass(2_999)
    assert.isTrue(a.waits)
    const b = bench.joinKnown("b")
    bench.pass(1)
    assert.isTrue(a.waits)
    bench.pass(2_999)
    assert.isTrue(b.waits)
    bench.pass(1)
    assert.deepStrictEqual([a.answer?.generationId, b.answer?.generationId], [1, 1])
  })

  it("behaviour 115: the delay grows no further than the rebalance timeout", () => {
    const bench = new Bench()
    const a = bench.joinKnown("a", { rebalanceTimeoutMs: 7_000 })
    for (let second = 0; second < 6; second++) {
      bench.joinKnown(`n${second}`, { rebalanceTimeoutMs: 7_000 })
      bench.pass(1_000)
    }
    assert.isTrue(a.waits)
    bench.joinKnown("late", { rebalanceTimeoutMs: 7_000 })
    bench.pass(1_000)
    assert.strictEqual(a.answer?.generationId, 1)
  })

  it("behaviour 116: who does not join again in time is out, and the generation goes on without", () => {
    const bench = new Bench()
    bench.stable(["a", "b"], { sessionTimeoutMs: 1_000_000 })
    const a = bench.join({ memberId: "a", protocols: [["range", 9]], sessionTimeoutMs: 1_000_000 })
    bench.pass(59_999)
    assert.isTrue(a.waits)
    bench.pass(1)
    assert.strictEqual(a.answer?.generationId, 2)
    assert.deepStrictEqual([...(bench.group?.members.keys() ?? [])], ["a"])
    assert.strictEqual(bench.heartbeat("b", 2), ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it("behaviour 116: when the leader stays away another member leads", () => {
    const bench = new Bench()
    bench.stable(["a", "b"], { sessionTimeoutMs: 1_000_000 })
    const b = bench.join({ memberId: "b", protocols: [["range", 9]], sessionTimeoutMs: 1_000_000 })
    bench.pass(60_000)
    assert.strictEqual(b.answer?.leader, "b")
    assert.strictEqual(b.answer?.members.length, 1)
  })

  it("behaviour 117: in a stable group a follower that brings nothing new changes nothing", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    const same = bench.join({ memberId: "b" })
    assert.deepStrictEqual([same.answer?.generationId, same.answer?.leader], [1, "a"])
    assert.deepStrictEqual(same.answer?.members, [])
    assert.strictEqual(bench.group?.state, "Stable")
    const changed = bench.join({ memberId: "b", protocols: [["range", 2]] })
    assert.isTrue(changed.waits)
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
  })

  it("behaviour 117: the leader's join starts a rebalance", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    bench.join({ memberId: "a" })
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
  })

  it("a join sent again while the first is parked takes its place, and both are answered", () => {
    const bench = new Bench()
    const first = bench.joinKnown("a")
    const second = bench.join({ memberId: "a" })
    assert.strictEqual(first.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
    bench.pass(60_000)
    assert.strictEqual(second.answer?.generationId, 1)
  })

  it("behaviour 125: one more than group.max.size is turned away", () => {
    const bench = new Bench({ maxSize: 2 })
    bench.stable(["a", "b"])
    const third = bench.join({ newMemberId: "c" })
    assert.strictEqual(third.answer?.errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED)
    assert.strictEqual(third.answer?.memberId, "")
    const a = bench.join({ memberId: "a" })
    bench.join({ memberId: "b" })
    assert.strictEqual(a.answer?.generationId, 2)
  })
})
