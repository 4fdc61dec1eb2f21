/** Opening after a crash, file by file: what is cut, what is kept, what is refused, what is rebuilt. */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import * as ProducerSnapshot from "../src/ProducerSnapshot.ts"
import * as ProducerState from "../src/ProducerState.ts"
import { batch, config, directory, entriesOf, hex, openLog, readAll, run } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"
import { chance, producersAfter, randomBatch } from "./support/random.ts"

const rules = () => config({ segmentBytes: 700, indexIntervalBytes: 100 })

/** A log of random batches over several segments, killed after its last append. */
const crashed = async (seed = 1, number = 24) => {
  const random = chance(seed)
  const batches: Array<Uint8Array> = []
  let offset = 0
  for (let index = 0; index < number; index++) {
    const bytes = randomBatch(random, offset, Math.floor(index / 7), producersAfter(batches))
    batches.push(bytes)
    offset = RecordBatch.lastOffset(bytes, 0) + 1
  }
  const disk = new FakeDisk()
  const { log, kill } = await openLog(disk, { config: rules })
  await run(log.append(entriesOf(batches).entries, 0))
  const lastBase = log.activeSegmentBaseOffset
  await kill()
  return { disk, batches, endOffset: offset, lastBase }
}

const reopen = (disk: FakeDisk, recoveryPoint = 0, cleanShutdown = false) =>
  openLog(disk, { config: rules, cleanShutdown, recoveryPoint })

const pathOf = (base: number, kind: string) => `${directory}/${String(base).padStart(20, "0")}${kind}`

