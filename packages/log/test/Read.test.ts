import { Disk, type ReadHint } from "@klamm/platform"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Log, type LogRead, type ReadRequest } from "../src/Log.ts"
import { loadedSealedSegments } from "../src/LogState.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { ReadEnds, rememberedEnds } from "../src/ReadEnds.ts"
import { tailBatches } from "../src/TailPositions.ts"
import { batch, config, decompression, directory, entriesOf, openLog, options, readAll, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

/** Batches of `count` records each, all as large as one another. */
const batches = (from: number, number: number, count = 2): ReadonlyArray<Uint8Array> =>
  Array.from({ length: number }, (_, index) =>
    batch({ baseOffset: from + index * count, count, timestamp: 1000 + index * 10 })
  )

const size = batches(0, 1)[0]!.byteLength

const small = () => config({ segmentBytes: size * 4, indexIntervalBytes: size })

const filled = async (number = 10, configured = small) => {
  const disk = new FakeDisk()
  const { log, kill } = await openLog(disk, { config: configured })
  await run(log.append(entriesOf(batches(0, number)).entries, 0))
  return { disk, log, kill }
}

const request = (log: Log, changes: Partial<ReadRequest> = {}): ReadRequest => ({
  offset: 0,
  maxBytes: 1 << 20,
  upToOffset: log.logEndOffset,
  minOneBatch: false,
  allocate: (sizeBytes) => new Uint8Array(sizeBytes),
  ...changes
})

const read = (log: Log, changes: Partial<ReadRequest> = {}) => run(log.read(request(log, changes)))

const offsetsOf = (found: LogRead | "none"): ReadonlyArray<number> | "none" => {
  if (found === "none") return "none"
  const offsets: Array<number> = []
  RecordBatch.forEachBatch(found.bytes, 0, found.bytes.byteLength, (at) => {
    offsets.push(RecordBatch.baseOffset(found.bytes, at))
  })
  return offsets
}

/** The disk with an eye on what is read. */
const spy = (disk: FakeDisk, onRead: (sizeBytes: number, hint: ReadHint | undefined) => void): Disk["Service"] => ({
  ...disk.service,
  open: (path, mode) =>
    Effect.map(disk.service.open(path, mode), (file) => ({
      ...file,
      read: (position, target, hint) => {
        onRead(target.byteLength, hint)
        return file.read(position, target, hint)
      }
    }))
})

describe("reading", () => {
  it("behaviour 074: a batch larger than the limit is answered whole when one batch is owed, else not at all", async () => {
    const { log } = await filled()
    expect(offsetsOf(await read(log, { maxBytes: 1, minOneBatch: true }))).toEqual([0])
    expect(await read(log, { maxBytes: 1 })).toBe("none")
    expect(await read(log, { maxBytes: size - 1 })).toBe("none")
    expect(offsetsOf(await read(log, { maxBytes: size }))).toEqual([0])
  })

  it("behaviour 075: the range may end inside a batch", async () => {
    const { log } = await filled()
    const found = await read(log, { maxBytes: size * 2 + 7 })
    expect(found === "none" ? 0 : found.bytes.byteLength).toBe(size * 2 + 7)
    expect(offsetsOf(found)).toEqual([0, 2])
  })

  it("behaviour 076: whole stored batches, the first beginning at or before the offset asked for", async () => {
    const { log } = await filled()
    for (let offset = 0; offset < log.logEndOffset; offset++) {
      const found = await read(log, { offset, maxBytes: size })
      expect(found).toMatchObject({ startOffset: offset - (offset % 2) })
      expect(offsetsOf(found)).toEqual([offset - (offset % 2)])
    }
  })

  it("behaviour 077: nothing at the bound and beyond", async () => {
    const { log } = await filled()
    expect(await read(log, { offset: log.logEndOffset })).toBe("none")
    expect(await read(log, { offset: 6, upToOffset: 6 })).toBe("none")
    expect(await read(log, { offset: 6, upToOffset: 4 })).toBe("none")
  })

  it("behaviour 078: no batch that reaches the bound, wherever the bound lies", async () => {
    const { log, kill } = await filled(16)
    await kill()
    const { disk } = await filled(16)
    const again = await openLog(disk, { config: small, cleanShutdown: false })
    for (const one of [again.log]) {
      for (let upToOffset = 1; upToOffset <= one.logEndOffset; upToOffset++) {
        for (let offset = 0; offset < upToOffset; offset++) {
          const found = offsetsOf(await read(one, { offset, upToOffset }))
          const first = offset - (offset % 2)
          const end = Math.min(upToOffset - (upToOffset % 2), first - (first % 8) + 8)
          const expected = Array.from({ length: Math.max(0, (end - first) / 2) }, (_, index) => first + index * 2)
          expect(found).toEqual(expected.length === 0 ? "none" : expected)
        }
      }
    }
    expect(log.logEndOffset).toBe(32)
  })

  it("behaviour 079: says when the range ends with an older segment", async () => {
    const { log } = await filled(6)
    expect(log.segmentBaseOffsets).toEqual([0, 8])
    expect(await read(log, { offset: 6 })).toMatchObject({ segmentBaseOffset: 0, endsWait: true })
    expect(await read(log, { offset: 0, maxBytes: size })).toMatchObject({ endsWait: false })
    expect(await read(log, { offset: 8 })).toMatchObject({ segmentBaseOffset: 8, endsWait: false })
  })

  it("answers none when there is no memory, and asks for exactly the bytes it fills", async () => {
    const { log } = await filled()
    expect(await read(log, { allocate: () => undefined })).toBe("none")
    let asked = 0
    const found = await read(log, {
      offset: 4,
      maxBytes: size + 1,
      allocate: (sizeBytes) => {
        asked = sizeBytes
        return new Uint8Array(sizeBytes)
      }
    })
    expect(asked).toBe(size + 1)
    expect(found === "none" ? 0 : found.bytes.byteLength).toBe(asked)
  })

  it("behaviour 085: goes on behind a gap, also one at the end of a segment", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk, { config: small })
    const gapped = [0, 10, 20, 30, 1000].map((baseOffset) => batch({ baseOffset, count: 2 }))
    await run(log.append(entriesOf(gapped).entries, 0))
    expect(log.segmentBaseOffsets).toEqual([0, 32])
    for (const [offset, first] of [
      [2, 10],
      [12, 20],
      [32, 1000],
      [999, 1000]
    ] as const) {
      expect(offsetsOf(await read(log, { offset, maxBytes: size }))).toEqual([first])
    }
  })

  it("finds what has fallen out of the memory of the tail", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    const number = tailBatches + 500
    await run(log.append(entriesOf(batches(0, number)).entries, 0))
    for (const offset of [0, 1, 998, 999, 1000, 1001, 2 * number - 1]) {
      expect(await read(log, { offset, maxBytes: size })).toMatchObject({ startOffset: offset - (offset % 2) })
    }
  })

  it("keeps no more than a few sealed segments open, however many are read", async () => {
    const { disk, log } = await filled(200)
    expect(log.segmentBaseOffsets.length).toBe(50)
    expect(disk.openFiles).toBeLessThanOrEqual(loadedSealedSegments + 1)
    expect((await readAll(log)).length).toBe(200)
    expect(disk.openFiles).toBeLessThanOrEqual(loadedSealedSegments + 1)
  })

  it("takes distant and older bytes for cold, and those just read for cached", async () => {
    const { disk } = await filled()
    const hints: Array<ReadHint | undefined> = []
    const spying = spy(disk, (sizeBytes, hint) => {
      if (sizeBytes === size) hints.push(hint)
    })
    const body = Effect.gen(function* () {
      const log = yield* Log.open(options({ config: small, recoveryPoint: 20, cleanShutdown: false }))
      for (const offset of [0, 0, 2, 2, 18]) yield* log.read(request(log, { offset, maxBytes: size }))
    })
    await Effect.runPromise(Effect.scoped(Effect.provideService(body, Disk, spying)))
    expect(hints).toEqual(["cold", "cached", "cold", "cached", "cached"])
  })

  it.each([1, rememberedEnds])(
    "goes on where a read has ended without looking for the place: %d readers",
    async (readers) => {
      const large = () => config({ indexIntervalBytes: size })
      const { disk } = await filled(readers + 2, large)
      let reads = 0
      const spying = spy(disk, () => {
        reads += 1
      })
      const body = Effect.gen(function* () {
        const log = yield* Log.open(options({ config: large, recoveryPoint: 0, cleanShutdown: false }))
        const readAt = (offset: number) => log.read(request(log, { offset, maxBytes: size + RecordBatch.headerBytes }))
        for (let reader = 0; reader < readers; reader++) yield* readAt(2 * reader)
        const found: Array<number> = []
        reads = 0
        for (let reader = 0; reader < readers; reader++) {
          const next = yield* readAt(2 * reader + 2)
          if (next !== "none") found.push(next.startOffset)
        }
        return found
      })
      const found = await Effect.runPromise(Effect.scoped(Effect.provideService(body, Disk, spying)))
      expect(found).toEqual(Array.from({ length: readers }, (_, reader) => 2 * reader + 2))
      expect(reads).toBe(readers)
    }
  )

  it("tells from where to read ahead when the reader's limit cut it short, and not when that was all", async () => {
    const { log } = await filled()
    const cut = await read(log, { offset: 0, maxBytes: size + RecordBatch.headerBytes })
    expect(cut).toMatchObject({ startOffset: 0, aheadFrom: 2 })
    const last = await read(log, { offset: 18, maxBytes: 10 * size })
    expect(last).toMatchObject({ startOffset: 18, aheadFrom: undefined })
    const bounded = await read(log, { offset: 0, maxBytes: 10 * size, upToOffset: 4 })
    expect(bounded).toMatchObject({ startOffset: 0, aheadFrom: undefined })
  })

  it("remembers the newest ends alone", () => {
    const ends = new ReadEnds()
    for (const offset of Array.from({ length: rememberedEnds + 1 }, (_, index) => 10 * index)) {
      ends.add({ bytes: batch({ baseOffset: offset, count: 2 }).subarray(0, -1), position: 0, from: 0 }, 0)
    }
    expect(ends.find(0, 0)).toBeUndefined()
    for (let index = 1; index <= rememberedEnds; index++)
      expect(ends.find(10 * index + 1, 0)?.baseOffset).toBe(10 * index)
  })

  it("does not go on where a read ended in what was cut off since", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    await run(log.append(entriesOf(batches(0, 4)).entries, 0))
    await read(log, { maxBytes: size + RecordBatch.headerBytes })
    await run(log.truncateTo(0, 0))
    await run(log.append(entriesOf(batches(0, tailBatches + 100, 1)).entries, 0))
    expect(await read(log, { offset: 3, maxBytes: size })).toMatchObject({ startOffset: 3 })
  })

  it("behaviour 170: an index that points at no batch is rebuilt, once, and the read goes on", async () => {
    const { disk, log, kill } = await filled()
    await run(log.close(ProducerState.empty))
    await kill()
    const path = `${directory}/00000000000000000000.index`
    const honest = disk.bytes(path).slice()
    const lying = honest.slice()
    lying[7]! += 1
    disk.put(path, lying)
    const { log: again } = await openLog(disk, { config: small, recoveryPoint: 20 })
    expect(offsetsOf(await read(again, { offset: 5, maxBytes: size }))).toEqual([4])
    expect(disk.bytes(path)).toEqual(honest)
  })

  it("behaviour 170: missing and damaged indexes of sealed segments are rebuilt", async () => {
    const { disk, log, kill } = await filled()
    await run(log.close(ProducerState.empty))
    await kill()
    const names = disk.names(directory).filter((name) => /^0{20}\.(index|timeindex)$/.test(name))
    expect(names.length).toBe(2)
    for (const name of names) {
      const path = `${directory}/${name}`
      const honest = disk.bytes(path).slice()
      expect(honest.byteLength).toBeGreaterThan(0)
      const damages = [honest.subarray(0, honest.byteLength - 1), new Uint8Array(honest.byteLength), undefined]
      for (const bytes of damages) {
        const copy = disk.clone()
        if (bytes === undefined) copy.files.delete(path)
        else copy.put(path, bytes)
        const again = await openLog(copy, { config: small, recoveryPoint: 20 })
        expect((await readAll(again.log)).length).toBe(10)
        expect(copy.bytes(path)).toEqual(honest)
        await again.kill()
      }
    }
  })
})

