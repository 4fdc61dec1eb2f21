/** Deletion, truncation and the log start. */
import { Disk } from "@klamm/platform"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { Log } from "../src/Log.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { batch, config, directory, entriesOf, openLog, options, readAll, run } from "./support/build.ts"
import { FakeDisk, Gate } from "./support/FakeDisk.ts"

const size = batch({ baseOffset: 0 }).byteLength

/** Two batches a segment, one record a batch, the timestamp being the offset. */
const filled = async (number: number, changes = {}) => {
  const disk = new FakeDisk()
  const rules = config({ segmentBytes: size * 2, fileDeleteDelayMs: 100, ...changes })
  const { log, kill } = await openLog(disk, { config: () => rules })
  const batches = Array.from({ length: number }, (_, index) => batch({ baseOffset: index, timestamp: index }))
  await run(log.append(entriesOf(batches).entries, 0))
  return { disk, log, kill, batches, rules }
}

const logFiles = (disk: FakeDisk, ending = ".log") =>
  disk
    .names(directory)
    .filter((name) => name.endsWith(ending))
    .map((name) => Number.parseInt(name, 10))

const offsets = async (log: Parameters<typeof readAll>[0]) => (await readAll(log)).length

describe("retention", () => {
  it("behaviour 161: deletes by time up to the first segment kept", async () => {
    const { disk, log } = await filled(7, { retentionMs: 10 })
    expect(await run(log.deleteOldSegments(14, 7))).toBe(2)
    expect([log.logStartOffset, ...logFiles(disk)]).toEqual([4, 4, 6])
    expect(await run(log.deleteOldSegments(14, 7))).toBe(0)
  })

  it("behaviour 161: the active segment goes too, and the log begins anew at its end", async () => {
    const { disk, log } = await filled(7, { retentionMs: 10 })
    expect(await run(log.deleteOldSegments(1000, 7))).toBe(4)
    expect([log.logStartOffset, log.logEndOffset, ...logFiles(disk)]).toEqual([7, 7, 7])
    await run(log.append(entriesOf([batch({ baseOffset: 7 })]).entries, 0))
    expect(await offsets(log)).toBe(1)
  })

  it("behaviour 162: deletes by size while the rest stays at the limit", async () => {
    const { log } = await filled(8, { retentionMs: -1, retentionBytes: size * 3 })
    expect(log.sizeBytes).toBe(size * 8)
    expect(await run(log.deleteOldSegments(0, 8))).toBe(2)
    expect([log.logStartOffset, log.sizeBytes]).toEqual([4, size * 4])
  })

  it("behaviour 163: files are removed after the delay", async () => {
    const { disk, log } = await filled(7, { retentionMs: 10 })
    await run(log.deleteOldSegments(14, 7))
    expect(logFiles(disk, ".log.deleted")).toEqual([0, 2])
    expect(await run(log.removeDeleted(113))).toBe(0)
    expect(await run(log.removeDeleted(114))).toBe(2)
    expect(disk.names(directory).filter((name) => name.endsWith(".deleted"))).toEqual([])
    expect(disk.openFiles).toBe(log.segmentBaseOffsets.length)
  })

  it("behaviour 163: a reader that began before the deletion reads on, and keeps the file from being removed", async () => {
    const disk = new FakeDisk()
    const rules = config({ segmentBytes: size * 2, fileDeleteDelayMs: 0, retentionMs: 10 })
    const gate = new Gate(disk)
    const batches = Array.from({ length: 5 }, (_, index) => batch({ baseOffset: index, timestamp: index }))
    const story = Effect.gen(function* () {
      const log = yield* Log.open(options({ config: () => rules }))
      yield* log.append(entriesOf(batches).entries, 0)
      gate.isClosed = true
      const allocate = (bytes: number) => new Uint8Array(bytes)
      const request = { offset: 1, maxBytes: size, upToOffset: 5, minOneBatch: true, allocate }
      const reader = yield* Effect.forkChild(log.read(request), { startImmediately: true })
      yield* log.deleteOldSegments(14, 5)
      const removed = yield* log.removeDeleted(14)
      yield* gate.open
      const found = yield* Fiber.join(reader)
      return { removed, found, later: yield* log.removeDeleted(14) }
    })
    const { removed, found, later } = await run(Effect.scoped(Effect.provideService(story, Disk, gate.service)))
    expect([removed, later]).toEqual([1, 1])
    expect(found).toMatchObject({ startOffset: 1, bytes: batches[1] })
  })
})