describe("behaviour 171: after an unclean stop", () => {
  it("every length of the last segment recovers to the batches that are whole in it", async () => {
    const { disk, batches, lastBase } = await crashed()
    const path = pathOf(lastBase, ".log")
    const whole = disk.bytes(path)
    for (let length = 0; length <= whole.byteLength; length++) {
      const copy = disk.clone()
      copy.put(path, whole.slice(0, length))
      const { log, kill } = await reopen(copy)
      let kept = 0
      const expected = batches.filter((bytes) => {
        if (RecordBatch.baseOffset(bytes, 0) < lastBase) return true
        kept += bytes.byteLength
        return kept <= length
      })
      expect((await readAll(log)).map(hex)).toEqual(expected.map(hex))
      expect(log.logEndOffset).toBe(RecordBatch.lastOffset(expected.at(-1)!, 0) + 1)
      const producers = hex(ProducerSnapshot.encode(producersAfter(expected)))
      expect(hex(ProducerSnapshot.encode(log.recoveredProducers))).toBe(producers)
      expect(log.epochs.at(-1)?.startOffset).toBeLessThan(log.logEndOffset)
      await kill()
    }
  })

  it("a tail of garbage is cut, and the log goes on from there", async () => {
    const { disk, batches, endOffset, lastBase } = await crashed()
    const path = pathOf(lastBase, ".log")
    const whole = disk.bytes(path)
    const random = chance(7)
    for (let round = 0; round < 60; round++) {
      const copy = disk.clone()
      const tail = Uint8Array.from({ length: 1 + random.below(300) }, () => random.below(256))
      if (round % 3 === 0) tail.fill(0)
      if (round % 3 === 1) tail.set(whole.subarray(0, tail.byteLength))
      copy.put(path, Uint8Array.from([...whole, ...tail]))
      const { log, kill } = await reopen(copy, endOffset)
      expect(log.logEndOffset).toBe(endOffset)
      expect(copy.bytes(path)).toEqual(whole)
      const next = batch({ baseOffset: endOffset, partitionLeaderEpoch: 9 })
      await run(log.append([{ bytes: next, producersBefore: log.recoveredProducers }], 0))
      expect((await readAll(log)).map(hex)).toEqual([...batches, next].map(hex))
      await kill()
    }
  })

  it("any flipped bit of the last segment cuts there, never elsewhere", async () => {
    const { disk, batches, lastBase } = await crashed()
    const path = pathOf(lastBase, ".log")
    const whole = disk.bytes(path)
    const inLast = batches.filter((bytes) => RecordBatch.baseOffset(bytes, 0) >= lastBase)
    const random = chance(3)
    for (let round = 0; round < 150; round++) {
      const bit = random.below(whole.byteLength * 8)
      const damaged = whole.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const copy = disk.clone()
      copy.put(path, damaged)
      const { log, kill } = await reopen(copy)
      let at = 0
      const intact = inLast.filter((bytes) => {
        at += bytes.byteLength
        return at <= bit >> 3
      })
      const stored = (await readAll(log)).filter((bytes) => RecordBatch.baseOffset(bytes, 0) >= lastBase)
      // Base offset and leader epoch lie outside the checksum: a flip there may pass, or cut for want of order.
      const field = (bit >> 3) - intact.reduce((sum, bytes) => sum + bytes.byteLength, 0)
      const isOutsideChecksum = field < 8 || (field >= 12 && field < 16)
      if (isOutsideChecksum) expect(stored.length).toBeGreaterThanOrEqual(intact.length)
      else expect(stored.map(hex)).toEqual(intact.map(hex))
      await kill()
    }
  })

  it("segments behind a cut are removed", async () => {
    const { disk, lastBase } = await crashed()
    const copy = disk.clone()
    const first = copy.bytes(pathOf(0, ".log"))
    copy.put(pathOf(0, ".log"), first.slice(0, first.byteLength - 1))
    const { log } = await reopen(copy)
    expect(log.segmentBaseOffsets).toEqual([0])
    expect(copy.names(directory).filter((name) => name.endsWith(".log")).length).toBe(1)
    expect(log.logEndOffset).toBeLessThan(lastBase)
  })

  it("a segment that lost its tail at a batch's end ends the log, though the next one is whole", async () => {
    const { disk, batches } = await crashed()
    const path = pathOf(0, ".log")
    disk.put(path, batches[0]!.slice())
    const { log } = await reopen(disk)
    expect((await readAll(log)).map(hex)).toEqual([hex(batches[0]!)])
  })

  it("damage below the recovery point is refused: another replica may have what is lost here", async () => {
    const { disk, endOffset, lastBase } = await crashed()
    const path = pathOf(lastBase, ".log")
    const damaged = disk.bytes(path).slice()
    damaged[RecordBatch.headerBytes + 3]! ^= 1
    disk.put(path, damaged)
    await expect(reopen(disk, endOffset)).rejects.toMatchObject({ _tag: "CorruptLog", position: 0, path })
    expect(disk.bytes(path)).toEqual(damaged)
  })

  it("segments wholly below the recovery point are not read", async () => {
    const { disk, endOffset, lastBase } = await crashed()
    const damaged = disk.bytes(pathOf(0, ".log")).slice().fill(0xff)
    disk.put(pathOf(0, ".log"), damaged)
    const { log } = await reopen(disk, endOffset)
    expect(log.logEndOffset).toBe(endOffset)
    expect(log.activeSegmentBaseOffset).toBe(lastBase)
  })

  it("behaviour 068: producers come back from snapshot and tail, whichever snapshots are damaged or missing", async () => {
    const { disk, batches, endOffset } = await crashed(5)
    const expected = hex(ProducerSnapshot.encode(producersAfter(batches)))
    const snapshots = disk.names(directory).filter((name) => name.endsWith(".snapshot"))
    expect(snapshots.length).toBeGreaterThan(2)
    for (let mask = 0; mask < 1 << snapshots.length; mask += 3) {
      const copy = disk.clone()
      for (const [index, name] of snapshots.entries()) {
        const path = `${directory}/${name}`
        if ((mask & (1 << index)) === 0) continue
        if (index % 2 === 0) copy.files.delete(path)
        else copy.put(path, copy.bytes(path).slice(0, -1))
      }
      const { log, kill } = await reopen(copy, endOffset)
      expect(hex(ProducerSnapshot.encode(log.recoveredProducers))).toBe(expected)
      await kill()
    }
  })

  it("a retry of a batch from before the last roll is still known as one", async () => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk, { config: rules })
    const batches = Array.from({ length: 12 }, (_, index) =>
      batch({ baseOffset: index, producerId: 7, producerEpoch: 0, baseSequence: index, valueBytes: 60 })
    )
    await run(log.append(entriesOf(batches).entries, 0))
    const lastBase = log.activeSegmentBaseOffset
    expect(lastBase).toBeGreaterThan(0)
    await kill()
    const { log: reopened } = await reopen(disk, lastBase + 1)
    const retry = { producerId: 7, producerEpoch: 0, isTransactional: false }
    const before = lastBase - 2
    const verdict = ProducerState.check(reopened.recoveredProducers, {
      ...retry,
      firstSequence: before,
      lastSequence: before
    })
    expect(verdict).toMatchObject({ _tag: "Duplicate", baseOffset: before })
  })

  it("behaviour 157: a transaction open before the crash is open after it", async () => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk, { config: rules })
    const open = batch({ baseOffset: 0, producerId: 4, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    await run(log.append(entriesOf([open, batch({ baseOffset: 1 })]).entries, 0))
    await kill()
    const again = await reopen(disk)
    expect(ProducerState.firstUnstableOffset(again.log.recoveredProducers)).toBe(0)
  })

  it("a missing or damaged epoch file is written anew from the batches", async () => {
    const { disk, endOffset } = await crashed()
    const path = `${directory}/leader-epoch-checkpoint`
    const honest = hex(disk.bytes(path))
    for (const content of [undefined, "", "0\n9\n", "0\n1\n7 7 7\n"]) {
      for (const clean of [true, false]) {
        const copy = disk.clone()
        if (content === undefined) copy.files.delete(path)
        else copy.put(path, new TextEncoder().encode(content))
        const { kill } = await reopen(copy, endOffset, clean)
        expect(hex(copy.bytes(path))).toBe(honest)
        await kill()
      }
    }
  })

  it("keeps its history of epochs when metadata that is read anew tells of an epoch that is over", async () => {
    const { disk, batches, endOffset } = await crashed()
    const { log } = await reopen(disk)
    const before = log.epochs
    log.startEpoch(0, endOffset)
    expect(log.epochs).toEqual(before)
    log.startEpoch(9, endOffset)
    expect(log.epochs).toEqual([...before, { epoch: 9, startOffset: endOffset }])
    expect(before.length).toBeGreaterThan(1)
    expect(batches.length).toBeGreaterThan(before.length)
  })

  it("an epoch that had been announced but has no batch is trimmed", async () => {
    const disk = new FakeDisk()
    const { log, kill } = await openLog(disk)
    await run(log.append(entriesOf([batch({ baseOffset: 0 })]).entries, 0))
    log.startEpoch(3, 1)
    expect(log.endOffsetForEpoch(3)).toEqual({ epoch: 3, endOffset: 1 })
    await kill()
    disk.put(`${directory}/leader-epoch-checkpoint`, new TextEncoder().encode("0\n2\n0 0\n3 1\n"))
    expect((await reopen(disk)).log.epochs).toEqual([{ epoch: 0, startOffset: 0 }])
  })

  it("files that are no business of the log stay, what was being written goes", async () => {
    const { disk } = await crashed()
    const strangers = ["notes.txt", "123.log", "00000000000000000000.log.bak"]
    const leftovers = [
      "00000000000000000000.log.deleted",
      "00000000000000000003.log.cleaned",
      "00000000000000000003.index.cleaned",
      "leader-epoch-checkpoint.tmp",
      "00000000000000099999.index"
    ]
    for (const name of [...strangers, ...leftovers]) disk.put(`${directory}/${name}`, Uint8Array.of(1))
    await reopen(disk)
    const names = disk.names(directory)
    for (const name of strangers) expect(names).toContain(name)
    for (const name of leftovers) expect(names).not.toContain(name)
  })
})

