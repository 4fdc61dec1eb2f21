import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import * as Deadlines from "../src/Deadlines.ts"

/** Deadlines whose sleeper is the test itself. */
const byHand = () => {
  const armed: Array<number> = []
  const fired: Array<string> = []
  const deadlines = new Deadlines.Deadlines((atMs) => armed.push(atMs))
  const add = (name: string, atMs: number) => deadlines.add(atMs, () => fired.push(name))
  return { armed, fired, deadlines, add }
}

describe("deadlines", () => {
  it("fire when their time has come, in order, and arm for the next", () => {
    const { armed, fired, deadlines, add } = byHand()
    add("later", 30)
    add("soon", 10)
    add("between", 20)
    expect(armed).toEqual([30, 10])
    deadlines.ring(20)
    expect(fired).toEqual(["soon", "between"])
    expect(armed).toEqual([30, 10, 30])
    deadlines.ring(30)
    expect(fired).toEqual(["soon", "between", "later"])
    expect(deadlines.size).toBe(0)
  })

  it("that were given up never fire, and are forgotten with the next ring", () => {
    const { fired, deadlines, add } = byHand()
    const giveUp = add("given up", 10)
    add("kept", 500)
    giveUp()
    deadlines.ring(10)
    expect(fired).toEqual([])
    expect(deadlines.size).toBe(1)
  })

  it("that were given up are forgotten together, long before their time", () => {
    const { deadlines, add } = byHand()
    add("kept", 30_000)
    for (let index = 0; index < 1_000; index++) add("answered", 30_000)()
    expect(deadlines.size).toBeLessThan(140)
    deadlines.ring(30_000)
    expect(deadlines.size).toBe(0)
  })

  it("may be added and given up while others fire", () => {
    const fired: Array<string> = []
    const armed: Array<number> = []
    const deadlines = new Deadlines.Deadlines((atMs) => armed.push(atMs))
    let giveUpSecond = (): void => undefined
    deadlines.add(10, () => {
      fired.push("first")
      giveUpSecond()
      deadlines.add(15, () => fired.push("third"))
    })
    giveUpSecond = deadlines.add(10, () => fired.push("second"))
    deadlines.ring(10)
    deadlines.ring(15)
    expect(fired).toEqual(["first", "third"])
    expect(armed).toEqual([10, 15])
  })

  it("are kept by one sleeper on the clock", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const fired: Array<number> = []
          const deadlines = yield* Deadlines.make
          for (const atMs of [300, 100, 200]) deadlines.add(atMs, () => fired.push(atMs))
          yield* TestClock.adjust(150)
          expect(fired).toEqual([100])
          yield* TestClock.adjust(1_000)
          expect(fired).toEqual([100, 200, 300])
        })
      ).pipe(Effect.provide(TestClock.layer()))
    ))
})
