/** The checks of what nodes believe, where a mistake of their own would hide a bug or cry out for nothing. */
import { MemoryFiles } from "@klamm/platform/MemoryFiles"
import { buildBatch, setBaseOffset } from "@klamm/protocol/RecordBatch"
import { assert, describe, it } from "vitest"
import { Chance } from "../src/Chance.ts"
import { DurableEnds } from "../src/check/DurableEnd.ts"
import { matching, rising, type StoredBatch, type StoredLog } from "../src/check/Logs.ts"
import { differsAt } from "../src/check/Replicas.ts"
import { Solitude } from "../src/check/Solitude.ts"
import { SimDisk } from "../src/SimDisk.ts"

const batchAt = (offset: number, records: number): Uint8Array => {
  const values = Array.from({ length: records }, () => ({ value: new Uint8Array(10), timestamp: 0 }))
  const batch = buildBatch(values, { producerId: -1, producerEpoch: -1, baseSequence: -1, compression: undefined })
  setBaseOffset(batch, 0, offset)
  return batch
}

describe("the durable end of a log", () => {
  const path = "/data/main-0/00000000000000000000.log"
  const begin = () => {
    const disk = new SimDisk(new Chance(1))
    disk.files.makeDirectory("/data/main-0")
    const file = disk.files.create(path, true)
    for (const directory of ["", "/data", "/data/main-0"]) disk.files.directory(directory).sync()
    const ends = new DurableEnds()
    return { file, end: () => ends.of({ disk }, "main-0") }
  }

  it("is where the synced batches end, as it grows", () => {
    const { file, end } = begin()
    file.write(0, batchAt(0, 3))
    assert.strictEqual(end(), 0)
    file.sync()
    assert.strictEqual(end(), 3)
    file.write(file.size, batchAt(3, 2))
    assert.strictEqual(end(), 3)
    file.sync()
    assert.strictEqual(end(), 5)
  })

  it("falls when the log is cut, and leaves out what is torn", () => {
    const { file, end } = begin()
    const first = batchAt(0, 3)
    file.write(0, first)
    file.write(first.byteLength, batchAt(3, 2))
    file.sync()
    assert.strictEqual(end(), 5)
    file.truncate(first.byteLength)
    file.sync()
    assert.strictEqual(end(), 3)
    file.write(first.byteLength, batchAt(3, 9).subarray(0, 80))
    file.sync()
    assert.strictEqual(end(), 3)
  })
})

describe("files in memory", () => {
  it("know what a power cut would leave at a path", () => {
    const files = new MemoryFiles()
    files.makeDirectory("/data")
    files.create("/data/new", true).write(0, new Uint8Array(1))
    assert.isUndefined(files.findDurable("/data/new"))
    files.directory("").sync()
    files.directory("/data").sync()
    assert.strictEqual(files.findDurable("/data/new"), files.file("/data/new"))
    files.rename("/data/new", "/data/old")
    assert.isUndefined(files.findDurable("/data/old"))
  })
})

describe("two histories of epochs", () => {
  const leader = [
    { epoch: 0, startOffset: 0 },
    { epoch: 2, startOffset: 10 },
    { epoch: 3, startOffset: 10 }
  ]

  it("are the same though one names an epoch in which nothing was written", () => {
    const follower = [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 10 }
    ]
    assert.isUndefined(differsAt(leader, follower, 0, 20))
  })

  it("differ from where one has an epoch that the other has not", () => {
    const follower = [
      { epoch: 0, startOffset: 0 },
      { epoch: 1, startOffset: 5 }
    ]
    assert.strictEqual(differsAt(leader, follower, 0, 20), 5)
    assert.isUndefined(differsAt(leader, follower, 0, 5))
  })

  it("say nothing of what one of them does not reach back to", () => {
    assert.isUndefined(differsAt(leader, [{ epoch: 3, startOffset: 12 }], 0, 20))
  })
})

describe("a leader's solitude", () => {
  it("lasts from the first look that finds nobody, by the leader's clock", () => {
    const solitude = new Solitude()
    assert.strictEqual(solitude.note(1, { monotonicMs: 100, mayHear: false, chances: 3 }), 0)
    assert.strictEqual(solitude.note(2, { monotonicMs: 500, mayHear: false, chances: 3 }), 0)
    assert.strictEqual(solitude.note(1, { monotonicMs: 300, mayHear: false, chances: 3 }), 200)
    assert.strictEqual(solitude.note(1, { monotonicMs: 400, mayHear: true, chances: 3 }), 0)
    assert.strictEqual(solitude.note(1, { monotonicMs: 450, mayHear: false, chances: 3 }), 0)
  })

  it("begins anew with a life, or an open path, that no look has seen", () => {
    const solitude = new Solitude()
    solitude.note(1, { monotonicMs: 0, mayHear: false, chances: 3 })
    assert.strictEqual(solitude.note(1, { monotonicMs: 200, mayHear: false, chances: 4 }), 0)
    assert.strictEqual(solitude.note(1, { monotonicMs: 350, mayHear: false, chances: 4 }), 150)
  })

  it("ends with its leading", () => {
    const solitude = new Solitude()
    solitude.note(1, { monotonicMs: 0, mayHear: false, chances: 0 })
    solitude.forget(1)
    assert.strictEqual(solitude.note(1, { monotonicMs: 900, mayHear: false, chances: 0 }), 0)
  })
})

describe("log matching", () => {
  const stored = (baseOffset: number, crc: number): StoredBatch => ({
    baseOffset,
    lastOffset: baseOffset + 4,
    epoch: 0,
    crc,
    sizeBytes: 100,
    isControl: false
  })
  const logOf = (nodeId: number, ...batches: ReadonlyArray<StoredBatch>): StoredLog => ({
    nodeId,
    name: "main-0",
    batches,
    read: []
  })

  it("is broken by another batch at the same offset of the same epoch", () => {
    assert.deepStrictEqual(matching([logOf(1, stored(0, 7), stored(5, 8)), logOf(2, stored(0, 7), stored(5, 8))]), [])
    assert.lengthOf(matching([logOf(1, stored(0, 7), stored(5, 8)), logOf(2, stored(0, 7), stored(5, 9))]), 1)
  })

  it("is not broken by a torn batch whose offset was lost and reads as 0", () => {
    const torn = logOf(2, stored(0, 7), stored(5, 8), stored(0, 9))
    assert.deepStrictEqual(matching([logOf(1, stored(0, 7), stored(5, 8)), torn]), [])
    assert.lengthOf(rising([torn]), 1, "where it stays, that is told by another check")
  })
})
