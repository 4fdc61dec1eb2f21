import { assert, it } from "@effect/vitest"
import type { OffsetFetchRequest } from "@klamm/protocol/api/09-OffsetFetch"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { partitionFor } from "@klamm/protocol/JavaHash"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { type Caller, makeGroupCoordinator, type PartitionLog } from "../src/index.ts"
import { bytes, decompression, joinBody, settings } from "./bench.ts"

const caller = (apiVersion: number): Caller => ({ apiVersion, clientId: "client", clientHost: "/127.0.0.1" })
const groupOperations = 0b101

/** A log in memory; it keeps what is appended until the next coordinator loads it. */
const memoryLog = (stored: Array<Uint8Array>): PartitionLog => ({
  append: (batch) =>
    Effect.sync(() => {
      stored.push(batch)
      return { errorCode: 0, baseOffset: stored.length - 1 }
    }),
  load: (onBatch) =>
    Effect.sync(() => {
      for (const batch of stored) onBatch(batch)
    })
})

const coordinator = makeGroupCoordinator({ config: () => settings, groupOperations, decompression })

/** A coordinator that leads the one partition and has loaded it. */
const leading = (log: PartitionLog) =>
  Effect.gen(function* () {
    const made = yield* coordinator
    yield* made.onLeader(0, 1, log)
    yield* TestClock.adjust(1)
    return made
  })

const commitBody = (groupId: string, offset: bigint) => ({
  groupId,
  generationIdOrMemberEpoch: -1,
  memberId: "",
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: "t",
      topicId: ZERO,
      partitions: [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null }]
    }
  ]
})

const fetchBody = (groupId: string, requireStable = false): typeof OffsetFetchRequest.Type => ({
  groupId,
  topics: [{ name: "t", partitionIndexes: [0] }],
  groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
  requireStable
})

const syncBody = (memberId: string) => ({
  groupId: "g",
  generationId: 1,
  memberId,
  groupInstanceId: null,
  protocolType: "consumer",
  protocolName: "range",
  assignments: [{ memberId, assignment: bytes(5) }]
})

it("behaviour 107: the partition of a group is that of Java's hash", () => {
  // The numbers are what Java printed; the last name's hash is the smallest int32.
  assert.strictEqual(partitionFor("my-group", 50), 1_906_497_762 % 50)
  assert.strictEqual(partitionFor("console-consumer-12345", 50), 158_455_506 % 50)
  assert.strictEqual(partitionFor("gruppe-äö", 50), 595_626_396 % 50)
  assert.strictEqual(partitionFor("", 50), 0)
  assert.strictEqual(partitionFor("polygenelubricants", 50), 0)
})

