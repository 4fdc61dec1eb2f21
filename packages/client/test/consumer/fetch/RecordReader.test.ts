import { gzip, zstd } from "@klamm/platform/node/Codecs"
import { Compression, RecordBatch } from "@klamm/protocol"
import { describe, expect, it } from "vitest"
import { type ReaderOptions, RecordReader } from "../../../src/consumer/fetch/RecordReader.ts"

const codecs = Compression.makeCodecs({ gzip, zstd })

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const batch = (baseOffset: number, values: ReadonlyArray<string>, more: RecordBatch.BatchOptions = {}): Uint8Array =>
  RecordBatch.buildBatch(
    values.map((value) => ({ key: bytesOf("k"), value: bytesOf(value), timestamp: 5 })),
    { baseOffset, partitionLeaderEpoch: 4, ...more }
  )

const marker = (baseOffset: number, producerId: number, committed: boolean): Uint8Array => {
  const bytes = RecordBatch.buildEndTransactionMarker(
    { committed, coordinatorEpoch: 0 },
    { producerId, producerEpoch: 0 },
    5
  )
  RecordBatch.setBaseOffset(bytes, 0, baseOffset)
  return bytes
}

const joined = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(parts.flatMap((each) => [...each]))

const reader = (bytes: Uint8Array, more: Partial<ReaderOptions> = {}): RecordReader =>
  new RecordReader(bytes, {
    position: 0,
    aborted: null,
    decompression: { codecs, maxBytes: 1 << 20 },
    checkCrcs: true,
    ...more
  })

const valuesOf = (of: RecordReader, max = 100): ReadonlyArray<string> =>
  of.take(max).map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array()))

it("gives the records of all batches, with what the batch says of them", () => {
  const of = reader(joined(batch(10, ["a", "b"]), batch(14, ["c"])), { position: 10 })
  expect(of.take(9)).toMatchObject([
    { offset: 10, leaderEpoch: 4, timestamp: 5, timestampType: "CreateTime" },
    { offset: 11 },
    { offset: 14 }
  ])
  expect(of.nextOffset).toBe(15)
})

it("begins at the position though the batch begins before it", () => {
  const of = reader(batch(10, ["a", "b", "c"]), { position: 11 })
  expect([valuesOf(of), of.nextOffset]).toEqual([["b", "c"], 13])
})

it("gives as many as asked, and goes on where it stopped", () => {
  const of = reader(joined(batch(0, ["a", "b"]), batch(2, ["c"])))
  expect([valuesOf(of, 1), of.nextOffset, valuesOf(of, 5), of.nextOffset]).toEqual([["a"], 1, ["b", "c"], 3])
})

it("drops a batch cut short by the end of the answer", () => {
  const of = reader(joined(batch(0, ["a"]), batch(1, ["b"]).subarray(0, 65)))
  expect([valuesOf(of), of.nextOffset, of.fault]).toEqual([["a"], 1, undefined])
})

it("passes over what compaction left empty", () => {
  const of = reader(joined(RecordBatch.emptyBatchOf(batch(0, ["a", "b"]), 0), batch(2, ["c"])))
  expect([valuesOf(of), of.nextOffset]).toEqual([["c"], 3])
})

it.each([1, 4])("unpacks codec %i", (codecId) => {
  expect(valuesOf(reader(batch(0, ["a", "b"], { compression: { codecId, codecs } })))).toEqual(["a", "b"])
})

it("stops before a batch that fails its checksum", () => {
  const damaged = batch(1, ["bbbb"])
  damaged[damaged.length - 2]! ^= 1
  const of = reader(joined(batch(0, ["a"]), damaged))
  expect([valuesOf(of), of.nextOffset, of.fault]).toEqual([["a"], 1, "checksum"])
})

describe("transactions", () => {
  const transactional = (producerId: number) => ({
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true
  })
  const log = joined(
    batch(0, ["a1"], transactional(1)),
    batch(1, ["c2"], transactional(2)),
    batch(2, ["a1"], transactional(1)),
    marker(3, 1, false),
    batch(4, ["c1"], transactional(1)),
    marker(5, 2, true),
    marker(6, 1, true)
  )

  it("read_uncommitted sees all but the markers", () => {
    const of = reader(log)
    expect([valuesOf(of), of.nextOffset]).toEqual([["a1", "c2", "a1", "c1"], 7])
  })

  it("read_committed sees no aborted record, and the same producer's next transaction", () => {
    const of = reader(log, { aborted: [{ producerId: 1, firstOffset: 0 }] })
    expect([valuesOf(of), of.nextOffset]).toEqual([["c2", "c1"], 7])
  })

  it("read_committed knows of an abort that began before the position", () => {
    const of = reader(log, { position: 2, aborted: [{ producerId: 1, firstOffset: 0 }] })
    expect(valuesOf(of)).toEqual(["c1"])
  })
})
