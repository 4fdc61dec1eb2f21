import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import * as NodeScheduler from "../src/node/NodeScheduler.ts"

/** A scheduler whose turns the test begins, and whose time passes only when the test says so. */
const byHand = () => {
  const turns: Array<() => void> = []
  let nowMs = 0
  const scheduler = NodeScheduler.make(
    (turn) => turns.push(turn),
    () => nowMs
  )
  const turn = () => turns.shift()?.()
  const pass = (ms: number): void => {
    nowMs += ms
  }
  return { turns, turn, scheduler, pass }
}

/** Yields `times` times, noting each. */
const yielding = (name: string, times: number, noted: Array<string>): Effect.Effect<void> =>
  times === 0
    ? Effect.void
    : Effect.andThen(Effect.yieldNow, () => {
        noted.push(name)
        return yielding(name, times - 1, noted)
      })

describe("the live scheduler", () => {
  it("goes on within the turn with what the turn has scheduled, fiber by fiber", () => {
    const { turns, turn, scheduler } = byHand()
    const noted: Array<string> = []
    Effect.runFork(yielding("one", 3, noted), { scheduler })
    Effect.runFork(yielding("other", 2, noted), { scheduler })
    expect(noted).toEqual([])
    turn()
    expect(noted).toEqual(["one", "other", "one", "other", "one"])
    expect(turns.length).toBe(0)
  })

  it("leaves the rest to the next turn when a fiber goes on and on", () => {
    const { turns, turn, scheduler } = byHand()
    const noted: Array<string> = []
    const fiber = Effect.runFork(yielding("busy", 1_000, noted), { scheduler })
    turn()
    expect(noted.length).toBe(NodeScheduler.roundsPerTurn)
    expect(turns.length).toBe(1)
    turn()
    expect(noted.length).toBe(2 * NodeScheduler.roundsPerTurn)
    Effect.runFork(Fiber.interrupt(fiber))
  })

  it("leaves the rest to the next turn when its time is over, and takes a round whole", () => {
    const { turns, turn, scheduler, pass } = byHand()
    const noted: Array<string> = []
    const step = (name: string) =>
      Effect.sync(() => {
        noted.push(name)
        pass(NodeScheduler.turnLimitMs / 2)
      })
    const slow = (name: string) =>
      Effect.runFork(Effect.forever(Effect.andThen(Effect.yieldNow, step(name))), { scheduler })
    const fibers = [slow("one"), slow("other")]
    turn()
    expect(noted).toEqual(["one", "other"])
    expect(turns.length).toBe(1)
    turn()
    expect(noted).toEqual(["one", "other", "one", "other"])
    for (const fiber of fibers) Effect.runFork(Fiber.interrupt(fiber))
  })

  it("runs what is behind a task that throws", () => {
    const { turns, turn, scheduler } = byHand()
    const noted: Array<string> = []
    const schedule = (task: () => void) => scheduler.makeDispatcher().scheduleTask(task, 0)
    schedule(() => {
      throw new Error("a broken task")
    })
    schedule(() => noted.push("behind"))
    expect(turn).toThrow("a broken task")
    expect(turns.length).toBe(1)
    turn()
    expect(noted).toEqual(["behind"])
  })

  it("does not run what was given up", () => {
    const { turn, scheduler } = byHand()
    const noted: Array<string> = []
    const dispatcher = scheduler.makeDispatcher()
    dispatcher.scheduleTask(() => noted.push("at once"), 0)
    dispatcher.flush()
    turn()
    expect(noted).toEqual(["at once"])
  })

  it("lets sockets and timers have their turn", async () => {
    const fiber = Effect.runFork(Effect.forever(Effect.yieldNow), { scheduler: NodeScheduler.make() })
    const heard = await new Promise((resolve) => setTimeout(resolve, 1, "the timer"))
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(heard).toBe("the timer")
  })
})
