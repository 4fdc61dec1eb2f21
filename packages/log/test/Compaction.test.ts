/** Compaction: what a pass may touch, what it leaves, and that a crash in it loses nothing. */
import { Disk } from "@klamm/platform"
import { iterateRecords } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { Log } from "../src/Log.ts"
import type { LogConfig } from "../src/LogConfig.ts"
import * as ProducerState from "../src/ProducerState.ts"
import {
  config,
  decompression,
  directory,
  entriesOf,
  hex,
  keyed,
  marker,
  openLog,
  options as openOptions,
  quietly,
  readAll,
  run
} from "./support/build.ts"
import { FakeDisk, Gate } from "./support/FakeDisk.ts"
import { chance } from "./support/random.ts"

const compacting = (changes: Partial<LogConfig> = {}) =>
  config({
    cleanupPolicy: { compact: true, delete: false },
    minCleanableDirtyRatio: 0,
    deleteRetentionMs: 1000,
    indexIntervalBytes: 100,
    ...changes
  })

type Pairs = ReadonlyArray<readonly [string, string | null]>

const options = (producers = ProducerState.empty, dedupeBufferBytes = 1 << 20) => ({
  producers,
  decompression,
  dedupeBufferBytes
})

/** A log with one segment per list of batches; the last one is active. */
const segmented = async (
  segments: ReadonlyArray<ReadonlyArray<Uint8Array>>,
  changes: Partial<LogConfig> = {},
  disk = new FakeDisk()
) => {
  const rules = compacting(changes)
  const { log, kill } = await openLog(disk, { config: () => rules })
  let producers = ProducerState.empty
  for (const [index, batches] of segments.entries()) {
    if (index > 0) await run(log.roll(producers, 0))
    const { entries, after } = entriesOf(batches, producers)
    await run(log.append(entries, 0))
    producers = after
  }
  return { disk, log, kill, producers, rules }
}

/** Every record left, as `offset key=value`; an emptied batch as `base..last`. */
const contents = async (log: Log): Promise<ReadonlyArray<string>> => {
  const decoder = new TextDecoder()
  return (await readAll(log)).flatMap((bytes) => {
    const base = RecordBatch.baseOffset(bytes, 0)
    if (RecordBatch.count(bytes, 0) === 0) return [`${base}..${RecordBatch.lastOffset(bytes, 0)}`]
    if (RecordBatch.isControl(bytes, 0)) return [`${base} marker`]
    return [...iterateRecords(bytes, 0, decompression)].map(
      ({ key, value, offsetDelta }) =>
        `${base + offsetDelta} ${decoder.decode(key ?? undefined)}=${value === null ? "-" : decoder.decode(value)}`
    )
  })
}

const pairs = (text: string): Pairs =>
  text.split(" ").map((pair) => {
    const [key = "", value = ""] = pair.split("=")
    return [key, value === "-" ? null : value] as const
  })

const filler = (baseOffset: number, timestamp = 1000) => keyed(baseOffset, [["filler", "x"]], { timestamp })

