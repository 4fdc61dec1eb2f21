/**
 * Directories that Apache Kafka 4.3.1 wrote, file by file. `transactions`: one idempotent producer, then two transactional
 * ones whose transactions abort and commit across segments (internal.segment.bytes 1100, index.interval.bytes 200), after a
 * clean stop. `compaction`: a log before and after one pass of Kafka's cleaner (delete.retention.ms 60000000); `compactedTwice`:
 * two passes with appends between them (delete.retention.ms 1000), where tombstones, emptied batches, aborted data and markers
 * each take their way out. The same batches appended here have to make the same files.
 */
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import { describe, expect, it } from "vitest"
import { parseFileName } from "../src/Files.ts"
import * as ProducerSnapshot from "../src/ProducerSnapshot.ts"
import * as ProducerState from "../src/ProducerState.ts"
import compactedTwice from "./golden/compactedTwice.json" with { type: "json" }
import compaction from "./golden/compaction.json" with { type: "json" }
import transactions from "./golden/transactions.json" with { type: "json" }
import { config, decompression, directory, entriesOf, hex, openLog, readAll, run, unhex } from "./support/build.ts"
import { FakeDisk } from "./support/FakeDisk.ts"

type Files = Readonly<Record<string, string>>

const settings = () => config({ segmentBytes: 1100, indexIntervalBytes: 200 })

const batchesOf = (files: Files): ReadonlyArray<Uint8Array> =>
  Object.keys(files)
    .filter((name) => name.endsWith(".log"))
    .sort()
    .flatMap((name) => {
      const bytes = unhex(files[name] ?? "")
      const batches: Array<Uint8Array> = []
      RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at, size) => batches.push(bytes.slice(at, at + size)))
      return batches
    })

const diskWith = (files: Files): FakeDisk => {
  const disk = new FakeDisk()
  for (const [name, digits] of Object.entries(files)) disk.put(`${directory}/${name}`, unhex(digits))
  return disk
}

const filesOn = (disk: FakeDisk): Files =>
  Object.fromEntries(disk.names(directory).map((name) => [name, hex(disk.bytes(`${directory}/${name}`))]))

const without = (files: Files, ...names: ReadonlyArray<string>): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)))

describe("a directory written by Kafka", () => {
  it("comes out the same, byte by byte, when its batches are appended here", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk, { config: settings })
    const { entries, after } = entriesOf(batchesOf(transactions.files))
    await run(log.append(entries, 0))
    await run(log.close(after))
    expect(filesOn(disk)).toEqual(without(transactions.files, "partition.metadata"))
  })

  it("comes out the same when each batch is appended alone", async () => {
    const disk = new FakeDisk()
    const { log } = await openLog(disk, { config: settings })
    const { entries, after } = entriesOf(batchesOf(transactions.files))
    for (const entry of entries) await run(log.append([entry], 0))
    await run(log.close(after))
    expect(filesOn(disk)).toEqual(without(transactions.files, "partition.metadata"))
  })

  it("opens after a clean stop without being changed", async () => {
    const disk = diskWith(transactions.files)
    const { log } = await openLog(disk, { config: settings, recoveryPoint: 52 })
    expect(log.logEndOffset).toBe(52)
    expect((await readAll(log)).map(hex)).toEqual(batchesOf(transactions.files).map(hex))
    await run(log.close(log.recoveredProducers))
    expect(filesOn(disk)).toEqual(transactions.files)
  })

  it("is rebuilt after a crash to the same indexes, transactions and producers", async () => {
    const files = transactions.files as Files
    const logs = Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith(".log")))
    const disk = diskWith(logs)
    const { log } = await openLog(disk, { config: settings, cleanShutdown: false })
    const { after } = entriesOf(batchesOf(files))
    expect(hex(ProducerSnapshot.encode(log.recoveredProducers))).toBe(hex(ProducerSnapshot.encode(after)))
    await run(log.close(log.recoveredProducers))
    const isKept = (name: string) =>
      parseFileName(name)?.kind !== ".snapshot" || name.startsWith("00000000000000000052")
    const expected = Object.fromEntries(Object.entries(files).filter(([name]) => isKept(name)))
    expect(filesOn(disk)).toEqual(without(expected, "partition.metadata"))
  })

  it("tells the aborted transactions that Kafka told", async () => {
    const disk = diskWith(transactions.files)
    const { log } = await openLog(disk, { config: settings, recoveryPoint: 52 })
    const aborted = await run(log.abortedTransactions(0, 52))
    const first = transactions.files["00000000000000000044.txnindex"]
    expect(aborted.length).toBe((first.length / 2 / 34) | 0)
    for (const { firstOffset, lastOffset } of aborted) expect(firstOffset).toBeLessThan(lastOffset)
    expect(await run(log.abortedTransactions(0, 30))).toEqual([])
  })

  it("has snapshots that are read as they were written", () => {
    for (const [name, digits] of Object.entries(transactions.files)) {
      if (!name.endsWith(".snapshot")) continue
      const state = ProducerSnapshot.decode(unhex(digits))
      expect(state).toBeDefined()
      expect(hex(ProducerSnapshot.encode(state ?? ProducerState.empty))).toBe(digits)
    }
  })
})