describe("the log start", () => {
  it("behaviour 105: moves up only, and never beyond the log end", async () => {
    const { log } = await filled(7)
    await run(log.deleteRecordsBefore(5))
    await run(log.deleteRecordsBefore(3))
    expect([log.logStartOffset, await offsets(log)]).toEqual([5, 2])
    await expect(run(log.deleteRecordsBefore(8))).rejects.toThrow("log start")
  })

  it("behaviour 105: the segments below it go with the next retention pass, also of a compacted log", async () => {
    const { disk, log } = await filled(7, { cleanupPolicy: { compact: true, delete: false } })
    await run(log.deleteRecordsBefore(5))
    expect(logFiles(disk)).toEqual([0, 2, 4, 6])
    expect(await run(log.deleteOldSegments(0, 7))).toBe(2)
    expect([log.logStartOffset, ...logFiles(disk)]).toEqual([5, 4, 6])
  })

  it("behaviour 106: survives a crash before any checkpoint was written or segment removed", async () => {
    const { disk, log, kill, rules } = await filled(7)
    await run(log.deleteRecordsBefore(5))
    await run(log.flush)
    await kill()
    disk.powerLoss()
    const again = await openLog(disk, { config: () => rules, cleanShutdown: false })
    expect([again.log.logStartOffset, again.log.logEndOffset, await offsets(again.log)]).toEqual([5, 7, 2])
  })

  it("a checkpointed start beyond the log end empties the log there", async () => {
    const { disk, kill, rules } = await filled(3)
    await kill()
    const { log } = await openLog(disk, { config: () => rules, cleanShutdown: false, logStartOffset: 50 })
    expect([log.logStartOffset, log.logEndOffset]).toEqual([50, 50])
  })
})

describe("truncation", () => {
  it("behaviour 179: keeps what is below, with its epochs, and goes on from there", async () => {
    const { disk, log, kill, rules } = await filled(7)
    await run(log.append(entriesOf([batch({ baseOffset: 7, partitionLeaderEpoch: 4 })]).entries, 0))
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 7 })
    await run(log.flush)
    await run(log.truncateTo(5, 0))
    expect([log.logEndOffset, log.recoveryPoint, await offsets(log)]).toEqual([5, 5, 5])
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 5 })
    await run(log.append(entriesOf([batch({ baseOffset: 5, partitionLeaderEpoch: 6 })]).entries, 0))
    expect(log.endOffsetForEpoch(4)).toEqual({ epoch: 0, endOffset: 5 })
    await kill()
    disk.powerLoss()
    const again = await openLog(disk, { config: () => rules, cleanShutdown: false, recoveryPoint: 5 })
    expect(again.log.logEndOffset).toBeLessThanOrEqual(6)
    expect(again.log.logEndOffset).toBeGreaterThanOrEqual(5)
  })

  it("a batch that holds the offset goes whole, and the log end with it", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    await run(
      log.append(entriesOf([batch({ baseOffset: 0, count: 4 }), batch({ baseOffset: 4, count: 4 })]).entries, 0)
    )
    await run(log.truncateTo(6, 0))
    expect([log.logEndOffset, await offsets(log)]).toEqual([4, 1])
  })

  it("below the first segment it empties the log", async () => {
    const { disk, log } = await filled(7, { retentionMs: 10 })
    await run(log.deleteOldSegments(14, 7))
    await run(log.truncateTo(3, 20))
    expect([log.logStartOffset, log.logEndOffset, ...logFiles(disk)]).toEqual([3, 3, 3])
    expect(log.epochs).toEqual([])
  })

  it("fully, it begins anew at any offset, with no producer and no epoch", async () => {
    const { disk, log } = await filled(7)
    await run(log.truncateFullyAndStartAt(100, 0))
    expect([log.logStartOffset, log.logEndOffset, log.recoveryPoint]).toEqual([100, 100, 100])
    expect([...ProducerState.entries(log.recoveredProducers)]).toEqual([])
    expect(disk.names(directory).filter((name) => name.endsWith(".snapshot"))).toEqual([])
    await run(log.append(entriesOf([batch({ baseOffset: 100 })]).entries, 0))
    expect(await offsets(log)).toBe(1)
  })
  it("a reader of the segment that it opens for writing goes on", async () => {
    const { disk, kill, rules } = await filled(6)
    await kill()
    const held = Deferred.makeUnsafe<void>()
    let holdsNext = false
    const hold = Effect.suspend(() => {
      const wait = holdsNext ? Deferred.await(held) : Effect.void
      holdsNext = false
      return wait
    })
    const { service } = disk
    const holding: Disk["Service"] = {
      ...service,
      open: (path, mode) =>
        Effect.map(service.open(path, mode), (file) => ({
          ...file,
          read: (...request) => Effect.andThen(hold, file.read(...request))
        }))
    }
    const story = Effect.gen(function* () {
      const log = yield* Log.open(options({ config: () => rules }))
      holdsNext = true
      const allocate = (bytes: number) => new Uint8Array(bytes)
      const request = { offset: 2, maxBytes: 1_000, upToOffset: 6, minOneBatch: true, allocate }
      const reading = yield* Effect.forkChild(log.read(request), { startImmediately: true })
      yield* log.truncateTo(3, 0)
      yield* Deferred.succeed(held, undefined)
      const read = yield* Fiber.join(reading)
      yield* log.append(entriesOf([batch({ baseOffset: 3 })]).entries, 0)
      return [read === "none" ? read : read.startOffset, log.logEndOffset]
    })
    expect(await run(Effect.scoped(Effect.provideService(story, Disk, holding)))).toEqual([2, 4])
    expect([disk.closedUses, disk.openFiles]).toEqual([[], 0])
  })
})

