/** What an administrator's call does when it is refused, or not answered. */
import { assert, describe, it } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { ZERO } from "@klamm/protocol/Uuid"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Admin from "../src/Admin.ts"
import { fakeCluster } from "./admin-support.ts"

const ok = { errorCode: 0, errorMessage: null }
const refusal = (errorCode: number) => ({
  CreateTopics: { topics: [{ name: "orders", topicId: ZERO, errorCode, errorMessage: "no" }] }
})
const create = Admin.createTopics(["orders"])

describe("a call that is refused", () => {
  it.effect("fails with every resource and why", () =>
    Effect.gen(function* () {
      const { run } = fakeCluster(refusal(ErrorCode.TOPIC_ALREADY_EXISTS))
      const error = yield* Effect.flip(run(create))
      assert.strictEqual(error.codeName, "TOPIC_ALREADY_EXISTS")
      assert.strictEqual(error.message, "createTopics: orders: TOPIC_ALREADY_EXISTS: no")
      assert.isFalse(error.retriable)
    })
  )

  it.effect("is made again while all of it may succeed elsewhere, and what was known of the place is forgotten", () =>
    Effect.gen(function* () {
      const made = { topics: [{ ...ok, name: "orders", topicId: ZERO }] }
      const { run, asked, invalidated } = fakeCluster({
        CreateTopics: [refusal(ErrorCode.NOT_CONTROLLER).CreateTopics, "lost", made]
      })
      const creating = yield* Effect.forkChild(run(create))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* Fiber.join(creating), 1)
      assert.lengthOf(asked, 3)
      assert.deepStrictEqual(invalidated, ["metadata", "metadata"])
    })
  )

  it.effect("is not made again when a part of it was done", () =>
    Effect.gen(function* () {
      const half = {
        topics: [
          { ...ok, name: "orders", topicId: ZERO },
          { ...ok, name: "bills", topicId: ZERO, errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }
        ]
      }
      const { run, asked } = fakeCluster({ CreateTopics: half })
      const error = yield* Effect.flip(run(Admin.createTopics(["orders", "bills"])))
      assert.deepStrictEqual(
        error.failures.map(({ resource }) => resource),
        ["bills"]
      )
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("ends when its time is over", () =>
    Effect.gen(function* () {
      const { run } = fakeCluster({
        DeleteGroups: { results: [{ groupId: "a", errorCode: ErrorCode.NOT_COORDINATOR }] }
      })
      const deleting = yield* Effect.forkChild(Effect.flip(run(Admin.deleteGroups(["a"]))))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(deleting)).codeName, "NOT_COORDINATOR")
    })
  )
})