describe("a cleaning pass", () => {
  it("behaviour 164: keeps the newest of each key under its old offset, in order", async () => {
    const { log } = await segmented([
      [keyed(0, pairs("a=1 b=1 c=1")), keyed(3, pairs("a=2 d=1"))],
      [keyed(5, pairs("b=2 a=3"))],
      [keyed(7, pairs("a=4"))]
    ])
    await run(log.clean(0, 8, options()))
    expect(await contents(log)).toEqual(["2 c=1", "4 d=1", "5 b=2", "6 a=3", "7 a=4"])
    expect([log.cleanedOffset, log.logEndOffset, log.logStartOffset]).toEqual([7, 8, 0])
  })

  it("behaviour 164: leaves the active segment and what is not yet stable", async () => {
    const segments = [[keyed(0, pairs("a=1"))], [keyed(1, pairs("a=2"))], [keyed(2, pairs("a=3"))], [filler(3)]]
    const { log } = await segmented(segments)
    await run(log.clean(0, 2, options()))
    expect(await contents(log)).toEqual(["1 a=2", "2 a=3", "3 filler=x"])
    expect(log.cleanedOffset).toBe(2)
  })

  it("behaviour 164: leaves what is younger than min.compaction.lag.ms", async () => {
    const { log } = await segmented(
      [
        [keyed(0, pairs("a=1"), { timestamp: 100 })],
        [keyed(1, pairs("a=2"), { timestamp: 200 })],
        [keyed(2, pairs("a=3"), { timestamp: 300 })],
        [filler(3, 400)]
      ],
      { minCompactionLagMs: 50 }
    )
    await run(log.clean(310, 4, options()))
    expect(log.cleanedOffset).toBe(2)
    expect(await contents(log)).toEqual(["1 a=2", "2 a=3", "3 filler=x"])
  })

  it("behaviour 165: a tombstone stays until delete.retention.ms after the first pass that saw it", async () => {
    const disk = new FakeDisk()
    const old = 1_600_000_000_000
    const { log } = await segmented(
      [[keyed(0, pairs("a=1 b=1"))], [keyed(2, pairs("a=- c=1"), { timestamp: old })], [filler(4)]],
      {},
      disk
    )
    const now = 1_790_000_000_000
    await run(log.clean(now, 5, options()))
    expect(await contents(log)).toEqual(["1 b=1", "2 a=-", "3 c=1", "4 filler=x"])
    const [, withTombstone] = await readAll(log)
    expect(RecordBatch.hasDeleteHorizon(withTombstone!, 0)).toBe(true)
    expect(RecordBatch.baseTimestamp(withTombstone!, 0)).toBe(now + 1000)
    expect([...iterateRecords(withTombstone!, 0, decompression)].map((one) => one.timestampDelta)).toEqual([
      old - now - 1000,
      old - now - 1000
    ])
    const again = async (at: number, base: number) => {
      await run(log.roll(ProducerState.empty, 0))
      await run(log.append(entriesOf([filler(base)]).entries, 0))
      await run(log.clean(at, base + 1, options()))
      return contents(log)
    }
    expect(await again(now + 999, 5)).toContain("2 a=-")
    expect(await again(now + 1000, 6)).toEqual(["1 b=1", "3 c=1", "5 filler=x", "6 filler=x"])
  })

  it("behaviour 166: aborted data goes, and its marker stays until the data is gone and its time has passed", async () => {
    const transactional = { producerId: 9, producerEpoch: 0, isTransactional: true }
    const { log, producers } = await segmented([
      [keyed(0, pairs("a=1 b=1")), keyed(2, pairs("a=bad b=bad"), { ...transactional, baseSequence: 0 })],
      [marker(4, 9, 0, false), keyed(5, pairs("c=1"), { ...transactional, baseSequence: 2 }), marker(6, 9, 0, true)],
      [keyed(7, pairs("c=2")), filler(8)],
      [filler(9)]
    ])
    await run(log.clean(100, 10, options()))
    expect(await contents(log)).toEqual(["0 a=1", "1 b=1", "4 marker", "6 marker", "7 c=2", "8 filler=x", "9 filler=x"])
    expect((await run(log.abortedTransactions(0, 9))).length).toBe(1)
    const again = async (at: number, base: number) => {
      await run(log.roll(producers, 0))
      await run(log.append(entriesOf([filler(base)]).entries, 0))
      await run(log.clean(at, base + 1, options()))
      return (await contents(log)).filter((line) => line.endsWith("marker"))
    }
    expect(await again(200, 10)).toEqual(["4 marker", "6 marker"])
    expect(await again(1199, 11)).toEqual(["4 marker", "6 marker"])
    expect(await again(1200, 12)).toEqual([])
    expect(await run(log.abortedTransactions(0, 9))).toEqual([])
  })

  it("behaviour 167: a thinned batch keeps its offsets, the last one of the range stays though empty", async () => {
    const { log } = await segmented([
      [keyed(0, pairs("a=1 b=1 a=2 c=1")), keyed(4, pairs("d=1 d=2 e=1"))],
      [keyed(7, pairs("f=1 e=2"))],
      [keyed(9, pairs("f=2 e=3")), filler(11)],
      [filler(12)]
    ])
    await run(log.clean(0, 9, options()))
    expect(await contents(log)).toEqual([
      "1 b=1",
      "2 a=2",
      "3 c=1",
      "5 d=2",
      "7 f=1",
      "8 e=2",
      "9 f=2",
      "10 e=3",
      "11 filler=x",
      "12 filler=x"
    ])
    const [first, second] = await readAll(log)
    expect([RecordBatch.baseOffset(first!, 0), RecordBatch.lastOffset(first!, 0)]).toEqual([0, 3])
    expect([RecordBatch.baseOffset(second!, 0), RecordBatch.lastOffset(second!, 0)]).toEqual([4, 6])
    const { log: other } = await segmented([
      [keyed(0, pairs("a=1")), keyed(1, pairs("b=1 b=2"))],
      [keyed(3, pairs("b=-"))],
      [filler(4)]
    ])
    await run(other.clean(0, 5, options()))
    await run(other.roll(ProducerState.empty, 0))
    expect(await contents(other)).toEqual(["0 a=1", "3 b=-", "4 filler=x"])
  })

  it("behaviour 069: the last batch of an active producer stays, emptied, so that its sequence survives", async () => {
    const idempotent = { producerId: 5, producerEpoch: 2 }
    const { log, disk, producers, kill, rules } = await segmented([
      [
        keyed(0, pairs("a=1"), { ...idempotent, baseSequence: 0 }),
        keyed(1, pairs("a=2 a=3"), { ...idempotent, baseSequence: 1 })
      ],
      [keyed(3, pairs("a=4"))],
      [filler(4)]
    ])
    await run(log.clean(0, 5, options(producers)))
    expect(await contents(log)).toEqual(["1..2", "3 a=4", "4 filler=x"])
    await kill()
    for (const name of disk.names(directory)) if (name.endsWith(".snapshot")) disk.files.delete(`${directory}/${name}`)
    const again = await openLog(disk, { config: () => rules, cleanShutdown: false })
    const next = { producerId: 5, producerEpoch: 2, firstSequence: 3, lastSequence: 3, isTransactional: false }
    const repeat = { ...next, firstSequence: 1, lastSequence: 2 }
    expect(ProducerState.check(again.log.recoveredProducers, next)).toMatchObject({ _tag: "Accepted" })
    expect(ProducerState.check(again.log.recoveredProducers, repeat)).toMatchObject({
      _tag: "Duplicate",
      baseOffset: 1
    })
  })

  it("goes only as far as its keys fit, and on from there the next time", async () => {
    const many = Array.from({ length: 40 }, (_, index) => keyed(index, [[`k${index % 20}`, `${index}`]]))
    const { log } = await segmented([many.slice(0, 30), many.slice(30), [filler(40)]])
    const narrow = options(ProducerState.empty, 10 * 70)
    await run(log.clean(0, 41, narrow))
    expect(log.cleanedOffset).toBe(10)
    for (let pass = 0; pass < 5; pass++) await run(log.clean(0, 41, narrow))
    expect(log.cleanedOffset).toBe(40)
    const expected = Array.from({ length: 20 }, (_, index) => `${20 + index} k${index}=${20 + index}`)
    expect(await contents(log)).toEqual([...expected, "40 filler=x"])
  })

  it("does nothing without the policy, below the dirty ratio, or twice", async () => {
    const segments = [[keyed(0, pairs("a=1"))], [keyed(1, pairs("a=2"))], [filler(2)]]
    const deleting = await segmented(segments, { cleanupPolicy: { compact: false, delete: true } })
    expect((await run(deleting.log.clean(0, 3, options()))).cleaned).toBe(false)
    const { log } = await segmented(segments, { minCleanableDirtyRatio: 0.5 })
    expect(await run(log.clean(0, 3, options()))).toMatchObject({ cleaned: true, dirtyRatio: 1 })
    expect(await run(log.clean(0, 3, options()))).toMatchObject({ cleaned: false, dirtyRatio: 0 })
  })

  it("merges small segments, and readers find everything as before", async () => {
    const { log } = await segmented(
      [...Array.from({ length: 8 }, (_, index) => [keyed(index, [[`k${index % 3}`, `${index}`]])]), [filler(8)]],
      { segmentBytes: 200 }
    )
    expect(log.segmentBaseOffsets.length).toBe(9)
    await run(log.clean(0, 9, options()))
    expect(log.segmentBaseOffsets).toEqual([0, 2, 4, 6, 8])
    expect(await contents(log)).toEqual(["5 k2=5", "6 k0=6", "7 k1=7", "8 filler=x"])
  })
})

