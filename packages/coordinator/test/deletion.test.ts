import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import { assert, describe, it } from "vitest"
import { Bench, bytes } from "./bench.ts"

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

  it("a group's deletion covers offsets whose own deletion then fails", () => {
    const bench = new Bench()
    bench.commit(1n)
    bench.settle()
    bench.deleteOffsets()
    bench.deleteGroup()
    bench.settle(ErrorCode.NOT_ENOUGH_REPLICAS)
    bench.settle()
    assert.isUndefined(bench.group)
    assert.isUndefined(new Bench({}, bench.log).group)
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
