/** The end of a log that is read, and readers that are interrupted. */
import { Disk } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import { expect, it } from "vitest"
import { Log } from "../src/Log.ts"
import { batch, decompression, entriesOf, options, run } from "./support/build.ts"
import { FakeDisk, Gate } from "./support/FakeDisk.ts"

const request = {
  offset: 0,
  maxBytes: 1_000,
  upToOffset: 2,
  minOneBatch: true,
  allocate: (bytes: number) => new Uint8Array(bytes)
}

it("waits for those who read its files, and lets nobody begin", async () => {
  const disk = new FakeDisk()
  const gate = new Gate(disk)
  const story = Effect.gen(function* () {
    const log = yield* Log.open(options())
    yield* log.append(entriesOf([batch({ baseOffset: 0, count: 2 })]).entries, 0)
    gate.isClosed = true
    const reading = yield* Effect.forkChild(log.read(request), { startImmediately: true })
    const ending = yield* Effect.forkChild(log.abandon, { startImmediately: true })
    // The one that reads still waits; no other would.
    gate.isClosed = false
    const late = yield* log.read(request)
    const search = yield* log.offsetForTimestamp(0, 2, decompression)
    const openMeanwhile = disk.openFiles
    yield* gate.open
    const read = yield* Fiber.join(reading)
    yield* Fiber.join(ending)
    return { read: read === "none" ? read : read.startOffset, late, search, openMeanwhile, openAfter: disk.openFiles }
  })
  expect(await run(Effect.scoped(Effect.provideService(story, Disk, gate.service)))).toEqual({
    read: 0,
    late: "none",
    search: undefined,
    openMeanwhile: 1,
    openAfter: 0
  })
  expect(disk.closedUses).toEqual([])
})

/** So many steps at a time, of which some are its own; with another number it rests elsewhere. */
const stepsAtATime = [3, 4, 5]

/** Begins it anew again and again, each time interrupted a little later, until it is over first; answers how often. */
const interruptedEverywhere = <A, E>(effect: Effect.Effect<A, E>, stepsOfTurn: number) =>
  Effect.gen(function* () {
    const steps = Effect.provideService(effect, References.MaxOpsBeforeYield, stepsOfTurn)
    for (let turns = 0; ; turns++) {
      const fiber = yield* Effect.forkChild(steps, { startImmediately: true })
      for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
      if (fiber.pollUnsafe() !== undefined) return turns
      yield* Fiber.interrupt(fiber)
    }
  })

it("has been left by those who were interrupted, at whatever moment", async () => {
  const disk = new FakeDisk()
  const story = Effect.gen(function* () {
    const log = yield* Log.open(options())
    yield* log.append(entriesOf([batch({ baseOffset: 0, count: 2 })]).entries, 0)
    const moments: Array<number> = []
    for (const steps of stepsAtATime) {
      moments.push(yield* interruptedEverywhere(log.read(request), steps))
      moments.push(yield* interruptedEverywhere(log.offsetForTimestamp(0, 2, decompression), steps))
    }
    yield* log.abandon
    return { moments, openAfter: disk.openFiles }
  })
  const { moments, openAfter } = await run(Effect.scoped(Effect.provideService(story, Disk, disk.service)))
  expect(Math.min(...moments)).toBeGreaterThan(5)
  expect(openAfter).toBe(0)
})
