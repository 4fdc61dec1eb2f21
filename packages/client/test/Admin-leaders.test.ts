/** Calls that a partition's leader answers, while leaders move and have not heard yet that they lead. */
import { assert, describe, it } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Admin from "../src/Admin.ts"
import { unheardMs } from "../src/admin/Leaders.ts"
import { fakeCluster } from "./admin-support.ts"

const led = (leaderId: number, errorCode: number = ErrorCode.NONE) => ({
  brokers: [],
  clusterId: "c",
  controllerId: 1,
  topics: [
    {
      errorCode,
      name: "orders",
      topicId: ZERO,
      isInternal: false,
      partitions: [
        {
          errorCode,
          partitionIndex: 0,
          leaderId,
          leaderEpoch: 3,
          replicaNodes: [1, 2],
          isrNodes: [1],
          offlineReplicas: []
        }
      ]
    }
  ]
})

const answer = (errorCode: number, offset = -1) => ({
  topics: [{ name: "orders", partitions: [{ partitionIndex: 0, errorCode, timestamp: -1, offset, leaderEpoch: 3 }] }]
})

const end = Admin.listOffsets([{ topic: "orders", partition: 0, at: "latest" }])

const brokersAsked = (asked: ReturnType<typeof fakeCluster>["asked"]) =>
  asked.flatMap(({ target }) => (target._tag === "Broker" ? [target.id] : []))

describe("the leader of a partition", () => {
  for (const [name, first] of [
    ["leads no more", answer(ErrorCode.NOT_LEADER_OR_FOLLOWER)],
    ["is gone", "lost"]
  ] as const) {
    it.effect(`${name}: the next one is asked`, () =>
      Effect.gen(function* () {
        const { run, asked } = fakeCluster({
          Metadata: [led(1), led(2)],
          ListOffsets: [first, answer(ErrorCode.NONE, 7)]
        })
        const asking = yield* Effect.forkChild(run(end))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(asking))[0]?.offset, 7)
        assert.deepStrictEqual(brokersAsked(asked), [1, 2])
      })
    )
  }

  it.effect("has not heard of a new topic yet: it is asked again", () =>
    Effect.gen(function* () {
      const { run } = fakeCluster({
        Metadata: led(1),
        ListOffsets: [answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), answer(ErrorCode.NONE, 0)]
      })
      const asking = yield* Effect.forkChild(run(end))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(asking))[0]?.offset, 0)
    })
  )

  it.effect("is of a new topic that the broker has not heard of yet: it is asked again", () =>
    Effect.gen(function* () {
      const { run } = fakeCluster({
        Metadata: [led(-1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), led(1)],
        ListOffsets: answer(ErrorCode.NONE, 0)
      })
      const asking = yield* Effect.forkChild(run(end))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(asking))[0]?.offset, 0)
    })
  )

  it.effect("is of no topic that anybody knows: that is an error soon", () =>
    Effect.gen(function* () {
      const { run, asked } = fakeCluster({ Metadata: led(-1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) })
      const asking = yield* Effect.forkChild(Effect.flip(run(end)))
      yield* TestClock.adjust(unheardMs)
      assert.strictEqual((yield* Fiber.join(asking)).codeName, "UNKNOWN_TOPIC_OR_PARTITION")
      assert.isAbove(asked.length, 1)
    })
  )

  it.effect("never answers: the call ends when its time is over", () =>
    Effect.gen(function* () {
      const { run } = fakeCluster({ Metadata: led(1), ListOffsets: ["lost"] })
      const asking = yield* Effect.forkChild(Effect.flip(run(end)))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(asking)).codeName, "NETWORK_EXCEPTION")
    })
  )
})
