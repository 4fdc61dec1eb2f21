import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { count } from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import { assert, describe, it } from "vitest"
import * as Queries from "../src/Queries.ts"
import { Bench, commitError } from "./bench.ts"

const fetch = (bench: Bench, topics: Queries.FetchGroup["topics"]) =>
  Queries.fetchOffsets(bench.state.groups, { groupId: bench.groupId, memberId: null, memberEpoch: -1, topics })

describe("committing", () => {
  it("a commit is seen, and answered, once its append has committed", () => {
    const bench = new Bench()
    const commit = bench.commit(42n)
    assert.isTrue(commit.waits)
    assert.isUndefined(bench.offset())
    bench.settle()
    assert.strictEqual(commitError(commit), ErrorCode.NONE)
    assert.strictEqual(bench.offset(), 42n)
  })

  it("behaviour 129: without a generation only into a group that is empty or absent", () => {
    const bench = new Bench()
    const simple = bench.commit(1n)
    bench.settle()
    assert.strictEqual(commitError(simple), ErrorCode.NONE)
    bench.stable(["a"])
    assert.strictEqual(commitError(bench.commit(2n)), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.strictEqual(commitError(bench.commit(2n, { memberId: "x" })), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.strictEqual(commitError(bench.commit(2n, { memberId: "a" })), ErrorCode.ILLEGAL_GENERATION)
  })

  it("behaviour 129: a generation of a group that is not there is illegal, and from v9 on the group is not found", () => {
    const bench = new Bench()
    const stale = { generationIdOrMemberEpoch: 3, memberId: "a" }
    assert.strictEqual(commitError(bench.commit(1n, stale, "", 8)), ErrorCode.ILLEGAL_GENERATION)
    assert.strictEqual(commitError(bench.commit(1n, stale, "", 9)), ErrorCode.GROUP_ID_NOT_FOUND)
    assert.isUndefined(bench.group)
  })

  it("behaviour 130: the generation must be the present one, and the assignment must be out", () => {
    const bench = new Bench()
    bench.joinKnown("a")
    bench.pass(3_000)
    bench.settleAll()
    const of = (generation: number) => ({ generationIdOrMemberEpoch: generation, memberId: "a" })
    assert.strictEqual(commitError(bench.commit(1n, of(2))), ErrorCode.ILLEGAL_GENERATION)
    assert.strictEqual(commitError(bench.commit(1n, of(1))), ErrorCode.REBALANCE_IN_PROGRESS)
    bench.sync("a", 1)
    bench.settleAll()
    bench.joinKnown("b")
    assert.strictEqual(bench.group?.state, "PreparingRebalance")
    const commit = bench.commit(7n, of(1))
    bench.settle()
    assert.strictEqual(commitError(commit), ErrorCode.NONE)
  })

  it("behaviour 130: a commit keeps its member's session", () => {
    const bench = new Bench()
    bench.stable(["a"])
    for (let turn = 0; turn < 4; turn++) {
      bench.pass(9_000)
      bench.commit(BigInt(turn), { generationIdOrMemberEpoch: 1, memberId: "a" })
      bench.settleAll()
    }
    assert.isTrue(bench.group?.members.has("a"))
  })

  it("behaviour 131: metadata that is too long refuses its partition and no other", () => {
    const bench = new Bench()
    const partition = (partitionIndex: number, length: number) => ({
      partitionIndex,
      committedOffset: 5n,
      committedLeaderEpoch: -1,
      committedMetadata: "x".repeat(length)
    })
    const topics = [{ name: "t", topicId: ZERO, partitions: [partition(0, 17), partition(1, 16)] }]
    const commit = bench.commit(0n, { topics })
    bench.settle()
    assert.deepStrictEqual(commit.answer?.topics[0]?.partitions, [
      { partitionIndex: 0, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE },
      { partitionIndex: 1, errorCode: ErrorCode.NONE }
    ])
    assert.isUndefined(bench.offset("t", 0))
    assert.strictEqual(bench.offset("t", 1), 5n)
  })

  it("behaviour 138: a commit below the one before is accepted as it is", () => {
    const bench = new Bench()
    for (const offset of [100n, 3n, 9_007_199_254_740_993n]) {
      bench.commit(offset)
      bench.settle()
      assert.strictEqual(bench.offset(), offset)
    }
  })

  it("a failed append leaves the offset as it was and says why in Kafka's words", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    const expected = [
      [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
      [ErrorCode.REQUEST_TIMED_OUT, ErrorCode.COORDINATOR_NOT_AVAILABLE],
      [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
      [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR],
      [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR]
    ] as const
    for (const [refused, told] of expected) {
      const commit = bench.commit(2n)
      bench.settle(refused)
      assert.strictEqual(commitError(commit), told)
      assert.strictEqual(bench.offset(), 1n)
    }
  })

  it("what comes while an append is under way gathers for the next, in order", () => {
    const bench = new Bench()
    const first = bench.commit(1n)
    const later = [2n, 3n, 4n].map((offset) => bench.commit(offset))
    assert.strictEqual(count(bench.open[0]!, 0), 1)
    bench.settle()
    assert.isFalse(first.waits)
    assert.isTrue(later.every(({ waits }) => waits))
    assert.strictEqual(count(bench.open[0]!, 0), 3)
    bench.settle()
    assert.isFalse(later.some(({ waits }) => waits))
    assert.strictEqual(bench.offset(), 4n)
  })

  it("a stable fetch waits for the commits before it", () => {
    const bench = new Bench()
    const stabilize = () => bench.ask<number>((complete) => ({ _tag: "Stabilize", groupId: bench.groupId, complete }))
    assert.strictEqual(stabilize().answer, ErrorCode.NONE)
    bench.commit(1n)
    const behind = stabilize()
    assert.isTrue(behind.waits)
    bench.settle()
    assert.strictEqual(behind.answer, ErrorCode.NONE)
    assert.deepStrictEqual(bench.open, [])
  })
})

describe("fetching", () => {
  it("behaviour 132: what was never committed is -1 without an error, in an unknown group too", () => {
    const bench = new Bench()
    const nothing = { committedOffset: -1n, committedLeaderEpoch: -1, metadata: "", errorCode: 0 }
    const asked = [{ name: "t", topicId: ZERO, partitionIndexes: [0, 1] }]
    assert.deepStrictEqual(fetch(bench, asked).topics[0]?.partitions, [
      { partitionIndex: 0, ...nothing },
      { partitionIndex: 1, ...nothing }
    ])
    bench.commit(8n, {}, "m")
    bench.settle()
    assert.deepStrictEqual(fetch(bench, asked).topics[0]?.partitions, [
      { partitionIndex: 0, committedOffset: 8n, committedLeaderEpoch: 5, metadata: "m", errorCode: 0 },
      { partitionIndex: 1, ...nothing }
    ])
  })

  it("behaviour 132: null topics means all of them", () => {
    const bench = new Bench()
    assert.deepStrictEqual(fetch(bench, null).topics, [])
    bench.commit(8n)
    bench.settle()
    assert.deepStrictEqual(
      fetch(bench, null).topics.map(({ name, partitions }) => [name, partitions.length]),
      [["t", 1]]
    )
  })
})
