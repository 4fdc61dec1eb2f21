import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { assert, describe, it } from "vitest"
import { Bench, bytes } from "./bench.ts"

/** Members `a` and `b` have joined generation 1 and nobody has synced. */
const joined = (): Bench => {
  const bench = new Bench()
  bench.joinKnown("a")
  bench.joinKnown("b")
  bench.pass(6_000)
  bench.settleAll()
  return bench
}

describe("syncing", () => {
  it("behaviour 118: followers wait for the leader, and everyone for the record", () => {
    const bench = joined()
    const b = bench.sync("b", 1)
    const a = bench.sync("a", 1, [["b", 7]])
    assert.isTrue(a.waits)
    assert.isTrue(b.waits)
    assert.strictEqual(bench.group?.state, "CompletingRebalance")
    bench.settle()
    assert.deepStrictEqual(a.answer, {
      errorCode: 0,
      protocolType: "consumer",
      protocolName: "range",
      assignment: bytes()
    })
    assert.deepStrictEqual(b.answer?.assignment, bytes(7))
    assert.strictEqual(bench.group?.state, "Stable")
    assert.deepStrictEqual(bench.sync("b", 1).answer?.assignment, bytes(7))
  })

  it("behaviour 118: each way to sync wrongly has its error", () => {
    const bench = joined()
    assert.strictEqual(bench.sync("a", 0).answer?.errorCode, ErrorCode.ILLEGAL_GENERATION)
    assert.strictEqual(bench.sync("x", 1).answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
    const type = bench.sync("a", 1, [], { protocolType: "connect" })
    assert.strictEqual(type.answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    const name = bench.sync("a", 1, [], { protocolName: "sticky" })
    assert.strictEqual(name.answer?.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    bench.join({ memberId: "b", protocols: [["range", 2]] })
    assert.strictEqual(bench.sync("a", 1).answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
    assert.strictEqual(new Bench().sync("a", 1).answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it("behaviour 118: a parked sync is sent back when the group rebalances again", () => {
    const bench = joined()
    const b = bench.sync("b", 1)
    bench.join({ memberId: "a", protocols: [["range", 2]] })
    assert.strictEqual(b.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
  })

  it("a sync sent again while the first is parked takes its place, and both are answered", () => {
    const bench = joined()
    const first = bench.sync("b", 1)
    const second = bench.sync("b", 1)
    assert.strictEqual(first.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
    bench.sync("a", 1, [["b", 7]])
    bench.settle()
    assert.deepStrictEqual(second.answer?.assignment, bytes(7))
  })

  it("a failed append gives the assignment back and starts over", () => {
    const bench = joined()
    const b = bench.sync("b", 1)
    const a = bench.sync("a", 1, [["b", 7]])
    bench.settle(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert.deepStrictEqual(a.answer, {
      errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
      protocolType: null,
      protocolName: null,
      assignment: bytes()
    })
    assert.strictEqual(b.answer?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
  })

  it("an assignment whose generation has passed before it was stored is left alone", () => {
    const bench = joined()
    const a = bench.sync("a", 1, [["b", 7]])
    bench.join({ memberId: "b", protocols: [["range", 2]] })
    assert.strictEqual(a.answer?.errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
    bench.settle()
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
  })

  it("behaviour 119: members that never sync within the rebalance timeout are out", () => {
    const bench = new Bench()
    for (const id of ["a", "b"]) bench.joinKnown(id, { sessionTimeoutMs: 1_000_000 })
    bench.pass(6_000)
    const a = bench.sync("a", 1, [["a", 1]])
    bench.settleAll()
    assert.strictEqual(a.answer?.errorCode, ErrorCode.NONE)
    bench.pass(59_000)
    assert.strictEqual(bench.group?.members.size, 2)
    bench.pass(1_000)
    assert.deepStrictEqual([...(bench.group?.members.keys() ?? [])], ["a"])
    assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.REBALANCE_IN_PROGRESS)
  })
})

describe("heartbeats", () => {
  it("behaviour 120: the answer tells the state of the group", () => {
    const bench = joined()
    assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.NONE)
    assert.strictEqual(bench.heartbeat("a", 2), ErrorCode.ILLEGAL_GENERATION)
    assert.strictEqual(bench.heartbeat("x", 1), ErrorCode.UNKNOWN_MEMBER_ID)
    bench.sync("a", 1)
    bench.settle()
    assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.NONE)
    bench.join({ memberId: "a" })
    assert.strictEqual(bench.heartbeat("b", 1), ErrorCode.REBALANCE_IN_PROGRESS)
    assert.strictEqual(new Bench().heartbeat("a", 1), ErrorCode.UNKNOWN_MEMBER_ID)
  })

  it("behaviour 120: a heartbeat during a rebalance keeps the session", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    bench.join({ memberId: "a" })
    for (let beat = 0; beat < 4; beat++) {
      bench.pass(9_000)
      assert.strictEqual(bench.heartbeat("b", 1), ErrorCode.REBALANCE_IN_PROGRESS)
    }
    assert.isTrue(bench.group?.members.has("b"))
  })

  it("behaviour 121: a silent member is removed and the others rebalance", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    bench.pass(9_999)
    assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.NONE)
    bench.pass(1)
    assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.REBALANCE_IN_PROGRESS)
    assert.isFalse(bench.group?.members.has("b"))
  })

  it("behaviour 121: a parked join vouches for its member", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    const a = bench.join({ memberId: "a" })
    for (let beat = 0; beat < 5; beat++) {
      bench.pass(9_000)
      bench.heartbeat("b", 1)
    }
    assert.isTrue(bench.group?.members.has("a"))
    bench.join({ memberId: "b" })
    assert.strictEqual(a.answer?.generationId, 2)
    bench.pass(10_000)
    bench.settleAll()
    assert.strictEqual(bench.group?.state, "Empty")
  })
})

describe("leaving", () => {
  it("behaviour 122: each member has its own answer, by id or by instance id", () => {
    const bench = new Bench()
    bench.join({ instance: "i", newMemberId: "s" })
    bench.joinKnown("b")
    bench.join({ newMemberId: "pending" })
    bench.pass(6_000)
    const left = bench.leave(
      { memberId: "", groupInstanceId: "i" },
      { memberId: "x" },
      { memberId: "", groupInstanceId: "nobody" },
      { memberId: "pending" },
      { memberId: "b", groupInstanceId: "nobody" }
    )
    assert.deepStrictEqual(
      left.answer?.members?.map(({ errorCode }) => errorCode),
      [0, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID, 0, ErrorCode.UNKNOWN_MEMBER_ID]
    )
    assert.strictEqual(left.answer?.errorCode, 0)
    assert.deepStrictEqual([...(bench.group?.members.keys() ?? [])], ["b"])
  })

  it("behaviour 122: the wrong id under a known instance id is fenced", () => {
    const bench = new Bench()
    bench.join({ instance: "i", newMemberId: "s" })
    const left = bench.leave({ memberId: "other", groupInstanceId: "i" })
    assert.strictEqual(left.answer?.members?.[0]?.errorCode, ErrorCode.FENCED_INSTANCE_ID)
  })

  it("the last member's leave is answered when the empty generation is stored", () => {
    const bench = new Bench()
    bench.stable(["a"])
    const left = bench.leave({ memberId: "a" })
    assert.isTrue(left.waits)
    assert.deepStrictEqual([bench.group?.state, bench.group?.generation], ["Empty", 2])
    bench.settle()
    assert.strictEqual(left.answer?.members?.[0]?.errorCode, 0)
  })

  it("who leaves while its join is parked has that answered too", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    const join = bench.join({ memberId: "b", protocols: [["range", 3]] })
    bench.leave({ memberId: "b" })
    assert.strictEqual(join.answer?.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  })
})
