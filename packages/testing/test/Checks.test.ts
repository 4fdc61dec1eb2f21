/** The checks of what nodes believe, where a mistake of their own would hide a bug or cry out for nothing. */
import { MemoryFiles } from "@klamm/platform/MemoryFiles"
import { buildBatch, setBaseOffset } from "@klamm/protocol/RecordBatch"
import { assert, describe, it } from "vitest"
import { Chance } from "../src/Chance.ts"
import {
  asWritten,
  endsReached,
  newestKept,
  newestReplicated,
  offsetsRise,
  startStays,
  valuesRise
} from "../src/check/Compaction.ts"
import { DurableEnds } from "../src/check/DurableEnd.ts"
import type { Check, Evidence } from "../src/check/Evidence.ts"
import type { KeyedLog } from "../src/check/KeyedLogs.ts"
import { matching, rising, type StoredBatch, type StoredLog } from "../src/check/Logs.ts"
import { differsAt } from "../src/check/Replicas.ts"
import { Solitude } from "../src/check/Solitude.ts"
import { drawSwarm, mustHold, type Promises } from "../src/Faults.ts"
import { History } from "../src/History.ts"
import { KeyedHistory, type KeyedRecord, type Pass, type Write } from "../src/KeyedHistory.ts"
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
    topicId: "first",
    batches,
    read: []
  })

  it("is broken by another batch at the same offset of the same epoch", () => {
    assert.deepStrictEqual(matching([logOf(1, stored(0, 7), stored(5, 8)), logOf(2, stored(0, 7), stored(5, 8))]), [])
    assert.lengthOf(matching([logOf(1, stored(0, 7), stored(5, 8)), logOf(2, stored(0, 7), stored(5, 9))]), 1)
  })

  it("is not broken by the log of another topic of that name", () => {
    const second = { ...logOf(2, stored(0, 9)), topicId: "second" }
    assert.deepStrictEqual(matching([logOf(1, stored(0, 7)), second]), [])
  })

  it("is not broken by a torn batch whose offset was lost and reads as 0", () => {
    const torn = logOf(2, stored(0, 7), stored(5, 8), stored(0, 9))
    assert.deepStrictEqual(matching([logOf(1, stored(0, 7), stored(5, 8)), torn]), [])
    assert.lengthOf(rising([torn]), 1, "where it stays, that is told by another check")
  })
})