describe("flush", () => {
  it("answers the offset that is durable, and costs nothing when all is", async () => {
    const { disk, log } = await filled(7)
    expect(log.recoveryPoint).toBe(0)
    expect(await run(log.flush)).toBe(7)
    const { syncs } = disk
    expect(await run(log.flush)).toBe(7)
    expect(disk.syncs).toBe(syncs)
    await run(log.append(entriesOf([batch({ baseOffset: 7 })]).entries, 0))
    await run(log.flush)
    expect(disk.syncs - syncs).toBeLessThan(8)
  })

  it("that is interrupted leaves nothing out of the next one", async () => {
    const disk = new FakeDisk()
    const syncing = Deferred.makeUnsafe<void>()
    let isHeld = false
    const held: Disk["Service"] = {
      ...disk.service,
      syncDirectory: (path) => {
        const sync = disk.service.syncDirectory(path)
        return Effect.suspend(() =>
          isHeld ? Effect.andThen(Deferred.succeed(syncing, undefined), Effect.never) : sync
        )
      }
    }
    const story = Effect.gen(function* () {
      const log = yield* Log.open(options())
      yield* log.append(entriesOf([batch({ baseOffset: 0, count: 3 })]).entries, 0)
      yield* log.flush
      yield* log.roll(ProducerState.empty, 0)
      yield* log.append(entriesOf([batch({ baseOffset: 3, count: 2 })]).entries, 0)
      isHeld = true
      const interrupted = yield* Effect.forkChild(log.flush, { startImmediately: true })
      yield* Deferred.await(syncing)
      yield* Fiber.interrupt(interrupted)
      isHeld = false
      return yield* log.flush
    })
    expect(await run(Effect.scoped(Effect.provideService(story, Disk, held)))).toBe(5)
    disk.powerLoss()
    expect((await openLog(disk, { cleanShutdown: false })).log.logEndOffset).toBe(5)
  })

  it("one group is one write", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    const { entries } = entriesOf(Array.from({ length: 16 }, (_, index) => batch({ baseOffset: index })))
    await run(log.append(entries.slice(0, 1), 0))
    const { writes } = disk
    await run(log.append(entries.slice(1), 0))
    expect(disk.writes).toBe(writes + 1)
  })

  it("KAFKA-16541: the epoch file is durable before the batch that begins the epoch is written", async () => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk)
    disk.fault = (operation, path) => (operation === "write" && path.endsWith(".log") ? "Io" : undefined)
    await run(Effect.flip(log.append(entriesOf([batch({ baseOffset: 0, partitionLeaderEpoch: 5 })]).entries, 0)))
    await kill()
    disk.powerLoss()
    expect(new TextDecoder().decode(disk.bytes(`${directory}/leader-epoch-checkpoint`))).toBe("0\n1\n5 0\n")
  })

  it("a new epoch and a new log start at once: both are in the epoch file and in memory", async () => {
    const disk = new FakeDisk()
    const { service } = disk
    const slow = {
      ...service,
      rename: (from: string, to: string) => Effect.andThen(Effect.yieldNow, service.rename(from, to))
    }
    const batches = Array.from({ length: 5 }, (_, index) => batch({ baseOffset: index }))
    const story = Effect.gen(function* () {
      const log = yield* Log.open(options())
      yield* log.append(entriesOf(batches).entries, 0)
      const next = entriesOf([batch({ baseOffset: 5, partitionLeaderEpoch: 7 })]).entries
      yield* Effect.all([log.deleteRecordsBefore(2), log.append(next, 0)], { concurrency: "unbounded" })
      return log.epochs
    })
    const epochs = await run(Effect.scoped(Effect.provideService(story, Disk, slow)))
    expect(epochs).toEqual([
      { epoch: 0, startOffset: 2 },
      { epoch: 7, startOffset: 5 }
    ])
    expect(new TextDecoder().decode(disk.bytes(`${directory}/leader-epoch-checkpoint`))).toBe("0\n2\n0 2\n7 5\n")
  })
})