describe("after a clean stop", () => {
  it("only the end of the active segment is read", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk, { config: rules })
    const batches = Array.from({ length: 30 }, (_, index) => batch({ baseOffset: index }))
    const { entries, after } = entriesOf(batches)
    await run(log.append(entries, 0))
    await run(log.close(after))
    const read: Array<string> = []
    disk.fault = (operation, path) => {
      if (operation === "read") read.push(path.slice(directory.length + 1))
      return undefined
    }
    const again = await reopen(disk, 30, true)
    expect(again.log.logEndOffset).toBe(30)
    expect(new Set(read).size).toBe(1)
    expect(read.length).toBeLessThanOrEqual(2)
  })

  it("an active segment whose end is damaged all the same is refused", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk, { config: rules })
    const { entries, after } = entriesOf(Array.from({ length: 3 }, (_, index) => batch({ baseOffset: index })))
    await run(log.append(entries, 0))
    await run(log.close(after))
    const path = pathOf(0, ".log")
    disk.put(path, disk.bytes(path).slice(0, -1))
    await expect(reopen(disk, 3, true)).rejects.toMatchObject({ _tag: "CorruptLog" })
  })
})

describe("when the disk fails", () => {
  it("a failed append is not visible, and no other is taken after it", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    const { entries } = entriesOf([batch({ baseOffset: 0 }), batch({ baseOffset: 1 })])
    await run(log.append(entries.slice(0, 1), 0))
    disk.fault = (operation, path) => (operation === "write" && path.endsWith(".log") ? "Full" : undefined)
    const failed = await run(Effect.flip(log.append(entries.slice(1), 0)))
    expect(failed).toMatchObject({ _tag: "DiskError", reason: "Full" })
    disk.fault = () => undefined
    expect(log.logEndOffset).toBe(1)
    expect(await run(Effect.flip(log.append(entries.slice(1), 0)))).toBe(failed)
    expect((await readAll(log)).length).toBe(1)
  })

  it("a failed sync is final: it is answered again, never retried", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk)
    await run(log.append(entriesOf([batch({ baseOffset: 0 })]).entries, 0))
    disk.fault = (operation) => (operation === "sync" ? "Io" : undefined)
    const failed = await run(Effect.flip(log.flush))
    disk.fault = () => undefined
    const { syncs } = disk
    expect(await run(Effect.flip(log.flush))).toBe(failed)
    expect(await run(Effect.flip(log.close(ProducerState.empty)))).toBe(failed)
    expect(disk.syncs).toBe(syncs)
    expect(log.recoveryPoint).toBe(0)
  })

  it("dropping everything can be interrupted at any operation: no epoch stays without its batches", async () => {
    const { disk, endOffset } = await crashed(9)
    const start = endOffset + 100
    for (let failAt = 0; ; failAt++) {
      const copy = disk.clone()
      const { log, kill } = await reopen(copy)
      let operations = 0
      copy.fault = () => (operations++ === failAt ? "Io" : undefined)
      const dropped = await run(log.truncateFullyAndStartAt(start, 0)).then(
        () => true,
        () => false
      )
      copy.fault = () => undefined
      await kill()
      const { log: reopened, kill: killAgain } = await reopen(copy)
      const batches = await readAll(reopened)
      if (batches.length === 0) expect(reopened.epochs).toEqual([])
      await killAgain()
      if (dropped) break
    }
  })

  it("opening can be interrupted at any operation and tried again", async () => {
    const { disk, batches, lastBase } = await crashed(9)
    const path = pathOf(lastBase, ".log")
    disk.put(path, disk.bytes(path).slice(0, -5))
    for (let failAt = 0; ; failAt++) {
      const copy = disk.clone()
      let operations = 0
      copy.fault = () => (operations++ === failAt ? "Io" : undefined)
      const first = await reopen(copy).then(
        ({ kill }) => kill().then(() => "opened"),
        () => "failed"
      )
      copy.fault = () => undefined
      copy.tornPowerLoss(chance(failAt).next)
      const { log, kill } = await reopen(copy)
      expect((await readAll(log)).map(hex)).toEqual(batches.slice(0, -1).map(hex))
      await kill()
      if (first === "opened") break
    }
  })
})
