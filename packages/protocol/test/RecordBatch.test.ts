import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { crc32c } from "../src/Crc32c.ts"
import { iterateRecords, timestampOf } from "../src/Record.ts"
import * as RecordBatch from "../src/RecordBatch.ts"
import { decompression } from "./codecs.ts"
import { type GoldenName, goldenBatch } from "./golden-batches.ts"

const text = new TextEncoder()

const threeRecords = [0, 1, 2].map((index) => ({
  key: text.encode(`k${index}`),
  value: text.encode(`v${index}`),
  timestamp: 1000 + index
}))

/** The batch at an odd place in a larger buffer, so that a forgotten `at` shows. */
const placedAt = (batch: Uint8Array, at: number): Uint8Array => {
  const bytes = new Uint8Array(at + batch.length + 9).fill(0xee)
  bytes.set(batch, at)
  return bytes
}

const concatenated = (...parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => Array.from(part)))

describe("the header", () => {
  it("gives every field back as it was built, at any place", () => {
    const at = 13
    const bytes = placedAt(
      RecordBatch.buildBatch(threeRecords, {
        baseOffset: 2 ** 40 + 5,
        partitionLeaderEpoch: 77,
        producerId: 2 ** 50 + 1,
        producerEpoch: 300,
        baseSequence: 2_000_000_000,
        isTransactional: true
      }),
      at
    )
    expect(RecordBatch.baseOffset(bytes, at)).toBe(2 ** 40 + 5)
    expect(RecordBatch.lastOffset(bytes, at)).toBe(2 ** 40 + 7)
    expect(RecordBatch.lastOffsetDelta(bytes, at)).toBe(2)
    expect(RecordBatch.sizeInBytes(bytes, at)).toBe(bytes.length - 9 - at)
    expect(RecordBatch.batchLength(bytes, at)).toBe(bytes.length - 9 - at - 12)
    expect(RecordBatch.partitionLeaderEpoch(bytes, at)).toBe(77)
    expect(RecordBatch.magic(bytes, at)).toBe(2)
    expect(RecordBatch.attributes(bytes, at)).toBe(0x10)
    expect(RecordBatch.codecId(bytes, at)).toBe(0)
    expect(RecordBatch.isTransactional(bytes, at)).toBe(true)
    expect(RecordBatch.isControl(bytes, at)).toBe(false)
    expect(RecordBatch.hasDeleteHorizon(bytes, at)).toBe(false)
    expect(RecordBatch.timestampType(bytes, at)).toBe(RecordBatch.createTime)
    expect(RecordBatch.baseTimestamp(bytes, at)).toBe(1000)
    expect(RecordBatch.maxTimestamp(bytes, at)).toBe(1002)
    expect(RecordBatch.producerId(bytes, at)).toBe(2 ** 50 + 1)
    expect(RecordBatch.producerEpoch(bytes, at)).toBe(300)
    expect(RecordBatch.baseSequence(bytes, at)).toBe(2_000_000_000)
    expect(RecordBatch.count(bytes, at)).toBe(3)
    expect(RecordBatch.crc(bytes, at)).toBe(RecordBatch.computeCrc(bytes, at))
    expect(RecordBatch.verifyBatch(bytes, at)).toBeUndefined()
  })

  it("says -1 for what a batch without producer, leader and time has not", () => {
    const bytes = RecordBatch.buildBatch([{}])
    expect(RecordBatch.producerId(bytes, 0)).toBe(-1)
    expect(RecordBatch.producerEpoch(bytes, 0)).toBe(-1)
    expect(RecordBatch.baseSequence(bytes, 0)).toBe(-1)
    expect(RecordBatch.partitionLeaderEpoch(bytes, 0)).toBe(-1)
    expect(RecordBatch.baseTimestamp(bytes, 0)).toBe(-1)
    expect(RecordBatch.maxTimestamp(bytes, 0)).toBe(-1)
  })

  it("writes int64 as a DataView does and reads the nearest number, over the whole range", () => {
    const numbers = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Number))
    fc.assert(
      fc.property(numbers, (offset) => {
        fc.pre(offset < 2 ** 63)
        const bytes = new Uint8Array(61)
        RecordBatch.setBaseOffset(bytes, 0, offset)
        expect(Number(new DataView(bytes.buffer).getBigInt64(0))).toBe(offset)
        expect(RecordBatch.baseOffset(bytes, 0)).toBe(offset)
      })
    )
  })

  it("patches offset and leader epoch without touching the checksum", () => {
    const at = 5
    const bytes = placedAt(RecordBatch.buildBatch(threeRecords), at)
    RecordBatch.setBaseOffset(bytes, at, 123_456_789_012)
    RecordBatch.setPartitionLeaderEpoch(bytes, at, 9)
    expect(RecordBatch.baseOffset(bytes, at)).toBe(123_456_789_012)
    expect(RecordBatch.partitionLeaderEpoch(bytes, at)).toBe(9)
    expect(RecordBatch.verifyBatch(bytes, at)).toBeUndefined()
  })

  it("behaviour 059: LogAppendTime changes the largest timestamp and one bit, and every record reads it", () => {
    const bytes = RecordBatch.buildBatch(threeRecords)
    const before = bytes.slice()
    RecordBatch.setLogAppendTime(bytes, 0, 5_000)
    expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
    expect(RecordBatch.timestampType(bytes, 0)).toBe(RecordBatch.logAppendTime)
    expect(RecordBatch.maxTimestamp(bytes, 0)).toBe(5_000)
    const times = [...iterateRecords(bytes, 0, decompression)].map((record) =>
      timestampOf(bytes, 0, record.timestampDelta)
    )
    expect(times).toEqual([5_000, 5_000, 5_000])
    const changed = [...bytes.keys()].filter((index) => bytes[index] !== before[index])
    const allowed = (index: number) => (index >= 17 && index < 21) || index === 22 || (index >= 35 && index < 43)
    expect(changed.filter((index) => !allowed(index))).toEqual([])
  })
})

