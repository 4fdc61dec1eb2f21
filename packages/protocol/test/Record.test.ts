import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CompressionError, codecIds, codecName } from "../src/Compression.ts"
import { MalformedBytes } from "../src/Malformed.ts"
import { iterateRecords, openRecords, timestampOf } from "../src/Record.ts"
import * as RecordBatch from "../src/RecordBatch.ts"
import { codecs, decompression } from "./codecs.ts"
import { goldenBatch } from "./golden-batches.ts"

const decoder = new TextDecoder()
const decoded = (bytes: Uint8Array | null): string | null => (bytes === null ? null : decoder.decode(bytes))

/** Records with everything in readable form. */
const readable = (bytes: Uint8Array) =>
  [...iterateRecords(bytes, 0, decompression)].map((record) => ({
    offset: RecordBatch.baseOffset(bytes, 0) + record.offsetDelta,
    timestamp: timestampOf(bytes, 0, record.timestampDelta),
    key: decoded(record.key),
    value: decoded(record.value),
    headers: record.headers.map(({ key, value }) => [decoded(key), decoded(value)])
  }))

const repeats = (index: number) => `value ${index} of a batch that repeats itself, repeats itself, repeats itself`

const codecNames = ["none", "gzip", "snappy", "lz4", "zstd"] as const

describe("batches of other clients", () => {
  it.each(codecNames)("librdkafka with %s", (name) => {
    const bytes = goldenBatch(`librdkafka-${name}`)
    expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
    expect(codecName(RecordBatch.codecId(bytes, 0))).toBe(name)
    const eight = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
      offset: index,
      timestamp: 1_700_000_000_000 + index * 1000,
      key: `key-${index}`,
      value: repeats(index),
      headers:
        index % 2 === 1
          ? [
              ["trace", "abc"],
              ["none", null]
            ]
          : []
    }))
    expect(readable(bytes)).toEqual([
      ...eight,
      { offset: 8, timestamp: 1_700_000_009_000, key: null, value: null, headers: [] },
      { offset: 9, timestamp: 1_700_000_009_500, key: "", value: "", headers: [] }
    ])
    expect(RecordBatch.validateRecords(bytes, { requireKeys: false }, decompression)).toBeUndefined()
  })

  it.each(codecNames)("the Java client with %s", (name) => {
    const bytes = goldenBatch(`java-${name}`)
    expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
    expect(codecName(RecordBatch.codecId(bytes, 0))).toBe(name)
    const records = readable(bytes).map(({ offset, key, value, headers }) => ({ offset, key, value, headers }))
    const eight = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
      offset: index,
      key: `key-${index}`,
      value: repeats(index),
      headers:
        index % 2 === 1
          ? [["trace", "abc"]]
          : [
              ["trace", "xyz"],
              ["more", ""]
            ]
    }))
    expect(records).toEqual([...eight, { offset: 8, key: null, value: null, headers: [["trace", "nulls"]] }])
    expect(RecordBatch.validateRecords(bytes, { requireKeys: false }, decompression)).toBeUndefined()
  })

  it("the Java client with snappy over several blocks", () => {
    expect(readable(goldenBatch("java-snappy-long")).map(({ value }) => value)).toEqual([`${"x".repeat(70_000)}END`])
  })

  it.each(["java-none", "librdkafka-none"] as const)("%s is what we build of the same records", (name) => {
    const golden = goldenBatch(name)
    const records = [...iterateRecords(golden, 0, decompression)].map((record) => ({
      ...record,
      timestamp: timestampOf(golden, 0, record.timestampDelta)
    }))
    expect(RecordBatch.buildBatch(records, RecordBatch.batchOptionsOf(golden, 0))).toEqual(golden)
  })
})

const bytesOf = (maxLength: number) => fc.uint8Array({ maxLength })
const recordInputs = fc.record({
  key: fc.option(bytesOf(200)),
  value: fc.option(
    fc.oneof(
      bytesOf(300),
      fc.nat(20_000).map((length) => new Uint8Array(length).fill(length))
    )
  ),
  headers: fc.array(fc.record({ key: bytesOf(70), value: fc.option(bytesOf(70)) }), { maxLength: 4 }),
  timestamp: fc.oneof(fc.constant(-1), fc.nat(10_000), fc.integer({ min: 0, max: 2 ** 51 }))
})

describe("building and reading", () => {
  it("gives the records back with every codec, and the batch passes its own validation", () => {
    fc.assert(
      fc.property(
        fc.array(recordInputs, { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 0, max: 4 }),
        (records, codecId) => {
          const bytes = RecordBatch.buildBatch(records, { compression: { codecId, codecs } })
          expect(RecordBatch.validateProduce(bytes)).toBeUndefined()
          expect(RecordBatch.validateRecords(bytes, { requireKeys: false }, decompression)).toBeUndefined()
          const read = [...iterateRecords(bytes, 0, decompression)].map(({ key, value, headers, timestampDelta }) => ({
            key,
            value,
            headers,
            timestamp: timestampOf(bytes, 0, timestampDelta)
          }))
          expect(read).toEqual(records)
          expect(RecordBatch.maxTimestamp(bytes, 0)).toBe(Math.max(...records.map(({ timestamp }) => timestamp)))
        }
      ),
      { numRuns: 300 }
    )
  })

  it("refuses timestamps too far apart to be written exactly", () => {
    const apart = (timestamp: number) => () => RecordBatch.buildBatch([{ timestamp: 0 }, { timestamp }])
    expect(apart(2 ** 52)).not.toThrow()
    expect(apart(2 ** 52 + 1)).toThrow(RangeError)
    expect(apart(Number.NaN)).toThrow(RangeError)
  })
})

describe("records that are none", () => {
  const read = (bytes: Uint8Array) => () => [...iterateRecords(bytes, 0, decompression)]

  it("throws MalformedBytes for a count that does not fit the body", () => {
    const bytes = RecordBatch.buildBatch([{}, {}])
    RecordBatch.setInt32(bytes, RecordBatch.countAt, 3)
    expect(read(bytes)).toThrow(MalformedBytes)
    RecordBatch.setInt32(bytes, RecordBatch.countAt, 1)
    expect(read(bytes)).toThrow(MalformedBytes)
  })

  it("throws CompressionError for an unknown codec and for damage", () => {
    const unknown = RecordBatch.buildBatch([{}])
    unknown[22]! |= 6
    expect(read(unknown)).toThrow(CompressionError)
    for (const codecId of Object.values(codecIds)) {
      if (codecId === 0) continue
      const bytes = RecordBatch.buildBatch([{}])
      bytes[22]! |= codecId
      expect(read(bytes)).toThrow(CompressionError)
    }
  })

  it("unpacks no more than it may", () => {
    const value = new Uint8Array(100_000)
    for (const codecId of [1, 2, 3, 4]) {
      const bytes = RecordBatch.buildBatch([{ value }], { compression: { codecId, codecs } })
      expect(() => openRecords(bytes, 0, { codecs, maxBytes: 99_999 })).toThrow(/more than 99999 bytes/)
      expect(() => openRecords(bytes, 0, { codecs, maxBytes: 100_100 })).not.toThrow()
    }
  })
})
