import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { assert, describe, it } from "vitest"
import { Mailbox } from "../src/Mailbox.ts"

describe("a mailbox", () => {
  it("gives all that was offered, in order, and then waits", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const mailbox = new Mailbox<number>(10)
        for (const message of [1, 2, 3]) mailbox.offer(message)
        assert.deepStrictEqual([...(yield* mailbox.takeAll)], [1, 2, 3])
        const waiting = yield* Effect.forkChild(mailbox.takeAll)
        yield* Effect.yieldNow
        mailbox.offer(4)
        mailbox.offer(5)
        assert.deepStrictEqual(
          [...(yield* Fiber.join(waiting))],
          [4, 5],
          "what came before the taker ran is taken together"
        )
      })
    ))

  it("refuses what is more than its capacity, except what its owner puts there", () => {
    const mailbox = new Mailbox<number>(2)
    assert.isTrue(mailbox.offer(1))
    assert.isTrue(mailbox.offer(2))
    assert.isFalse(mailbox.offer(3))
    mailbox.put(4)
    return Effect.runPromise(Effect.map(mailbox.takeAll, (taken) => assert.deepStrictEqual([...taken], [1, 2, 4])))
  })

  it("does not run the taker within the one who offers", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const mailbox = new Mailbox<number>(2)
        let taken = false
        yield* Effect.forkChild(Effect.map(mailbox.takeAll, () => (taken = true)))
        yield* Effect.yieldNow
        mailbox.offer(1)
        assert.isFalse(taken)
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        assert.isTrue(taken)
      })
    ))

  it.each([3, 4, 5, 6, 7, 8])("wakes a taker that was made to yield before its step %d", (step) => {
    const scheduler = new Scheduler.MixedScheduler("async")
    scheduler.shouldYield = (fiber) => fiber.currentOpCount >= step
    const mailbox = new Mailbox<number>(100)
    const taken: Array<number> = []
    const all: Effect.Effect<void> = Effect.flatMap(mailbox.takeAll, (messages) => {
      taken.push(...messages)
      return all
    })
    return Effect.runPromise(
      Effect.gen(function* () {
        const taking = yield* Effect.forkChild(Effect.provideService(all, Scheduler.Scheduler, scheduler))
        for (let message = 0; message < 20; message++) {
          for (let turns = 0; turns < message % 4; turns++) yield* Effect.yieldNow
          mailbox.offer(message)
          for (let turns = 0; turns < 20 && !taken.includes(message); turns++) yield* Effect.yieldNow
          assert.include(taken, message)
        }
        yield* Fiber.interrupt(taking)
      })
    )
  })

  it("keeps messages for the next taker when one gives up", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const mailbox = new Mailbox<number>(2)
        const first = yield* Effect.forkChild(mailbox.takeAll)
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        mailbox.offer(1)
        assert.deepStrictEqual([...(yield* mailbox.takeAll)], [1])
      })
    ))
})
