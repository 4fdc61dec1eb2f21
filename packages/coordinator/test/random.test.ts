import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import fc from "fast-check"
import { assert, it } from "vitest"
import type { Group } from "../src/Group.ts"
import { type Asked, Bench } from "./bench.ts"

const ids = ["a", "b", "c"]
const member = fc.constantFrom(...ids)
const generation = fc.integer({ min: 0, max: 4 })
const failure = fc.constantFrom(0, 0, 0, ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.NOT_LEADER_OR_FOLLOWER)

const action = fc.oneof(
  fc.record({ _tag: fc.constant("new" as const), id: member, version: fc.constantFrom(3, 9) }),
  fc.record({ _tag: fc.constant("join" as const), id: member, byte: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ _tag: fc.constant("static" as const), id: member, instance: fc.constantFrom("i", "j") }),
  fc.record({ _tag: fc.constant("sync" as const), id: member, generation }),
  fc.record({ _tag: fc.constant("heartbeat" as const), id: member, generation }),
  fc.record({ _tag: fc.constant("leave" as const), id: member }),
  fc.record({ _tag: fc.constant("commit" as const), id: member, generation, offset: fc.bigInt({ min: 0n, max: 99n }) }),
  fc.record({
    _tag: fc.constant("simple" as const),
    topic: fc.constantFrom("t", "u"),
    offset: fc.bigInt({ min: 0n, max: 99n })
  }),
  fc.record({ _tag: fc.constant("deleteOffsets" as const) }),
  fc.record({ _tag: fc.constant("deleteGroup" as const) }),
  fc.record({ _tag: fc.constant("removeTopic" as const) }),
  fc.record({ _tag: fc.constant("pass" as const), ms: fc.constantFrom(1, 2_000, 9_000, 61_000, 700_000) }),
  fc.record({ _tag: fc.constant("settle" as const), errorCode: failure })
)
const commitTimeoutMs = fc.constantFrom(1_000, 10_000, 1_000_000_000)
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never

let uses = 0
/** A member id that was not given out before, told from the others by its first letter. */
const fresh = (id: string): string => {
  uses += 1
  return `${id}${uses}`
}

/** The member whose id begins with the letter, as it is called now. */
const named = (bench: Bench, id: string): string => {
  const known = [...(bench.group?.members.keys() ?? []), ...(bench.group?.pendingJoins.keys() ?? [])]
  return known.find((memberId) => memberId.startsWith(id)) ?? id
}

const perform = (bench: Bench, done: Action): Asked<unknown> | undefined => {
  switch (done._tag) {
    case "new":
      return bench.join({ newMemberId: fresh(done.id), apiVersion: done.version })
    case "join":
      return bench.join({ memberId: named(bench, done.id), protocols: [["range", done.byte]] })
    case "static":
      return bench.join({ newMemberId: fresh(done.id), instance: done.instance })
    case "sync":
      return bench.sync(named(bench, done.id), done.generation, [[named(bench, "a"), 1]])
    case "heartbeat":
      assert.isDefined(bench.heartbeat(named(bench, done.id), done.generation))
      return undefined
    case "leave":
      return bench.leave({ memberId: named(bench, done.id) })
    case "commit":
      return bench.commit(done.offset, { memberId: named(bench, done.id), generationIdOrMemberEpoch: done.generation })
    case "simple": {
      const { topic: name, offset: committedOffset } = done
      const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: "" }]
      return bench.commit(0n, { topics: [{ name, topicId: ZERO, partitions }] })
    }
    case "deleteOffsets":
      return bench.deleteOffsets()
    case "deleteGroup":
      return bench.deleteGroup()
    case "removeTopic":
      bench.tell({ _tag: "RemoveTopics", names: ["u"] })
      return undefined
    case "pass":
      bench.pass(done.ms)
      return undefined
    case "settle":
      if (bench.open.length > 0) bench.settle(done.errorCode)
      return undefined
  }
}

/** What has to hold between any two messages. */
const check = (group: Group | undefined): void => {
  if (group === undefined) return
  const { state, members, leader, pendingJoins, pendingSyncs } = group
  assert.strictEqual(leader === null, members.size === 0, "a group with members has a leader")
  if (leader !== null) assert.isTrue(members.has(leader), "the leader is a member")
  if (state === "Stable" || state === "CompletingRebalance") assert.isAbove(members.size, 0)
  if (state === "Empty") assert.strictEqual(members.size, 0)
  for (const id of pendingJoins.keys()) assert.isFalse(members.has(id), "a pending id is no member")
  for (const id of pendingSyncs) assert.isTrue(members.has(id), "who is waited for is a member")
  const instances = [...members.values()].flatMap(({ groupInstanceId }) => groupInstanceId ?? [])
  assert.strictEqual(new Set(instances).size, instances.length, "an instance id has one member")
  for (const { join, sync } of members.values()) {
    if (state !== "PreparingRebalance" && state !== "Stable") assert.isNull(join)
    if (state !== "CompletingRebalance") assert.isNull(sync)
  }
}

it("whatever comes, every request is answered once, and the log tells what the shard knows", () => {
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 20, maxLength: 80, size: "max" }),
      commitTimeoutMs,
      (actions, timeoutMs) => {
        const bench = new Bench({
          initialRebalanceDelayMs: 100,
          offsetsRetentionMs: 500_000,
          offsetsCommitTimeoutMs: timeoutMs
        })
        const asked: Array<Asked<unknown>> = []
        for (const next of actions) {
          const request = perform(bench, next)
          if (request !== undefined) asked.push(request)
          check(bench.group)
        }
        bench.settleAll()
        const again = new Bench({}, bench.log, bench.now)
        assert.deepStrictEqual(again.group?.offsets ?? new Map(), bench.group?.offsets ?? new Map())
        bench.tell({ _tag: "Resign", done: null })
        assert.isFalse(
          asked.some(({ waits }) => waits),
          "nobody is left waiting"
        )
      }
    ),
    { numRuns: 2_000 }
  )
})
