/** When a log is cleaned: in turns, and not when it ends. */
import { Disk } from "@klamm/platform"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { Log } from "../src/Log.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { config, decompression, directory, entriesOf, keyed, options as openOptions, run } from "./support/build.ts"
import { FakeDisk, Gate } from "./support/FakeDisk.ts"

const rules = config({ cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0 })
const options = { producers: ProducerState.empty, decompression, dedupeBufferBytes: 1 << 20 }
const values = (baseOffset: number, ...keys: ReadonlyArray<string>) =>
  keyed(
    baseOffset,
    keys.map((key) => [key, `${baseOffset}`])
  )

describe("a pass and the end of its log", () => {
  /** Begins a pass, which waits for its first read while the log ends; answers whether it or a later one has cleaned, and what is open. */
  const ending = async <E>(end: (log: Log) => Effect.Effect<void, E>) => {
    const disk = new FakeDisk()
    const gate = new Gate(disk)
    const story = Effect.gen(function* () {
      const log = yield* Log.open(openOptions({ config: () => rules }))
      yield* log.append(entriesOf([values(0, "a", "b"), values(2, "a")]).entries, 0)
      yield* log.roll(ProducerState.empty, 0)
      yield* log.append(entriesOf([values(3, "c")]).entries, 0)
      gate.isClosed = true
      const pass = yield* Effect.forkChild(log.clean(0, 4, options), { startImmediately: true })
      yield* end(log)
      yield* gate.open
      const first = yield* Fiber.join(pass)
      return [first.cleaned, (yield* log.clean(0, 4, options)).cleaned, disk.openFiles]
    })
    const results = await run(Effect.scoped(Effect.provideService(story, Disk, gate.service)))
    const written = [...disk.files.keys()].filter((path) => /\.(cleaned|swap)$/.test(path))
    return { results, written, closedUses: disk.closedUses }
  }

  const none = { results: [false, false, 0], written: [], closedUses: [] }

  it("is interrupted by its deletion, and touches none of its files any more", async () => {
    const deleted = (log: Log) => Effect.andThen(log.retire(`${directory}.1-delete`), log.abandon)
    expect(await ending(deleted)).toEqual(none)
  })

  it("is interrupted by a clean end, and by one that leaves all as it is", async () => {
    expect(await ending((log) => log.close(ProducerState.empty))).toEqual(none)
    expect(await ending((log) => log.abandon)).toEqual(none)
  })
})
