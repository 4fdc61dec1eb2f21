import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { buildBatch, count } from "@klamm/protocol/RecordBatch"
import { ZERO } from "@klamm/protocol/Uuid"
import { assert, describe, it } from "vitest"
import * as Queries from "../src/Queries.ts"
import { Loading } from "../src/Replay.ts"
import { Bench, bytes, commitError, decompression } from "./bench.ts"

/** A ConsumerProtocolSubscription v0 of one topic, without user data. */
const subscription = (topic: string): Uint8Array => {
  const name = new TextEncoder().encode(topic)
  return bytes(0, 0, 0, 0, 0, 1, 0, name.length, ...name, 255, 255, 255, 255)
}

/** A stable consumer group of member `a`, subscribed to topic `t`. */
const subscribed = (bench: Bench, topic = "t"): void => {
  const caller = { apiVersion: 3, clientId: "c", clientHost: "/127.0.0.1" }
  const body = {
    groupId: bench.groupId,
    sessionTimeoutMs: 1_000_000_000,
    rebalanceTimeoutMs: 60_000,
    memberId: "",
    groupInstanceId: null,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: subscription(topic) }],
    reason: null
  }
  bench.ask((complete) => ({ _tag: "Join", body, caller, newMemberId: "a", complete }))
  bench.pass(3_000)
  bench.sync("a", 1)
  bench.settleAll()
}

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

describe("deleting and expiring", () => {
  it("behaviour 127: a group with members stays, an unknown one is not found", () => {
    const bench = new Bench()
    assert.strictEqual(bench.deleteGroup().answer, ErrorCode.GROUP_ID_NOT_FOUND)
    bench.stable(["a"])
    assert.strictEqual(bench.deleteGroup().answer, ErrorCode.NON_EMPTY_GROUP)
  })

  it("behaviour 127: an empty group goes with its offsets, those under way included, for good", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    const late = {
      topics: [
        {
          name: "u",
          topicId: ZERO,
          partitions: [{ partitionIndex: 3, committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: "" }]
        }
      ]
    }
    bench.commit(1n, late)
    const deleted = bench.deleteGroup()
    assert.isTrue(deleted.waits)
    assert.strictEqual(bench.deleteGroup().answer, ErrorCode.GROUP_ID_NOT_FOUND)
    bench.settleAll()
    assert.strictEqual(deleted.answer, ErrorCode.NONE)
    assert.isUndefined(bench.group)
    assert.isUndefined(new Bench({}, bench.log).group)
    assert.strictEqual(bench.recordsInLog, 5)
  })

  it("a deletion that could not be stored leaves the group as it was", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    const deleted = bench.deleteGroup()
    bench.settle(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert.strictEqual(deleted.answer, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert.strictEqual(bench.offset(), 1n)
    bench.commit(2n)
    bench.settle()
    assert.strictEqual(bench.offset(), 2n)
  })

  it("a group made anew while its deletion is under way is kept without the old offsets", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    bench.deleteGroup()
    bench.join({ newMemberId: "a", apiVersion: 3 })
    bench.settleAll()
    assert.strictEqual(bench.group?.members.size, 1)
    assert.isUndefined(bench.offset())
  })

  it("behaviour 136: a subscribed topic keeps its offsets, another one does not", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    subscribed(bench, "t")
    const refused = bench.deleteOffsets("t")
    assert.strictEqual(refused.answer?.topics[0]?.partitions[0]?.errorCode, ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
    const other = new Bench()
    other.commit(1n)
    other.settle()
    subscribed(other, "u")
    const deleted = other.deleteOffsets("t")
    other.settle()
    assert.strictEqual(deleted.answer?.topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE)
    assert.isUndefined(other.offset())
  })

  it("behaviour 136: a live group of another kind refuses all, an unknown one is not found", () => {
    const bench = new Bench()
    assert.strictEqual(bench.deleteOffsets().answer?.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
    bench.stable(["a"], { protocolType: "connect" })
    assert.strictEqual(bench.deleteOffsets().answer?.errorCode, ErrorCode.NON_EMPTY_GROUP)
  })

  it("behaviour 136: the commit under way is deleted as well", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.deleteOffsets()
    bench.settleAll()
    assert.isUndefined(bench.offset())
    assert.strictEqual(bench.recordsInLog, 2)
  })

  it("behaviour 135: standalone commits expire by their own age, and the group goes with the last", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    bench.pass(600_000)
    assert.strictEqual(bench.offset(), 1n)
    bench.pass(600_000)
    bench.settleAll()
    assert.isUndefined(bench.group)
    assert.isUndefined(new Bench({}, bench.log).group)
  })

  it("behaviour 135: an empty group's offsets count from when it became empty", () => {
    const bench = new Bench({ offsetsRetentionMs: 700_000 })
    bench.stable(["a"], { sessionTimeoutMs: 500_000 })
    bench.commit(1n, { generationIdOrMemberEpoch: 1, memberId: "a" })
    bench.settle()
    bench.pass(400_000)
    bench.leave({ memberId: "a" })
    bench.settle()
    bench.pass(600_000)
    assert.strictEqual(bench.offset(), 1n)
    bench.pass(600_000)
    bench.settleAll()
    assert.isUndefined(bench.group)
  })

  it("behaviour 135: in a live consumer group only topics without a subscriber expire", () => {
    const bench = new Bench()
    const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: -1, committedMetadata: "" }]
    bench.commit(0n, { topics: ["t", "u"].map((name) => ({ name, topicId: ZERO, partitions })) })
    bench.settle()
    subscribed(bench, "t")
    bench.pass(1_800_000)
    bench.settleAll()
    assert.strictEqual(bench.offset("t"), 1n)
    assert.isUndefined(bench.offset("u"))
    assert.strictEqual(bench.group?.state, "Stable")
  })

  it("commits with a retention of their own expire by it", () => {
    const bench = new Bench()
    bench.commit(1n, { retentionTimeMs: 100 }, "", 2)
    bench.settle()
    assert.strictEqual(new Bench({}, bench.log).group?.offsets.get("t")?.get(0)?.expireTimestamp, 1_100)
    bench.pass(600_000)
    bench.settleAll()
    assert.isUndefined(bench.group)
  })

  it("commits of deleted topics go with tombstones", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.tell({ _tag: "RemoveTopics", names: ["t", "other"] })
    bench.settleAll()
    assert.isUndefined(bench.offset())
    assert.isUndefined(new Bench({}, bench.log).offset())
  })
})

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
    const loading = new Loading(0, decompression())
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