it.effect("what was committed and agreed is there for the next coordinator", () =>
  Effect.gen(function* () {
    const stored: Array<Uint8Array> = []
    const first = yield* leading(memoryLog(stored))
    assert.strictEqual(
      (yield* first.offsetCommit(commitBody("simple", 9n), caller(8))).topics[0]?.partitions[0]?.errorCode,
      0
    )
    const asked = yield* first.joinGroup(joinBody("g", {}), caller(9))
    assert.strictEqual(asked.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
    const { memberId } = asked
    assert.match(memberId, /^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const joining = yield* Effect.forkChild(first.joinGroup(joinBody("g", { memberId }), caller(9)))
    yield* TestClock.adjust(3_000)
    assert.strictEqual((yield* Fiber.join(joining)).generationId, 1)
    assert.deepStrictEqual((yield* first.syncGroup(syncBody(memberId), caller(5))).assignment, bytes(5))
    yield* first.onResigned(0)
    assert.strictEqual(
      (yield* first.heartbeat({ groupId: "g", generationId: 1, memberId, groupInstanceId: null }, caller(4))).errorCode,
      ErrorCode.NOT_COORDINATOR
    )

    const second = yield* leading(memoryLog(stored))
    const beat = { groupId: "g", generationId: 1, memberId, groupInstanceId: null }
    assert.strictEqual((yield* second.heartbeat(beat, caller(4))).errorCode, ErrorCode.NONE)
    const fetched = yield* second.offsetFetch(fetchBody("simple", true), caller(8))
    assert.strictEqual(fetched.groups?.[0]?.topics[0]?.partitions[0]?.committedOffset, 9n)
    const described = yield* second.describeGroups({ groups: ["g"], includeAuthorizedOperations: true }, caller(6))
    const [group] = described.groups
    assert.deepStrictEqual(
      [group?.groupState, group?.protocolType, group?.protocolData, group?.authorizedOperations],
      ["Stable", "consumer", "range", groupOperations]
    )
    assert.deepStrictEqual(group?.members[0], {
      memberId,
      groupInstanceId: null,
      clientId: "client",
      clientHost: "/127.0.0.1",
      memberMetadata: bytes(1),
      memberAssignment: bytes(5)
    })
  })
)

it.effect("behaviour 109: without the partition 16, while it loads 14", () =>
  Effect.gen(function* () {
    const made = yield* coordinator
    const errorOf = Effect.gen(function* () {
      const { topics } = yield* made.offsetCommit(commitBody("g", 1n), caller(8))
      const described = yield* made.describeGroups({ groups: ["g"], includeAuthorizedOperations: false }, caller(6))
      const fetched = yield* made.offsetFetch(fetchBody("g"), caller(7))
      const early = yield* made.offsetFetch(fetchBody("g"), caller(1))
      const deleted = yield* made.deleteGroups({ groupsNames: ["g"] }, caller(2))
      return [
        topics[0]?.partitions[0]?.errorCode,
        described.groups[0]?.errorCode,
        fetched.errorCode,
        early.topics?.[0]?.partitions[0]?.errorCode,
        deleted.results[0]?.errorCode
      ]
    })
    const listError = Effect.map(
      made.listGroups({ statesFilter: [], typesFilter: [] }, caller(5)),
      (list) => list.errorCode
    )
    assert.deepStrictEqual(yield* errorOf, Array(5).fill(ErrorCode.NOT_COORDINATOR))
    assert.strictEqual(yield* listError, ErrorCode.NONE)
    const gate = yield* Deferred.make<void>()
    yield* made.onLeader(0, 1, { ...memoryLog([]), load: () => Deferred.await(gate) })
    assert.deepStrictEqual(yield* errorOf, Array(5).fill(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    assert.strictEqual(yield* listError, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    const beat = { groupId: "g", generationId: 1, memberId: "m", groupInstanceId: null }
    assert.strictEqual((yield* made.heartbeat(beat, caller(4))).errorCode, ErrorCode.NONE)
    yield* Deferred.succeed(gate, undefined)
    yield* TestClock.adjust(1)
    assert.strictEqual((yield* made.heartbeat(beat, caller(4))).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  })
)

it.effect("behaviour 110: an empty group id, and a session timeout out of bounds", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    const join = (groupId: string, sessionTimeoutMs: number) =>
      Effect.map(made.joinGroup(joinBody(groupId, { sessionTimeoutMs }), caller(9)), ({ errorCode }) => errorCode)
    assert.strictEqual(yield* join("", 10_000), ErrorCode.INVALID_GROUP_ID)
    assert.strictEqual(yield* join("g", 5_999), ErrorCode.INVALID_SESSION_TIMEOUT)
    assert.strictEqual(yield* join("g", 1_800_001), ErrorCode.INVALID_SESSION_TIMEOUT)
    const leave = { groupId: "", memberId: "m", members: [] }
    assert.deepStrictEqual(yield* made.leaveGroup(leave, caller(2)), { errorCode: ErrorCode.INVALID_GROUP_ID })
    const sync = yield* made.syncGroup({ ...syncBody("m"), groupId: "" }, caller(5))
    assert.strictEqual(sync.errorCode, ErrorCode.INVALID_GROUP_ID)
    const nameless = yield* made.syncGroup({ ...syncBody("m"), protocolName: null }, caller(5))
    assert.strictEqual(nameless.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  })
)

it.effect("behaviour 122: before v3 one member leaves, and its error is the answer's", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    const leave = { groupId: "g", memberId: "m", members: [] }
    assert.deepStrictEqual(yield* made.leaveGroup(leave, caller(2)), { errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
  })
)

it.effect("behaviour 126: an unknown group is dead, and from v6 on not found", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    const describe = (version: number) =>
      Effect.map(
        made.describeGroups({ groups: ["none"], includeAuthorizedOperations: false }, caller(version)),
        ({ groups }) => [groups[0]?.errorCode, groups[0]?.groupState]
      )
    assert.deepStrictEqual(yield* describe(5), [ErrorCode.NONE, "Dead"])
    assert.deepStrictEqual(yield* describe(6), [ErrorCode.GROUP_ID_NOT_FOUND, "Dead"])
  })
)

it.effect("behaviour 127: each group is deleted and answered once", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    yield* made.offsetCommit(commitBody("simple", 1n), caller(8))
    const deleted = yield* made.deleteGroups({ groupsNames: ["simple", "none", "simple"] }, caller(2))
    assert.deepStrictEqual(deleted.results, [
      { groupId: "simple", errorCode: ErrorCode.NONE },
      { groupId: "none", errorCode: ErrorCode.GROUP_ID_NOT_FOUND }
    ])
  })
)

it.effect("groups are listed by state and type", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    yield* made.offsetCommit(commitBody("simple", 1n), caller(8))
    const list = (statesFilter: ReadonlyArray<string>, typesFilter: ReadonlyArray<string>) =>
      Effect.map(made.listGroups({ statesFilter, typesFilter }, caller(5)), ({ groups }) =>
        groups.map((group) => group.groupId)
      )
    assert.deepStrictEqual(yield* list([], []), ["simple"])
    assert.deepStrictEqual(yield* list([" empty"], ["Classic"]), ["simple"])
    assert.deepStrictEqual(yield* list(["Stable"], []), [])
    assert.deepStrictEqual(yield* list([], ["consumer"]), [])
  })
)

it.effect("whoever is parked when the leadership ends is sent to the next coordinator", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([]))
    const joining = yield* Effect.forkChild(made.joinGroup(joinBody("g", {}), caller(3)))
    yield* TestClock.adjust(10)
    yield* made.onResigned(0)
    assert.strictEqual((yield* Fiber.join(joining)).errorCode, ErrorCode.NOT_COORDINATOR)
  })
)

it.effect("a log that can't be read makes no coordinator", () =>
  Effect.gen(function* () {
    const made = yield* leading(memoryLog([new Uint8Array(70)]))
    const beat = { groupId: "g", generationId: 1, memberId: "m", groupInstanceId: null }
    assert.strictEqual((yield* made.heartbeat(beat, caller(4))).errorCode, ErrorCode.NOT_COORDINATOR)
  })
)
