/** A wall clock that is set: nobody's session ends by it, and what is stored says the new time. */
import { it as effectIt } from "@effect/vitest"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { maxTimestamp } from "@klamm/protocol/RecordBatch"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { assert, describe, it } from "vitest"
import { makeGroupCoordinator } from "../src/index.ts"
import { Bench, decompression, joinBody, settings } from "./bench.ts"

const hour = 3_600_000

describe("a clock that is set", () => {
  it("ahead or back ends no session and no rebalance early or late", () => {
    for (const ahead of [hour, -hour]) {
      const bench = new Bench()
      bench.stable(["a", "b"])
      bench.wallAhead = ahead
      bench.pass(9_000)
      assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.NONE)
      bench.pass(2_000)
      assert.strictEqual(bench.heartbeat("a", 1), ErrorCode.REBALANCE_IN_PROGRESS)
      bench.pass(60_000)
      assert.isUndefined(bench.group?.members.get("b"))
    }
  })

  it("is what commits are stamped with, and their retention counts from", () => {
    const bench = new Bench({ offsetsRetentionMs: 2 * hour })
    bench.wallAhead = 1_000 * hour
    bench.commit(1n)
    bench.settle()
    assert.strictEqual(maxTimestamp(bench.log[0]!, 0), 1_000 + bench.wallAhead)
    bench.pass(hour)
    assert.strictEqual(bench.offset(), 1n)
    bench.wallAhead += hour
    bench.pass(settings.offsetsRetentionCheckIntervalMs)
    bench.settleAll()
    assert.isUndefined(bench.offset())
  })
})

effectIt.effect("members outlive a clock that jumps under their coordinator", () =>
  Effect.gen(function* () {
    const steady = yield* Clock.Clock
    let ahead = 0
    const jumping: Clock.Clock = {
      currentTimeMillisUnsafe: () => steady.currentTimeMillisUnsafe() + ahead,
      currentTimeMillis: Effect.sync(() => steady.currentTimeMillisUnsafe() + ahead),
      currentTimeNanosUnsafe: () => steady.currentTimeNanosUnsafe(),
      currentTimeNanos: steady.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => steady.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: steady.monotonicTimeNanos,
      sleep: (duration) => steady.sleep(duration)
    }
    const log = { append: () => Effect.succeed({ errorCode: 0, baseOffset: 0 }), load: () => Effect.void }
    const coordinator = yield* makeGroupCoordinator({ config: () => settings, groupOperations: 0, decompression }).pipe(
      Effect.tap((made) => made.onLeader(0, 1, log)),
      Effect.provideService(Clock.Clock, jumping)
    )
    yield* TestClock.adjust(1)
    const caller = { apiVersion: 3, clientId: "client", clientHost: "/127.0.0.1" }
    const joining = yield* Effect.forkChild(coordinator.joinGroup(joinBody("g", {}), caller))
    yield* TestClock.adjust(3_000)
    const { memberId } = yield* Fiber.join(joining)
    const beat = { groupId: "g", generationId: 1, memberId, groupInstanceId: null }
    ahead = hour
    for (let beats = 0; beats < 2; beats++) {
      yield* TestClock.adjust(1_000)
      assert.strictEqual((yield* coordinator.heartbeat(beat, caller)).errorCode, ErrorCode.NONE)
    }
  })
)