describe("searching by time", () => {
  const stamped = async (timestamps: ReadonlyArray<number>, changes = {}) => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk, {
      config: () => config({ segmentBytes: size * 3, indexIntervalBytes: 1 })
    })
    const list = timestamps.map((timestamp, index) => batch({ baseOffset: index * 2, count: 2, timestamp, ...changes }))
    await run(log.append(entriesOf(list).entries, 0))
    return { log, disk, kill }
  }

  /** What ListOffsets has to answer, looking at every record (timestamps are t and t + 1 in each batch). */
  const expected = (timestamps: ReadonlyArray<number>, wanted: number) => {
    for (const [index, timestamp] of timestamps.entries()) {
      if (timestamp >= wanted) return { offset: index * 2, timestamp }
      if (timestamp + 1 >= wanted) return { offset: index * 2 + 1, timestamp: timestamp + 1 }
    }
    return undefined
  }

  it("behaviours 102 and 173: the first record at or after a time, also when times are out of order", async () => {
    const timestamps = [50, 20, 70, 60, 65, 10, 90, 95, 30, 30, 99]
    const { log } = await stamped(timestamps)
    for (let wanted = 0; wanted < 105; wanted++) {
      const found = await run(log.offsetForTimestamp(wanted, log.logEndOffset, decompression))
      const answer = expected(timestamps, wanted)
      if (answer === undefined) expect(found).toBeUndefined()
      else expect(found).toEqual({ ...answer, leaderEpoch: 0 })
    }
  })

  it("behaviour 102: none when the record is not below the bound", async () => {
    const { log } = await stamped([50, 60, 70])
    expect(await run(log.offsetForTimestamp(70, 4, decompression))).toBeUndefined()
    expect(await run(log.offsetForTimestamp(70, 5, decompression))).toMatchObject({ offset: 4 })
  })

  it("behaviour 102: records below the log start are not answered", async () => {
    const { log } = await stamped([50, 60, 70])
    await run(log.deleteRecordsBefore(3))
    expect(await run(log.offsetForTimestamp(0, 6, decompression))).toMatchObject({ offset: 3, timestamp: 61 })
  })

  it("behaviour 099: the record with the largest timestamp, none on an empty log", async () => {
    const { log } = await stamped([50, 20, 90, 60, 65, 10, 80])
    expect(await run(log.offsetOfMaxTimestamp(14, decompression))).toEqual({ offset: 5, timestamp: 91, leaderEpoch: 0 })
    const { log: empty } = await openLog(new FakeDisk())
    expect(await run(empty.offsetOfMaxTimestamp(0, decompression))).toBeUndefined()
  })

  it("behaviour 059: with LogAppendTime every record has its batch's time", async () => {
    const { log } = await stamped([50, 60], { logAppendTime: 500 })
    expect(await run(log.offsetForTimestamp(100, 4, decompression))).toMatchObject({ offset: 0, timestamp: 500 })
    expect(await run(log.offsetOfMaxTimestamp(4, decompression))).toMatchObject({ offset: 0, timestamp: 500 })
  })

  it("behaviours 097 and 098: earliest and latest with the epoch they belong to", async () => {
    const { log } = await stamped([50, 60, 70])
    log.startEpoch(4, 6)
    expect(log.earliest).toEqual({ offset: 0, timestamp: -1, leaderEpoch: 0 })
    expect(log.latest(6)).toEqual({ offset: 6, timestamp: -1, leaderEpoch: 4 })
  })

  it("gives the same answers after opening again", async () => {
    const timestamps = [50, 20, 70, 60, 65, 10, 90, 95, 30]
    const { log, disk, kill } = await stamped(timestamps)
    await run(log.close(ProducerState.empty))
    await kill()
    const { log: again } = await openLog(disk, { recoveryPoint: 18 })
    for (const wanted of [0, 21, 51, 66, 71, 96, 97]) {
      expect(await run(again.offsetForTimestamp(wanted, 18, decompression))).toEqual(
        expected(timestamps, wanted) === undefined ? undefined : { ...expected(timestamps, wanted), leaderEpoch: 0 }
      )
    }
    expect(await run(again.offsetOfMaxTimestamp(18, decompression))).toMatchObject({ offset: 15, timestamp: 96 })
  })
})
