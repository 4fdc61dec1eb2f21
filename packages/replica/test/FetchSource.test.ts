import { expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { makeSource, type Runner, sleepOrChange, unlessChanged } from "../src/FetchSource.ts"

const runner = Effect.map(Effect.context<never>(), (context): Runner => {
  const start = Effect.runForkWith(context)
  return { start, run: (effect) => void start(effect) }
})

/** A loop that waits for an answer, as far as it has come. */
const waiting = Effect.gen(function* () {
  const source = makeSource(1, 0)
  const answer = yield* Deferred.make<string>()
  let abandoned = false
  const asking = Effect.onInterrupt(Deferred.await(answer), () =>
    Effect.sync(() => {
      abandoned = true
    })
  )
  const loop = yield* Effect.forkChild(unlessChanged(yield* runner, source, asking), { startImmediately: true })
  const change = () => {
    source.changed = true
    source.onChange?.()
  }
  return { source, answer, loop, change, isAbandoned: () => abandoned }
})

it.effect("a request that is answered is not watched any more", () =>
  Effect.gen(function* () {
    const { source, answer, loop } = yield* waiting
    yield* Deferred.succeed(answer, "records")
    expect(yield* Fiber.join(loop)).toBe("records")
    expect([source.onChange, source.giveUp]).toEqual([undefined, undefined])
  })
)

it.effect("partitions that come end the waiting, once more of them had time to come", () =>
  Effect.gen(function* () {
    const { source, loop, change, isAbandoned } = yield* waiting
    change()
    change()
    expect(isAbandoned()).toBe(false)
    yield* TestClock.adjust(1)
    expect(yield* Fiber.join(loop)).toBe("Changed")
    expect(isAbandoned()).toBe(true)
    expect(source.interruptedAtMs).toBe(1)
  })
)

it.effect("an answer that comes meanwhile is not thrown away, and the next request is left alone", () =>
  Effect.gen(function* () {
    const { source, answer, loop, change } = yield* waiting
    change()
    yield* Deferred.succeed(answer, "records")
    expect(yield* Fiber.join(loop)).toBe("records")
    source.changed = false
    const next = yield* Effect.forkChild(unlessChanged(yield* runner, source, Effect.never), { startImmediately: true })
    yield* TestClock.adjust(1_000)
    expect(next.pollUnsafe()).toBeUndefined()
    yield* Fiber.interrupt(next)
  })
)

it.effect("a request is given up no sooner than 50 ms after the last one was", () =>
  Effect.gen(function* () {
    const { source, loop, change } = yield* waiting
    source.interruptedAtMs = 0
    change()
    yield* TestClock.adjust(49)
    expect(loop.pollUnsafe()).toBeUndefined()
    yield* TestClock.adjust(1)
    expect(yield* Fiber.join(loop)).toBe("Changed")
  })
)

it.effect("a request ends with its loop", () =>
  Effect.gen(function* () {
    const { loop, isAbandoned } = yield* waiting
    yield* Fiber.interrupt(loop)
    expect(isAbandoned()).toBe(true)
  })
)

it.effect("a rest ends early when partitions come", () =>
  Effect.gen(function* () {
    const source = makeSource(1, 0)
    const resting = yield* Effect.forkChild(sleepOrChange(source, 1_000), { startImmediately: true })
    yield* TestClock.adjust(10)
    expect(resting.pollUnsafe()).toBeUndefined()
    source.changed = true
    source.onChange?.()
    yield* TestClock.adjust(1)
    yield* Fiber.join(resting)
    expect(source.interruptedAtMs).toBe(11)
  })
)