describe("a compacted topic", () => {
  /** Of key a: values 1 and 3; of b: 2, and a tombstone, 4. Each is acknowledged at its value's time, with the offset below it. */
  const written = (overrides: Partial<Write> = {}): ReadonlyArray<Write> =>
    [1, 2, 3, 4].map((value) => ({
      partition: 0,
      key: value % 2 === 1 ? "a" : "b",
      value,
      isTombstone: value === 4,
      timestamp: 1_000 + value,
      invokedMs: value - 0.5,
      state: "ok",
      endedMs: value,
      offset: value - 1,
      ...(value === 3 ? overrides : {})
    }))
  const recordOf = ({ offset, key, value, isTombstone, timestamp }: Write): KeyedRecord => ({
    offset,
    key,
    value,
    isTombstone,
    timestamp
  })
  const [a1, b2, a3, b4] = written().map(recordOf)
  const pass = (records: ReadonlyArray<KeyedRecord | undefined>, overrides: Partial<Pass> = {}): Pass => ({
    partition: 0,
    beganMs: 10,
    endedMs: 11,
    start: 0,
    end: 4,
    isWhole: true,
    records: records.filter((record) => record !== undefined),
    ...overrides
  })

  interface Found {
    readonly final?: Pass
    readonly during?: Pass
    readonly logs?: ReadonlyArray<KeyedLog>
    readonly writes?: ReadonlyArray<Write>
    readonly keepsTombstones?: boolean
    readonly brokers?: number
    readonly promises?: Partial<Promises>
  }
  const swarmOf = (brokers: number) => drawSwarm(1, new Chance(1), { brokers })
  const found = (check: Check, { final, during, logs, writes, keepsTombstones, brokers = 3, promises }: Found) => {
    const history = new KeyedHistory()
    history.keepsTombstones = keepsTombstones ?? true
    history.writes.push(...(writes ?? written()))
    if (during !== undefined) history.passes.push(during)
    const swarm = swarmOf(brokers)
    const evidence: Evidence = {
      swarm,
      promises: { ...mustHold(swarm, new Map()), keepsAcksAll: true, keepsReads: true, ...promises },
      history: new History(),
      topic: "main",
      logs: [],
      drained: [],
      topics: new Map(),
      committed: new Map(),
      keyed: { history, final: final === undefined ? [] : [final], logs: logs ?? [] }
    }
    return check(evidence)
  }
  const checks = [offsetsRise, startStays, asWritten, valuesRise, newestKept, endsReached, newestReplicated]

  it("is as it was promised before it is cleaned and when all but the newest is gone", () => {
    for (const records of [
      [a1, b2, a3, b4],
      [b2, a3, b4],
      [a3, b4]
    ]) {
      const final = pass(records)
      const logs = [{ nodeId: 1, partition: 0, records: [a1!, a3!, b4!] }]
      for (const check of checks) assert.deepStrictEqual(found(check, { final, during: final, logs }), [])
    }
  })

  it("has offsets that rise", () => {
    assert.lengthOf(found(offsetsRise, { final: pass([a1, b4, a3]) }), 1)
    assert.lengthOf(found(offsetsRise, { during: pass([a3, a3]) }), 1)
  })

  it("begins where it began", () => {
    assert.lengthOf(found(startStays, { during: pass([a3, b4], { start: 2 }) }), 1)
  })

  it("has only what was written, as it was", () => {
    const others: ReadonlyArray<Partial<KeyedRecord>> = [
      { value: 9 },
      { value: Number.NaN },
      { key: "b" },
      { isTombstone: true },
      { timestamp: 7 }
    ]
    for (const other of others) assert.lengthOf(found(asWritten, { during: pass([{ ...a3!, ...other }]) }), 1)
  })

  it("has each record where it was acknowledged, and where it was read if reads last", () => {
    const moved = pass([{ ...a3!, offset: 5 }])
    const unsynced = { keepsReads: false }
    assert.lengthOf(found(asWritten, { during: moved, promises: unsynced }), 1)
    const before = { ...moved, beganMs: 2 }
    assert.lengthOf(found(asWritten, { during: before }), 1)
    assert.lengthOf(found(asWritten, { during: before, promises: unsynced }), 0, "it was lost and written anew")
    assert.lengthOf(found(asWritten, { during: moved, writes: written({ offset: -1 }) }), 0, "nobody said where")
  })

  it("has values that rise for each key", () => {
    const behind = { ...a1!, offset: 9 }
    assert.lengthOf(found(valuesRise, { during: pass([a3, b4, behind]) }), 1)
    assert.lengthOf(found(valuesRise, { during: pass([a3, behind]), promises: { keepsAcksAll: false } }), 0)
  })

  it("keeps the newest of each key that was acknowledged before", () => {
    assert.lengthOf(found(newestKept, { during: pass([a1, b4]) }), 1)
    assert.lengthOf(found(newestKept, { final: pass([b4]) }), 1)
    assert.lengthOf(found(newestKept, { during: pass([a1, b4], { beganMs: 2.9 }) }), 0, "it came later")
    assert.lengthOf(found(newestKept, { during: pass([a1], { end: 2 }) }), 1, "of b, which is below that end")
    assert.lengthOf(found(newestKept, { during: pass([a1, b2], { end: 2 }) }), 0, "it is above that end")
    assert.lengthOf(found(newestKept, { during: pass([], { isWhole: false }) }), 0)
    assert.lengthOf(found(newestKept, { during: pass([]), promises: { keepsAcksAll: false } }), 0)
    assert.lengthOf(found(newestKept, { during: pass([a1, b4]), writes: written({ state: "unknown" }) }), 0)
  })

  it("keeps tombstones for their time, and lets go of what is below them first", () => {
    const gone = pass([a3])
    const older = pass([b2, a3])
    assert.lengthOf(found(newestKept, { final: gone }), 1)
    assert.lengthOf(found(newestKept, { final: gone, keepsTombstones: false, brokers: 1 }), 0)
    assert.lengthOf(found(newestKept, { final: older, keepsTombstones: false, brokers: 1 }), 1)
    assert.lengthOf(found(newestKept, { final: older, keepsTombstones: false }), 0, "a replica was behind for longer")
    assert.lengthOf(found(newestKept, { during: older, keepsTombstones: false, brokers: 1 }), 0, "so was the reader")
    const slow = { ...older, endedMs: 5_000 }
    assert.lengthOf(found(newestKept, { final: slow, keepsTombstones: false, brokers: 1 }), 0)
  })

  it("ends behind all that was acknowledged", () => {
    const short = pass([b2, a3], { end: 3 })
    assert.lengthOf(found(endsReached, { final: short }), 1)
    assert.lengthOf(found(endsReached, { during: short, brokers: 1 }), 1)
    assert.lengthOf(found(endsReached, { during: short }), 0, "who leads no more may not know it yet")
  })

  it("has the same newest record of each key on every replica", () => {
    const final = pass([a3, b4])
    const logOf = (...records: ReadonlyArray<KeyedRecord | undefined>): ReadonlyArray<KeyedLog> => [
      { nodeId: 1, partition: 0, records: [a3!, b4!] },
      { nodeId: 2, partition: 0, records: records.filter((record) => record !== undefined) }
    ]
    assert.lengthOf(found(newestReplicated, { final, logs: logOf(a1, b4) }), 1)
    assert.lengthOf(found(newestReplicated, { final, logs: logOf(b4) }), 1)
    assert.lengthOf(found(newestReplicated, { final, logs: logOf({ ...a3!, offset: 1 }, b4) }), 1)
    assert.lengthOf(
      found(newestReplicated, { final, logs: logOf(a3, b4, { ...a3!, value: 9, offset: 4 }) }),
      0,
      "the end"
    )
    assert.lengthOf(found(newestReplicated, { final, logs: logOf(a3, b2) }), 1)
    assert.lengthOf(found(newestReplicated, { final, logs: logOf(a3), keepsTombstones: false }), 0)
  })
})