describe("a crash during cleaning", () => {
  const story = async (disk: FakeDisk) => {
    const random = chance(11)
    const segments = Array.from({ length: 5 }, (_, segment) =>
      Array.from({ length: 6 }, (_, index) => {
        const base = segment * 12 + index * 2
        return keyed(
          base,
          [0, 1].map(() => [`k${random.below(9)}`, random.below(5) === 0 ? null : `${base}`] as const)
        )
      })
    )
    return segmented([...segments, [filler(60)]], { segmentBytes: 1200 }, disk)
  }

  /** The newest of each key; a key whose newest is a tombstone counts as gone. */
  const newest = async (log: Log) => {
    const values = new Map<string, string>()
    for (const line of await contents(log)) {
      const [offset, pair = ""] = line.split(" ")
      const [key = "", value = ""] = pair.split("=")
      values.set(key, `${offset} ${value}`)
    }
    return new Map([...values].filter(([, value]) => !value.endsWith("-")).sort())
  }

  it.each([true, false])(
    "at any operation leaves a log with the same newest values (power cut: %s)",
    async (powerCut) => {
      let done = false
      for (let failAt = 0; !done; failAt++) {
        const disk = new FakeDisk()
        const { log, kill, rules } = await story(disk)
        const before = await newest(log)
        const original = new Set((await readAll(log)).map((bytes) => RecordBatch.baseOffset(bytes, 0)))
        await run(log.flush)
        let operations = 0
        disk.fault = () => (operations++ >= failAt ? "Io" : undefined)
        const exit = await Effect.runPromiseExit(quietly(log.clean(0, 61, options())))
        done = exit._tag === "Success"
        disk.fault = () => undefined
        if (!done) expect(await newest(log)).toEqual(before)
        await kill()
        if (powerCut) disk.tornPowerLoss(chance(failAt).next)
        const again = await openLog(disk, { config: () => rules, cleanShutdown: false })
        expect(await newest(again.log)).toEqual(before)
        expect(again.log.logEndOffset).toBe(61)
        for (const bytes of await readAll(again.log)) expect(original).toContain(RecordBatch.baseOffset(bytes, 0))
        const left = disk.names(directory).filter((name) => /\.(cleaned|swap|deleted)$/.test(name))
        expect(left).toEqual([])
        await run(again.log.clean(0, 61, options()))
        expect(await newest(again.log)).toEqual(before)
        await again.kill()
      }
    }
  )
})

