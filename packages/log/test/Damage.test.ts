/** Rot on the disk (decision 0007): what is no longer what was written is never given to anybody, and nothing is made of it. */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { Log } from "../src/Log.ts"
import * as ProducerState from "../src/ProducerState.ts"
import {
  batch,
  config,
  decompression,
  directory,
  entriesOf,
  hex,
  keyed,
  openLog,
  readAll,
  run
} from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"
import { chance } from "./support/random.ts"

const batches = Array.from({ length: 12 }, (_, index) =>
  batch({ baseOffset: index * 2, count: 2, partitionLeaderEpoch: Math.floor(index / 5) + 1, valueBytes: 30 })
)
const size = batches[0]!.byteLength
const rules = () => config({ segmentBytes: size * 4, indexIntervalBytes: size })
const segments = [0, 8, 16]

const pathOf = (base: number, kind = ".log") => `${directory}/${String(base).padStart(20, "0")}${kind}`
const mark = `${directory}/damaged`

const stored = await (async () => {
  const disk = new FakeDisk()
  const { log, kill } = await openLog(disk, { config: rules })
  const { entries, after } = entriesOf(batches)
  await run(log.append(entries, 0))
  await run(log.close(after))
  await kill()
  return disk
})()

/** The log as a process finds it that has not written it. */
const filled = async () => {
  const disk = stored.clone()
  return { disk, ...(await openLog(disk, { config: rules, recoveryPoint: 24 })) }
}

const flip = (disk: FakeDisk, base: number, bit: number): void => {
  disk.bytes(pathOf(base))[bit >> 3]! ^= 1 << (bit & 7)
}

/** The whole batches given at `offset`, or the name of the refusal. */
const readAt = (log: Log, offset: number, maxBytes: number) => {
  const reading = log.read({
    offset,
    maxBytes,
    upToOffset: log.logEndOffset,
    minOneBatch: true,
    allocate: (sizeBytes) => new Uint8Array(sizeBytes)
  })
  const found = Effect.map(reading, (read) => {
    const whole: Array<string> = []
    if (read === "none") return whole
    RecordBatch.forEachBatch(read.bytes, 0, read.bytes.byteLength, (at, sizeBytes) => {
      whole.push(hex(read.bytes.subarray(at, at + sizeBytes)))
    })
    return whole
  })
  return run(Effect.catch(found, (error) => Effect.succeed(error._tag)))
}

const written = new Set(batches.map(hex))

