import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch } from "@klamm/protocol/RecordBatch"
import { assert, describe, it } from "vitest"
import { Loading } from "../src/Replay.ts"
import { Bench, bytes, commitError, decompression } from "./bench.ts"

describe("loading", () => {
  it("brings back members, assignments, generation and offsets", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    bench.commit(7n, { generationIdOrMemberEpoch: 1, memberId: "a" }, "m")
    bench.settle()
    const again = new Bench({}, bench.log, 500_000)
    assert.strictEqual(again.group?.state, "Stable")
    assert.strictEqual(again.heartbeat("b", 1), ErrorCode.NONE)
    assert.deepStrictEqual(again.sync("b", 1).answer?.assignment, bytes(2))
    assert.deepStrictEqual(again.group?.offsets, bench.group?.offsets)
    assert.strictEqual(again.group?.leader, "a")
    again.pass(10_000)
    again.settleAll()
    assert.strictEqual(again.group?.state, "Empty")
  })

  it("the same records once more, and unknown types of records, change nothing", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    bench.commit(2n)
    bench.settle()
    const ofLater = buildBatch([
      { key: bytes(0, 99, 1, 2), value: bytes(1) },
      { key: null, value: bytes(1) }
    ])
    const again = new Bench({}, [...bench.log, ofLater, ...bench.log])
    assert.deepStrictEqual(again.group?.offsets, bench.group?.offsets)
  })

  it("a value of a version that nobody knows is no group: the shard must not be served", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    const damaged = bench.log[0]!.slice()
    const loading = new Loading(0, 0, decompression())
    // The first int16 of 4 behind the header is the value's version: the key's are 1 and the lengths of its names.
    const at = damaged.findIndex((byte, index) => index > 61 && byte === 0 && damaged[index + 1] === 4)
    damaged[at + 1] = 99
    assert.throws(() => loading.replay(damaged), /version 99/)
  })

  it("a group over group.max.size after loading rebalances", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    const again = new Bench({ maxSize: 1 }, bench.log)
    assert.strictEqual(again.heartbeat("a", 1), ErrorCode.REBALANCE_IN_PROGRESS)
  })
})

describe("before and after", () => {
  it("behaviour 109: while it loads 14, after it has resigned 16, and nobody is left waiting", () => {
    const bench = new Bench()
    bench.stable(["a", "b"])
    const join = bench.join({ memberId: "a" })
    const commit = bench.commit(1n, { generationIdOrMemberEpoch: 1, memberId: "b" })
    let ended = false
    bench.tell({
      _tag: "Resign",
      done: () => {
        ended = true
      }
    })
    assert.isTrue(ended)
    assert.strictEqual(join.answer?.errorCode, ErrorCode.NOT_COORDINATOR)
    assert.strictEqual(commitError(commit), ErrorCode.NOT_COORDINATOR)
    assert.strictEqual(bench.join().answer?.errorCode, ErrorCode.NOT_COORDINATOR)
    bench.settle()
    assert.isUndefined(bench.group)
  })
})
