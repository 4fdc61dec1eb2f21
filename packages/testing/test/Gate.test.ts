/** Tests of a runtime outside run inside a world: in its order, on its time, and no step further than they need. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { assert, describe, it } from "vitest"
import { Gate } from "../src/Gate.ts"
import { worldEpochMs } from "../src/SimClock.ts"
import { World } from "../src/World.ts"

const makeGate = (seed: number) => {
  const world = new World({ seed })
  const ticker = world.process(world.machine("other"), "other")
  const tick = Effect.forever(Effect.sleep(50))
  ticker.run(tick, () => undefined)
  const exits: Array<Exit.Exit<unknown, unknown>> = []
  const home = world.process(world.machine("test"), "test")
  const gate = new Gate({ world, home, onExit: (exit) => exits.push(exit) })
  const run = <A, E>(effect: Effect.Effect<A, E>): Promise<Exit.Exit<A, E>> =>
    Effect.runPromiseExit(Effect.provide(effect, gate.context))
  return { world, gate, run, exits }
}

const minutes = Effect.gen(function* () {
  const before = yield* Clock.currentTimeMillis
  const done = yield* Deferred.make<string>()
  yield* Effect.forkChild(Effect.andThen(Effect.sleep("3 minutes"), Deferred.succeed(done, "late")))
  const drawn = yield* Stream.range(1, 5).pipe(
    Stream.mapEffect(() => Effect.tap(Random.nextInt, () => Effect.sleep("10 seconds")), { concurrency: 2 }),
    Stream.runCollect
  )
  const said = yield* Deferred.await(done)
  return { drawn, said, tookMs: (yield* Clock.currentTimeMillis) - before }
})

describe("a gate", () => {
  it("runs a guest in the world: its time, its chance, its order, the same again with the same seed", async () => {
    const one = makeGate(5)
    const first = Exit.getSuccess(await one.run(minutes))
    assert.isTrue(first._tag === "Some" && first.value.said === "late" && first.value.tookMs >= 180_000)
    const again = makeGate(5)
    assert.deepStrictEqual(Exit.getSuccess(await again.run(minutes)), first)
    assert.strictEqual(again.world.hash, one.world.hash)
    const other = makeGate(6)
    await other.run(minutes)
    assert.notStrictEqual(other.world.hash, one.world.hash)
  })

  it("lets time pass where a test moves its clock", async () => {
    const { world, run } = makeGate(5)
    const moves = Effect.andThen(TestClock.adjust("1 minute"), TestClock.setTime(worldEpochMs + 180_000))
    assert.isTrue(Exit.isSuccess(await run(moves)))
    assert.approximately(world.nowMs, 180_000, 1)
  })

  it("stops the world with the step at which the last guest leaves, whatever the outside does meanwhile", async () => {
    const hashes = new Set<string>()
    for (const waitMs of [0, 5, 30]) {
      const { world, run } = makeGate(9)
      await run(Effect.sleep("1 second"))
      const steps = world.steps
      await new Promise((resume) => setTimeout(resume, waitMs))
      assert.strictEqual(world.steps, steps)
      await run(Effect.sleep("1 second"))
      hashes.add(world.hash)
    }
    assert.strictEqual(hashes.size, 1)
  })

  it("goes on for what a guest leaves behind only while somebody is there", async () => {
    const { world, run } = makeGate(2)
    let ticks = 0
    const background = Effect.forever(
      Effect.andThen(
        Effect.sleep(10),
        Effect.sync(() => ticks++)
      )
    )
    await run(Effect.forkDetach(background))
    const { nowMs } = world
    await new Promise((resume) => setTimeout(resume, 5))
    assert.strictEqual(world.nowMs, nowMs)
    await run(Effect.sleep(1_000))
    assert.approximately(ticks, 100, 2)
  })

  it("goes on until the children that a guest leaves behind have ended, with all that they have to finish", async () => {
    const { world, run } = makeGate(6)
    let finishedMs = 0
    const finish = Effect.andThen(
      Effect.sleep("2 seconds"),
      Effect.sync(() => {
        finishedMs = world.nowMs
      })
    )
    const child = Effect.onExit(Effect.sleep("1 hour"), () => finish)
    await run(Effect.andThen(Effect.forkChild(child), Effect.sleep("1 second")))
    assert.approximately(finishedMs, 3_000, 1)
    assert.approximately(world.nowMs, 3_000, 1)
  })

  it("tells how a guest has ended, and nothing of those that were born inside", async () => {
    const { run, exits } = makeGate(3)
    const child = Effect.exit(Effect.andThen(Effect.sleep(5), Effect.fail("child")))
    const exit = await run(Effect.andThen(Effect.forkChild(child), Effect.andThen(Effect.sleep(10), Effect.fail("no"))))
    assert.deepStrictEqual(exit, Exit.fail("no"))
    assert.deepStrictEqual(exits, [Exit.fail("no")])
  })

  it("keeps a native promise that a guest waits for, and says so when it is never kept", async () => {
    const { run } = makeGate(4)
    const kept = Effect.promise(() => new Promise<string>((resume) => setTimeout(() => resume("kept"), 5)))
    assert.deepStrictEqual(await run(kept), Exit.succeed("kept"))
    const never = await run(Effect.promise(() => new Promise<string>(() => undefined)))
    assert.isTrue(Exit.isFailure(never))
    assert.match(String(never), /Deadlock with seed 4.*native promise/s)
  })

  it("lets a guest be interrupted from outside, whose finalizers still run inside", async () => {
    const { world, gate } = makeGate(8)
    let finalizedMs = 0
    const guest = Effect.onExit(Effect.sleep("1 day"), () =>
      Effect.andThen(
        Effect.sleep("1 minute"),
        Effect.sync(() => {
          finalizedMs = world.nowMs
        })
      )
    )
    const fiber = Effect.runFork(Effect.provide(guest, gate.context))
    await new Promise((resume) => setTimeout(resume, 5))
    const interruptedMs = world.nowMs
    fiber.interruptUnsafe()
    await new Promise<void>((resume) => fiber.addObserver(() => resume()))
    assert.isAtLeast(finalizedMs, interruptedMs + 60_000)
  })

  it("runs what comes after the end outside", async () => {
    const { gate, run } = makeGate(1)
    gate.close()
    assert.deepStrictEqual(await run(Effect.as(Effect.yieldNow, "out")), Exit.succeed("out"))
  })
})
