/** offsets.commit.timeout.ms: how long whoever writes waits for the replicas of the offsets topic. */
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { assert, describe, it } from "vitest"
import { Bench, bytes, commitError } from "./bench.ts"

const { COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, NONE } = ErrorCode
const settings = { offsetsCommitTimeoutMs: 5_000 }

const stabilize = (bench: Bench) =>
  bench.ask<number>((complete) => ({ _tag: "Stabilize", groupId: bench.groupId, complete }))

describe("an append that hangs", () => {
  it("is waited for as long as the timeout says, and a commit in it counts once it is known", () => {
    const bench = new Bench(settings)
    const commit = bench.commit(7n)
    bench.pass(4_999)
    assert.isTrue(commit.waits)
    bench.pass(1)
    assert.strictEqual(commitError(commit), COORDINATOR_NOT_AVAILABLE)
    assert.isUndefined(bench.offset())
    bench.settle()
    assert.strictEqual(bench.offset(), 7n)
    assert.strictEqual(new Bench({}, bench.log).offset(), 7n)
  })

  it("leaves what gathers behind it each its own time, and drops what was not appended by then", () => {
    const bench = new Bench(settings)
    bench.commit(1n)
    bench.pass(1_000)
    const second = bench.commit(2n)
    const stable = stabilize(bench)
    bench.pass(2_000)
    const third = bench.commit(3n)
    bench.pass(2_999)
    assert.deepStrictEqual([second.waits, third.waits], [true, true])
    bench.pass(1)
    assert.deepStrictEqual([commitError(second), stable.answer], [COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR])
    assert.isTrue(third.waits)
    bench.settleAll()
    assert.strictEqual(commitError(third), NONE)
    assert.strictEqual(bench.offset(), 3n)
    assert.strictEqual(bench.recordsInLog, 2)
  })

  it("keeps nothing for those who try again and again", () => {
    const bench = new Bench(settings)
    for (let tries = 0; tries < 100; tries++) {
      bench.commit(BigInt(tries))
      bench.pass(1_000)
    }
    bench.settleAll()
    assert.isAtMost(bench.recordsInLog, 7)
  })

  it("gives the members their syncs back, and they start over; the assignment never comes late", () => {
    const bench = new Bench(settings)
    bench.joinKnown("a")
    bench.settleAll()
    bench.pass(3_000)
    const sync = bench.sync("a", 1, [["a", 9]])
    bench.pass(5_000)
    assert.strictEqual(sync.answer?.errorCode, COORDINATOR_NOT_AVAILABLE)
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
    const join = bench.join({ memberId: "a" })
    bench.settleAll()
    assert.strictEqual(join.answer?.generationId, 2)
    assert.strictEqual(bench.group?.state, "CompletingRebalance")
    const next = bench.sync("a", 2, [["a", 4]])
    bench.settleAll()
    assert.deepStrictEqual(next.answer?.assignment, bytes(4))
  })

  it("forgets nothing that nobody waits for: commits of a topic that is gone go with it, however late", () => {
    const bench = new Bench(settings)
    bench.commit(1n)
    bench.settle()
    bench.commit(2n)
    bench.tell({ _tag: "RemoveTopics", names: ["t"] })
    bench.pass(60_000)
    bench.settleAll()
    assert.isUndefined(bench.offset())
    assert.isUndefined(new Bench({}, bench.log).offset())
  })

  it("deletes a group late, whose asker was told that it did not know", () => {
    const bench = new Bench(settings)
    bench.commit(1n)
    bench.settle()
    const deleted = bench.deleteGroup()
    bench.pass(5_000)
    assert.strictEqual(deleted.answer, COORDINATOR_NOT_AVAILABLE)
    bench.settle()
    assert.isUndefined(bench.group)
  })
})