describe("a log cleaned by Kafka", () => {
  it("comes out the same, byte by byte, when cleaned here", async () => {
    const before = without(compaction.before, "partition.metadata")
    const source = new FakeDisk()
    const compacting = () =>
      config({ ...settings(), cleanupPolicy: { compact: true, delete: false }, minCleanableDirtyRatio: 0.01 })
    const { log } = await openLog(source, { config: compacting })
    const { entries, after } = entriesOf(batchesOf(before))
    await run(log.append(entries, 0))
    const result = await run(
      log.clean(1_795_236_745_000, log.logEndOffset, { producers: after, decompression, dedupeBufferBytes: 1 << 20 })
    )
    expect(result.cleaned).toBe(true)
    expect(log.cleanedOffset).toBe(60)
    expect(settled(source, 60)).toEqual(settledFiles(compaction.after, 60))
  })

  it("comes out the same after a second pass: tombstones, shells, merged segments, markers with a horizon", async () => {
    const disk = new FakeDisk()
    const rules = {
      segmentBytes: 1500,
      indexIntervalBytes: 200,
      deleteRetentionMs: 1000,
      minCleanableDirtyRatio: 0.001
    }
    const twice = () => config({ ...rules, cleanupPolicy: { compact: true, delete: false } })
    const { log } = await openLog(disk, { config: twice })
    const first = entriesOf(batchesOf(compactedTwice.before1))
    await run(log.append(first.entries, 0))
    const cleaning = { decompression, dedupeBufferBytes: 1 << 20 }
    await run(log.clean(1_795_240_113_592, 24, { ...cleaning, producers: first.after }))
    expect(settled(disk, 23)).toEqual(settledFiles(compactedTwice.after1, 23))
    const more = batchesOf(compactedTwice.before2).filter((bytes) => RecordBatch.baseOffset(bytes, 0) >= 24)
    const second = entriesOf(more, first.after)
    await run(log.append(second.entries, 0))
    await run(log.clean(1_795_240_143_761, 29, { ...cleaning, producers: second.after }))
    expect(log.cleanedOffset).toBe(28)
    expect(settled(disk, 28)).toEqual(settledFiles(compactedTwice.after2, 28))
  })
})

/**
 * A `.log` file with the base timestamp of emptied batches, and their checksum, left out of account: there is no record that
 * the timestamp could be of.
 */
const withoutEmptyBase = (digits: string): string => {
  const bytes = unhex(digits)
  RecordBatch.forEachBatch(bytes, 0, bytes.byteLength, (at) => {
    if (RecordBatch.count(bytes, at) > 0) return
    bytes.fill(0, at + RecordBatch.baseTimestampAt, at + RecordBatch.maxTimestampAt)
    bytes.fill(0, at + RecordBatch.crcAt, at + RecordBatch.attributesAt)
  })
  return hex(bytes)
}

/** The files of a directory whose content is settled: no `.deleted` ones, and nothing of the active segment's indexes. */
const settledFiles = (files: Files, activeBase: number): Files =>
  Object.fromEntries(
    Object.entries(files)
      .filter(([name]) => {
        const parsed = parseFileName(name)
        if (parsed === undefined) return name === "leader-epoch-checkpoint"
        return parsed.suffix === "" && !(parsed.baseOffset === activeBase && parsed.kind.endsWith("index"))
      })
      .map(([name, digits]) => [name, name.endsWith(".log") ? withoutEmptyBase(digits) : digits])
  )

const settled = (disk: FakeDisk, activeBase: number): Files => settledFiles(filesOn(disk), activeBase)
