/** The order of answers, how many may be due, and that what was answered is let go of. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { assert, it } from "vitest"
import { AnswerQueue } from "../src/AnswerQueue.ts"

it("gives items back in order, however many come between", () => {
  const queue = new AnswerQueue<number>(1_000)
  let pushed = 0
  let taken = 0
  for (let round = 1; round <= 40; round++) {
    for (let each = 0; each < round; each++) queue.push(pushed++)
    for (let each = 0; each < round - 1; each++) {
      assert.strictEqual(queue.peek(), taken)
      assert.strictEqual(queue.shift(), taken++)
    }
  }
  while (taken < pushed) assert.strictEqual(queue.shift(), taken++)
  assert.isUndefined(queue.peek())
  assert.isUndefined(queue.shift())
})

it("on a connection that always has something to answer, what was answered is not kept", () => {
  const queue = new AnswerQueue<{ readonly id: number }>(64)
  for (let id = 0; id < 20; id++) queue.push({ id })
  for (let id = 20; id < 10_000; id++) {
    queue.push({ id })
    queue.shift()
    queue.answered(1)
    assert.strictEqual(queue.held, 20)
  }
})

it("whoever waits for room or for all goes on when as many are answered", async () => {
  const queue = new AnswerQueue<string>(2)
  const passed: Array<string> = []
  const waiting = (what: string, effect: Effect.Effect<void>) =>
    Effect.runFork(
      Effect.andThen(
        effect,
        Effect.sync(() => void passed.push(what))
      )
    )
  queue.push("first")
  const room = waiting("room", queue.room)
  queue.push("second")
  const next = waiting("next", queue.room)
  const all = waiting("all", queue.drained)
  assert.deepStrictEqual(passed, ["room"])
  queue.shift()
  queue.answered(1)
  assert.deepStrictEqual(passed, ["room", "next"])
  queue.shift()
  queue.answered(1)
  assert.deepStrictEqual(passed, ["room", "next", "all"])
  await Effect.runPromise(Fiber.awaitAll([room, next, all]))
})