describe("a flipped bit", () => {
  it("is never given to a reader, wherever it is", async () => {
    const random = chance(11)
    for (let round = 0; round < 250; round++) {
      const { disk, log, kill } = await filled()
      const segment = random.below(segments.length)
      const bit = random.below(size * 4 * 8)
      const field = (bit >> 3) % size
      // Nothing but the order of the offsets speaks for a base offset.
      if (field < 8) continue
      const damaged = segment * 4 + Math.floor((bit >> 3) / size)
      flip(disk, segments[segment]!, bit)
      for (let index = 0; index < batches.length; index++) {
        const found = await readAt(log, index * 2, index % 2 === 0 ? 1 << 20 : size)
        if (index === damaged) expect(found).toBe("CorruptLog")
        if (index < damaged) expect(found).toContain(hex(batches[index]!))
        if (typeof found !== "string") for (const each of found) expect(written).toContain(each)
      }
      await kill()
    }
  })

  it("ends a read ahead of it, and is told in the log's directory", async () => {
    const { disk, log } = await filled()
    expect(log.isDamaged).toBe(false)
    flip(disk, 8, (size * 2 + 70) * 8)
    expect(await readAt(log, 8, 1 << 20)).toEqual(batches.slice(4, 6).map(hex))
    expect(log.isDamaged).toBe(true)
    expect(disk.bytes(mark).byteLength).toBe(0)
    expect(await readAt(log, 12, 1 << 20)).toBe("CorruptLog")
    expect(await readAt(log, 14, 1 << 20)).toEqual([hex(batches[7]!)])
    expect(await readAt(log, 16, 1 << 20)).toEqual(batches.slice(8).map(hex))
  })

  it("in a leader epoch, which no checksum covers, is told by the history of epochs", async () => {
    const { disk, log } = await filled()
    flip(disk, 16, (size + 15) * 8)
    expect(await readAt(log, 16, 1 << 20)).toEqual([hex(batches[8]!)])
    expect(await readAt(log, 18, 1 << 20)).toBe("CorruptLog")
  })

  it("in a base offset, which no checksum covers, shows where the offsets don't rise", async () => {
    for (let index = 0; index < 12; index++) {
      for (let bit = 0; bit < 53; bit++) {
        const { disk, log, kill } = await filled()
        const position = (index % 4) * size
        const bytes = disk.bytes(pathOf(segments[Math.floor(index / 4)]!))
        bytes[position + 7 - (bit >> 3)]! ^= 1 << (bit & 7)
        const found = await readAt(log, index * 2, 1 << 20)
        const isHigher = RecordBatch.baseOffset(bytes, position) > index * 2
        if (isHigher && index % 4 < 3) expect(found, `bit ${bit} of batch ${index}`).toBe("CorruptLog")
        await kill()
      }
    }
  })

  it("is not looked for in what this process has just written, which comes from the page cache", async () => {
    const { disk, log } = await filled()
    const next = batch({ baseOffset: 24, count: 2, partitionLeaderEpoch: 3, valueBytes: 30 })
    await run(log.append(entriesOf([next]).entries, 0))
    expect(log.activeSegmentBaseOffset).toBe(24)
    flip(disk, 24, 70 * 8)
    expect(await readAt(log, 24, 1 << 20)).toHaveLength(1)
    log.age()
    expect(await readAt(log, 24, 1 << 20)).toHaveLength(1)
    log.age()
    expect(await readAt(log, 24, 1 << 20)).toBe("CorruptLog")
  })

  it("in an index leads to no other record", async () => {
    const { disk, kill } = await filled()
    await kill()
    const random = chance(5)
    for (let round = 0; round < 100; round++) {
      const copy = disk.clone()
      const path = pathOf(segments[random.below(2)]!, ".index")
      const bytes = copy.bytes(path).slice()
      const bit = random.below(bytes.byteLength * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      copy.put(path, bytes)
      const { log, kill: end } = await openLog(copy, { config: rules, recoveryPoint: 24 })
      for (let index = 0; index < batches.length; index++) {
        const found = await readAt(log, index * 2, 1)
        if (found !== "CorruptLog") expect(found, `bit ${bit} of ${path}`).toEqual([hex(batches[index]!)])
      }
      await end()
    }
  })

  it("is no record to be found by its time", async () => {
    const { disk, log } = await filled()
    flip(disk, 0, (size + 70) * 8)
    const found = Effect.exit(log.offsetForTimestamp(1_000, 24, decompression))
    expect((await run(found))._tag).toBe("Success")
    flip(disk, 0, 70 * 8)
    expect((await run(Effect.exit(log.offsetForTimestamp(1_000, 24, decompression))))._tag).toBe("Failure")
  })
})

describe("compaction", () => {
  it("makes nothing of a log that is damaged, and leaves it as it is", async () => {
    const disk = new FakeDisk()
    const compacting = () =>
      config({ cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0, deleteRetentionMs: 0 })
    const { log } = await openLog(disk, { config: compacting })
    const { entries, after } = entriesOf([keyed(0, [["a", "1"]]), keyed(1, [["b", "1"]]), keyed(2, [["a", "2"]])])
    await run(log.append(entries, 0))
    await run(log.roll(after, 0))
    const before = disk.bytes(pathOf(0)).slice()
    flip(disk, 0, (before.byteLength - 2) * 8)
    const damaged = disk.bytes(pathOf(0)).slice()
    const cleaning = log.clean(0, 3, { producers: ProducerState.empty, decompression, dedupeBufferBytes: 1 << 20 })
    expect(await run(Effect.exit(cleaning))).toMatchObject({ _tag: "Failure" })
    expect(disk.bytes(pathOf(0))).toEqual(damaged)
    flip(disk, 0, (before.byteLength - 2) * 8)
    expect((await readAll(log)).map(hex)).toEqual(entries.map(({ bytes }) => hex(bytes)))
  })
})
