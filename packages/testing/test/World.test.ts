/** The world itself: the same seed goes the same way, each other one another way, and what can't go on is told. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import { assert, describe, it } from "vitest"
import { World, WorldError } from "../src/World.ts"

/** Three fibers that sleep for random times and tell each other. */
const chatter = (world: World, wait: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function* () {
    const inboxes = yield* Effect.forEach([0, 1, 2], () => Queue.unbounded<string>())
    const speak = (id: number) =>
      Effect.gen(function* () {
        for (let turn = 0; turn < 20; turn++) {
          yield* Effect.sleep(yield* Random.nextIntBetween(1, 20))
          yield* wait
          for (const inbox of inboxes) Queue.offerUnsafe(inbox, `${id}.${turn}`)
        }
      })
    const listen = (id: number) =>
      Effect.gen(function* () {
        for (let heard = 0; heard < 60; heard++) world.tell(String(id), yield* Queue.take(inboxes[id]!))
      })
    const fibers = yield* Effect.forEach(
      [0, 1, 2].flatMap((id) => [speak(id), listen(id)]),
      (each) => Effect.forkChild(each)
    )
    for (const fiber of fibers) yield* Fiber.join(fiber)
  })

const hashOf = (seed: number, disorder = 1): string => {
  const world = new World({ seed, disorder })
  assert.isTrue(Exit.isSuccess(world.run(chatter(world))))
  return world.hash
}

describe("a world", () => {
  it("goes the same way with the same seed and another way with each other one", () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) hashes.add(hashOf(seed))
    assert.strictEqual(hashes.size, 200)
    assert.strictEqual(hashOf(7), hashOf(7))
    assert.notStrictEqual(hashOf(7), hashOf(7, 0), "the order of steps is drawn too")
  })

  it("takes a native promise for a deadlock, and names the seed", () => {
    const world = new World({ seed: 7 })
    const promised = chatter(
      world,
      Effect.promise(() => Promise.resolve(1))
    )
    assert.throws(() => world.run(promised), /Deadlock with seed 7/)
  })

  it("ends what runs in circles", () => {
    const world = new World({ seed: 3, maxSteps: 10_000 })
    assert.throws(() => world.run(Effect.forever(Effect.yieldNow)), /Livelock with seed 3/)
  })

  it("says which seed made a step throw", () => {
    const world = new World({ seed: 5 })
    const process = world.process(world.machine("one"), "one")
    world.after(process, 1, () => {
      throw new Error("broken")
    })
    assert.throws(() => world.run(Effect.sleep(10)), WorldError)
  })

  it("never runs a dead process again, not even its finalizers, while others go on", () => {
    const world = new World({ seed: 1 })
    const [one, other] = ["one", "other"].map((name) => world.process(world.machine(name), name))
    const seen: Array<string> = []
    const tick = (name: string) =>
      Effect.ensuring(
        Effect.forever(
          Effect.andThen(
            Effect.sleep(10),
            Effect.sync(() => seen.push(name))
          )
        ),
        Effect.sync(() => seen.push("finalized"))
      )
    one!.run(tick("one"), () => seen.push("ended"))
    other!.run(tick("other"), () => seen.push("ended"))
    world.after(one!, 35, () => one!.kill())
    world.run(Effect.sleep(100))
    assert.strictEqual(seen.filter((name) => name === "one").length, 3)
    assert.isAtLeast(seen.filter((name) => name === "other").length, 8)
    assert.notInclude(seen, "finalized")
  })

  it("holds a paused process still, and lets it go on where it was", () => {
    const world = new World({ seed: 1 })
    const process = world.process(world.machine("one"), "one")
    const at: Array<number> = []
    const tick = Effect.andThen(
      Effect.sleep(10),
      Effect.sync(() => at.push(world.nowMs))
    )
    process.run(Effect.forever(tick), () => undefined)
    const script = Effect.gen(function* () {
      yield* Effect.sleep(35)
      process.pause()
      yield* Effect.sleep(1_000)
      process.resume()
      yield* Effect.sleep(25)
    })
    world.run(script)
    assert.isEmpty(at.filter((moment) => moment > 36 && moment < 1_035))
    assert.isAtLeast(at.filter((moment) => moment >= 1_035).length, 2)
  })

  it("has clocks that jump and drift; sleeping follows the rate alone", () => {
    const world = new World({ seed: 1 })
    const machine = world.machine("one")
    const process = world.process(machine, "one")
    const wallBefore = machine.time.wallMs
    const monotonicBefore = machine.time.monotonicMs
    machine.time.jump(-3_600_000)
    machine.time.drift(2)
    let wokenAt = 0
    process.run(Effect.sleep(1_000), () => {
      wokenAt = world.nowMs
    })
    world.run(Effect.sleep(2_000))
    assert.approximately(wokenAt, 500, 1)
    assert.approximately(machine.time.monotonicMs - monotonicBefore, 4_000, 1)
    assert.approximately(machine.time.wallMs - wallBefore, 4_000 - 3_600_000, 1)
    machine.time.correct()
    assert.approximately(machine.time.wallMs, wallBefore + world.nowMs, 1)
  })

  it("gives each process its own chance from the seed", () => {
    const drawn = (seed: number) => {
      const world = new World({ seed })
      return Exit.getSuccess(world.run(Effect.all([Random.next, Random.nextInt])))
    }
    assert.deepStrictEqual(drawn(1), drawn(1))
    assert.notDeepEqual(drawn(1), drawn(2))
  })

  it("resumes who waits for another fiber in the same process", () => {
    const world = new World({ seed: 2 })
    const program = Effect.gen(function* () {
      const deferred = yield* Deferred.make<number>()
      yield* Effect.forkChild(Effect.andThen(Effect.sleep(5), Deferred.succeed(deferred, 5)))
      return yield* Deferred.await(deferred)
    })
    assert.deepStrictEqual(world.run(program), Exit.succeed(5))
  })
})
