import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { assert, describe, it } from "vitest"
import { Bench, bytes, commitError } from "./bench.ts"

/** Static members `a` (instance `ia`, leader) and `b` (`ib`) in a stable generation 1. */
const stable = (): Bench => {
  const bench = new Bench()
  bench.join({ instance: "ia", newMemberId: "a" })
  bench.join({ instance: "ib", newMemberId: "b" })
  bench.pass(6_000)
  bench.sync("b", 1)
  bench.sync("a", 1, [
    ["a", 1],
    ["b", 2]
  ])
  bench.settleAll()
  return bench
}

describe("static members", () => {
  it("behaviour 123: one that comes back gets a new id and its old assignment, and nobody rebalances", () => {
    const bench = stable()
    const back = bench.join({ instance: "ib", newMemberId: "b2" })
    assert.isTrue(back.waits)
    bench.settle()
    assert.deepStrictEqual(
      [back.answer?.errorCode, back.answer?.memberId, back.answer?.generationId, back.answer?.leader],
      [0, "b2", 1, "a"]
    )
    assert.strictEqual(back.answer?.skipAssignment, false)
    assert.strictEqual(bench.group?.state, "Stable")
    assert.deepStrictEqual(bench.sync("b2", 1, [], { groupInstanceId: "ib" }).answer?.assignment, bytes(2))
    assert.strictEqual(bench.heartbeat("a", 1, "ia"), ErrorCode.NONE)
  })

  it("behaviour 123: the old id is fenced everywhere", () => {
    const bench = stable()
    bench.join({ instance: "ib", newMemberId: "b2" })
    bench.settle()
    const fenced = ErrorCode.FENCED_INSTANCE_ID
    assert.strictEqual(bench.heartbeat("b", 1, "ib"), fenced)
    assert.strictEqual(bench.sync("b", 1, [], { groupInstanceId: "ib" }).answer?.errorCode, fenced)
    assert.strictEqual(bench.leave({ memberId: "b", groupInstanceId: "ib" }).answer?.members?.[0]?.errorCode, fenced)
    assert.strictEqual(bench.join({ memberId: "b", instance: "ib" }).answer?.errorCode, fenced)
    const commit = bench.commit(1n, { generationIdOrMemberEpoch: 1, memberId: "b", groupInstanceId: "ib" })
    assert.strictEqual(commitError(commit), fenced)
  })

  it("behaviour 123: a parked request under the old id is answered with the fence", () => {
    const bench = stable()
    const parked = bench.join({ memberId: "b", instance: "ib", protocols: [["range", 9]] })
    const back = bench.join({ instance: "ib", newMemberId: "b2" })
    assert.strictEqual(parked.answer?.errorCode, ErrorCode.FENCED_INSTANCE_ID)
    assert.isNull(parked.answer?.protocolName)
    assert.isTrue(back.waits)
  })

  it("behaviour 123: when the append fails the old id counts again", () => {
    const bench = stable()
    const back = bench.join({ instance: "ib", newMemberId: "b2", protocols: [["range", 8]] })
    bench.settle(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert.deepStrictEqual([back.answer?.errorCode, back.answer?.memberId], [ErrorCode.NOT_COORDINATOR, ""])
    assert.strictEqual(bench.heartbeat("b", 1, "ib"), ErrorCode.NONE)
    assert.deepStrictEqual(bench.group?.members.get("b")?.protocols, [{ name: "range", metadata: bytes(1) }])
  })

  it("behaviour 123: a change of the chosen protocol does rebalance", () => {
    const bench = new Bench()
    bench.join({
      instance: "ia",
      newMemberId: "a",
      protocols: [
        ["range", 1],
        ["sticky", 1]
      ]
    })
    bench.pass(3_000)
    bench.sync("a", 1)
    bench.settleAll()
    const back = bench.join({
      instance: "ia",
      newMemberId: "a2",
      protocols: [
        ["sticky", 1],
        ["range", 1]
      ]
    })
    assert.deepStrictEqual([back.answer?.generationId, back.answer?.protocolName], [2, "sticky"])
  })

  it("behaviour 124: a leader that comes back is told to skip the assignment from v9 on", () => {
    const bench = stable()
    const back = bench.join({ instance: "ia", newMemberId: "a2", apiVersion: 9 })
    bench.settle()
    assert.deepStrictEqual([back.answer?.skipAssignment, back.answer?.leader], [true, "a2"])
    assert.strictEqual(back.answer?.members.length, 2)
    const older = bench.join({ instance: "ia", newMemberId: "a3", apiVersion: 8 })
    bench.settle()
    assert.deepStrictEqual([older.answer?.skipAssignment ?? false, older.answer?.leader], [false, "a2"])
    assert.deepStrictEqual(older.answer?.members, [])
  })

  it("behaviour 116: static members stay when they do not join again in time", () => {
    const bench = new Bench()
    bench.join({ instance: "ia", newMemberId: "a", sessionTimeoutMs: 1_000_000 })
    bench.join({ instance: "ib", newMemberId: "b", sessionTimeoutMs: 1_000_000 })
    bench.pass(6_000)
    bench.sync("b", 1)
    bench.sync("a", 1)
    bench.settleAll()
    const again = bench.join({ memberId: "a", instance: "ia", sessionTimeoutMs: 1_000_000 })
    bench.pass(60_000)
    assert.strictEqual(again.answer?.generationId, 2)
    assert.deepStrictEqual(
      again.answer?.members.map(({ memberId }) => memberId),
      ["a", "b"]
    )
  })
})