describe("walking batches", () => {
  const first = RecordBatch.buildBatch(threeRecords)
  const second = RecordBatch.buildBatch([{}], { baseOffset: 3 })
  const log = concatenated(first, second)

  const visited = (bytes: Uint8Array, start = 0, end = bytes.length) => {
    const places: Array<number> = []
    const stoppedAt = RecordBatch.forEachBatch(bytes, start, end, (at, sizeBytes) => places.push(at, sizeBytes))
    return { places, stoppedAt }
  }

  it("visits whole batches and says where they end", () => {
    const places = [0, first.length, first.length, second.length]
    expect(visited(log)).toEqual({ places, stoppedAt: log.length })
    expect(visited(log, first.length)).toEqual({ places: places.slice(2), stoppedAt: log.length })
    expect(visited(log, 0, 0)).toEqual({ places: [], stoppedAt: 0 })
  })

  it("behaviour 075: leaves a batch alone that ends outside the range, wherever it was cut", () => {
    for (let end = 0; end < log.length; end++) {
      expect(visited(log, 0, end).stoppedAt).toBe(end < first.length ? 0 : first.length)
    }
  })

  it("stops before bytes that are no batch", () => {
    expect(visited(concatenated(first, new Uint8Array(200))).stoppedAt).toBe(first.length)
    for (const [at, value] of [
      [16, 1],
      [8, 0x80],
      [8, 0x7f],
      [23, 0x80]
    ] as const) {
      const damaged = log.slice()
      damaged[first.length + at] = value
      expect(visited(damaged).stoppedAt).toBe(first.length)
    }
  })

  it("verifies one batch and says what is wrong", () => {
    expect(RecordBatch.verifyBatch(log, first.length)).toBeUndefined()
    expect(RecordBatch.verifyBatch(log, 0, first.length - 1)).toBe("incomplete")
    expect(RecordBatch.verifyBatch(log, log.length)).toBe("incomplete")
    const damagedAt = (at: number, value: number) => {
      const damaged = first.slice()
      damaged[at] = value
      return RecordBatch.verifyBatch(damaged)
    }
    expect(damagedAt(16, 1)).toBe("magic")
    expect(damagedAt(8, 0xff)).toBe("length")
    expect(damagedAt(8, 1)).toBe("incomplete")
    expect(damagedAt(23, 0xff)).toBe("offsets")
    for (let at = 21; at < first.length; at++) {
      if (at !== 23) expect(damagedAt(at, first[at]! ^ 4)).toBe("checksum")
    }
  })
})