describe("a pass and the rest of the log", () => {
  /** Begins a pass, lets it wait for its first read, does something meanwhile, and lets it go on. */
  const meanwhile = async <A, E>(action: (log: Log) => Effect.Effect<A, E>) => {
    const disk = new FakeDisk()
    const gate = new Gate(disk)
    const rules = compacting({ fileDeleteDelayMs: 0 })
    const story = Effect.gen(function* () {
      const log = yield* Log.open(openOptions({ config: () => rules }))
      for (let base = 0; base < 12; base += 3) {
        const batches = [keyed(base, pairs("a=1 b=1")), keyed(base + 2, pairs("a=2"))]
        yield* log.append(entriesOf(batches).entries, 0)
        yield* log.roll(ProducerState.empty, 0)
      }
      yield* log.append(entriesOf([filler(12)]).entries, 0)
      gate.isClosed = true
      const pass = yield* Effect.forkChild(log.clean(0, 13, options()), { startImmediately: true })
      const answer = yield* action(log)
      yield* gate.open
      return { answer, result: yield* Fiber.join(pass), left: yield* Effect.promise(() => contents(log)) }
    })
    const done = await run(Effect.scoped(Effect.provideService(story, Disk, gate.service)))
    return { ...done, names: disk.names(directory) }
  }

  const cleaned = ["10 b=1", "11 a=2", "12 filler=x"]

  it("appends and flushes do not wait for it", async () => {
    const { answer, result, left } = await meanwhile((log) =>
      Effect.andThen(log.append(entriesOf([filler(13)]).entries, 0), log.flush)
    )
    expect([answer, result.cleaned]).toEqual([14, true])
    expect(left).toEqual([...cleaned, "13 filler=x"])
  })

  it("a deletion that overtakes it wins, and it leaves no trace", async () => {
    const { answer, result, left, names } = await meanwhile((log) =>
      Effect.andThen(log.deleteRecordsBefore(6), log.deleteOldSegments(0, 13)).pipe(
        Effect.tap(() => log.removeDeleted(0))
      )
    )
    expect([answer, result.cleaned]).toEqual([2, false])
    expect(left).toEqual(["6 a=1", "7 b=1", "8 a=2", "9 a=1", "10 b=1", "11 a=2", "12 filler=x"])
    expect(names.filter((name) => /\.(cleaned|swap)$/.test(name))).toEqual([])
  })
})

describe("a damaged batch", () => {
  it("ends the pass with an error and leaves the log as it was", async () => {
    const { log, disk } = await segmented([[keyed(0, pairs("a=1 b=1"))], [keyed(2, pairs("a=2"))], [filler(3)]])
    const path = `${directory}/00000000000000000000.log`
    const bytes = disk.bytes(path)
    bytes[RecordBatch.headerBytes] = 0xff
    const before = hex(bytes)
    expect(await run(Effect.flip(log.clean(0, 4, options())))).toMatchObject({ _tag: "CorruptLog", path })
    expect(hex(disk.bytes(path))).toEqual(before)
  })
})
