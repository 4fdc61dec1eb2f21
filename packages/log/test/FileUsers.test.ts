/** The end of a log that is read. */
import { Disk } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
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