describe("control batches", () => {
  it.each([
    ["commit-marker", RecordBatch.controlTypes.commit, { committed: true, coordinatorEpoch: 0 }],
    ["abort-marker", RecordBatch.controlTypes.abort, { committed: false, coordinatorEpoch: 0 }],
    ["leader-change", RecordBatch.controlTypes.leaderChange, undefined],
    ["snapshot-header", RecordBatch.controlTypes.snapshotHeader, undefined],
    ["snapshot-footer", RecordBatch.controlTypes.snapshotFooter, undefined]
  ] as const)("reads Kafka's %s", (name: GoldenName, type, marker) => {
    const bytes = goldenBatch(name)
    expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
    expect(RecordBatch.isControl(bytes, 0)).toBe(true)
    expect(RecordBatch.controlType(bytes, 0)).toBe(type)
    expect(RecordBatch.endTransactionMarker(bytes, 0)).toEqual(marker)
  })

  it.each(["commit-marker", "abort-marker"] as const)("builds Kafka's %s, byte for byte", (name) => {
    const golden = goldenBatch(name)
    const built = RecordBatch.buildEndTransactionMarker(
      { committed: name === "commit-marker", coordinatorEpoch: 0 },
      { producerId: RecordBatch.producerId(golden, 0), producerEpoch: RecordBatch.producerEpoch(golden, 0) },
      RecordBatch.maxTimestamp(golden, 0)
    )
    RecordBatch.setBaseOffset(built, 0, RecordBatch.baseOffset(golden, 0))
    RecordBatch.setPartitionLeaderEpoch(built, 0, RecordBatch.partitionLeaderEpoch(golden, 0))
    expect(built).toEqual(golden)
  })

  it("takes a control record's value as it is given", () => {
    const value = text.encode("payload")
    const { snapshotHeader, kraftVersion } = RecordBatch.controlTypes
    const bytes = RecordBatch.buildControlBatch(
      [
        { type: snapshotHeader, value, timestamp: 4 },
        { type: kraftVersion, value, timestamp: 4 }
      ],
      { baseOffset: 8 }
    )
    expect(RecordBatch.controlType(bytes, 0)).toBe(snapshotHeader)
    const records = [...iterateRecords(bytes, 0, decompression)]
    expect(records.map((record) => record.key)).toEqual([Uint8Array.of(0, 0, 0, 3), Uint8Array.of(0, 0, 0, 5)])
    expect(records.map((record) => record.value)).toEqual([value, value])
  })

  it("finds no control type in a data batch, an emptied one or a damaged one", () => {
    const marker = goldenBatch("abort-marker")
    expect(RecordBatch.controlType(RecordBatch.buildBatch(threeRecords), 0)).toBeUndefined()
    expect(RecordBatch.controlType(RecordBatch.emptyBatchOf(marker, 0), 0)).toBeUndefined()
    marker[61] = 0x7f
    expect(RecordBatch.controlType(marker, 0)).toBeUndefined()
    expect(RecordBatch.endTransactionMarker(marker, 0)).toBeUndefined()
  })
})

describe("what compaction leaves", () => {
  const original = RecordBatch.buildBatch(threeRecords, {
    baseOffset: 40,
    partitionLeaderEpoch: 3,
    producerId: 9,
    producerEpoch: 1,
    baseSequence: 12,
    compression: { codecId: 1, codecs: decompression.codecs }
  })

  it("behaviours 069 and 085: an emptied batch keeps offsets, producer and time", () => {
    const empty = RecordBatch.emptyBatchOf(original, 0)
    expect(empty.length).toBe(RecordBatch.headerBytes)
    expect(RecordBatch.verifyBatch(empty)).toBeUndefined()
    expect(RecordBatch.batchOptionsOf(empty, 0)).toEqual(RecordBatch.batchOptionsOf(original, 0))
    expect(RecordBatch.lastOffset(empty, 0)).toBe(42)
    expect(RecordBatch.maxTimestamp(empty, 0)).toBe(1002)
    expect(RecordBatch.codecId(empty, 0)).toBe(0)
    expect(RecordBatch.count(empty, 0)).toBe(0)
    expect([...iterateRecords(empty, 0, decompression)]).toEqual([])
  })

  it("a batch built again with fewer records keeps offsets and header", () => {
    const kept = [...iterateRecords(original, 0, decompression)].slice(1, 2).map((record) => ({
      ...record,
      timestamp: timestampOf(original, 0, record.timestampDelta)
    }))
    const smaller = RecordBatch.buildBatch(kept, { ...RecordBatch.batchOptionsOf(original, 0), deleteHorizon: 900 })
    expect(RecordBatch.verifyBatch(smaller)).toBeUndefined()
    expect(RecordBatch.lastOffset(smaller, 0)).toBe(42)
    expect(RecordBatch.count(smaller, 0)).toBe(1)
    expect(RecordBatch.hasDeleteHorizon(smaller, 0)).toBe(true)
    expect(RecordBatch.baseTimestamp(smaller, 0)).toBe(900)
    const [record] = iterateRecords(smaller, 0, decompression)
    expect(record?.offsetDelta).toBe(1)
    expect(timestampOf(smaller, 0, record?.timestampDelta ?? 0)).toBe(1001)
    expect(record?.value).toEqual(text.encode("v1"))
  })

  it("is never a batch of no records by accident", () => {
    expect(() => RecordBatch.buildBatch([])).toThrow(RangeError)
    expect(crc32c(RecordBatch.emptyBatchOf(original, 0), 0, 21)).toBe(
      RecordBatch.crc(RecordBatch.emptyBatchOf(original, 0), 0)
    )
  })
})
