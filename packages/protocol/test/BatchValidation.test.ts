import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ErrorCode } from "../src/ErrorCode.ts"
import * as RecordBatch from "../src/RecordBatch.ts"
import { codecs, decompression } from "./codecs.ts"

const text = new TextEncoder()
const now = 1_700_000_000_000

const records = (count: number, change: (index: number) => Partial<RecordBatch.RecordInput> = () => ({})) =>
  Array.from({ length: count }, (_, index) => ({
    key: text.encode(`k${index}`),
    value: text.encode(`v${index}`),
    timestamp: now,
    ...change(index)
  }))

const good = (options: RecordBatch.BatchOptions = {}): Uint8Array => RecordBatch.buildBatch(records(3), options)

/** The good batch with a change to its bytes, and the checksum made right again. */
const changed = (change: (bytes: Uint8Array) => void, options: RecordBatch.BatchOptions = {}): Uint8Array => {
  const bytes = good(options)
  change(bytes)
  RecordBatch.updateCrc(bytes, 0)
  return bytes
}

const withField =
  (at: number, value: number) =>
  (bytes: Uint8Array): void =>
    RecordBatch.setInt32(bytes, at, value)

const withBehind = (count: number, ...behind: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(good().length + count)
  bytes.set(good())
  bytes.set(behind, good().length)
  return bytes
}

/** The batch with its length field changed, nothing else. */
const withLength = (length: number): Uint8Array => {
  const bytes = good()
  RecordBatch.setInt32(bytes, RecordBatch.batchLengthAt, length)
  return bytes
}

const codeOf = (bytes: Uint8Array, maxMessageBytes?: number): number =>
  RecordBatch.validateProduce(bytes, maxMessageBytes)?.errorCode ?? ErrorCode.NONE

const { CORRUPT_MESSAGE, INVALID_RECORD, INVALID_TIMESTAMP, MESSAGE_TOO_LARGE, NONE, UNSUPPORTED_COMPRESSION_TYPE } =
  ErrorCode

// Each code was answered by Apache Kafka 4.3.1 to the same bytes, where the name does not say otherwise.
describe("behaviour 045: exactly one batch of magic 2", () => {
  const length = good().length - 12
  it.each([
    ["one good batch", good(), NONE],
    ["nothing", new Uint8Array(0), INVALID_RECORD],
    ["ten bytes", good().subarray(0, 10), INVALID_RECORD],
    ["a batch cut short", good().subarray(0, 70), INVALID_RECORD],
    ["two batches", withBehind(good().length, ...good()), INVALID_RECORD],
    ["bytes behind the batch (Kafka drops them)", withBehind(5), INVALID_RECORD],
    ["magic 0", changed((bytes) => bytes.fill(0, 16, 17)), INVALID_RECORD],
    ["magic 1", changed((bytes) => bytes.fill(1, 16, 17)), INVALID_RECORD],
    ["magic 3", changed((bytes) => bytes.fill(3, 16, 17)), CORRUPT_MESSAGE],
    ["magic -1", changed((bytes) => bytes.fill(255, 16, 17)), CORRUPT_MESSAGE],
    ["a length of 0", withLength(0), CORRUPT_MESSAGE],
    ["a length of 13", withLength(13), CORRUPT_MESSAGE],
    ["a length of 14", withLength(14), CORRUPT_MESSAGE],
    ["a length of 48", withLength(48), CORRUPT_MESSAGE],
    ["a length of 49", withLength(49), CORRUPT_MESSAGE],
    ["a length of -1", withLength(-1), CORRUPT_MESSAGE],
    ["a length one too small", withLength(length - 1), CORRUPT_MESSAGE],
    ["a length one too large", withLength(length + 1), INVALID_RECORD],
    ["the largest length (Kafka fails: -1)", withLength(0x7fffffff), INVALID_RECORD]
  ])("%s", (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code)
  })
})

describe("behaviour 047: what a client's header may not say", () => {
  it.each([
    ["base offset 7", changed((bytes) => RecordBatch.setBaseOffset(bytes, 0, 7)), INVALID_RECORD],
    ["count 0", changed(withField(RecordBatch.countAt, 0)), INVALID_RECORD],
    ["count 2 of 3", changed(withField(RecordBatch.countAt, 2)), INVALID_RECORD],
    ["count 4 of 3", changed(withField(RecordBatch.countAt, 4)), INVALID_RECORD],
    ["count -1", changed(withField(RecordBatch.countAt, -1)), INVALID_RECORD],
    ["last offset delta 1", changed(withField(RecordBatch.lastOffsetDeltaAt, 1)), INVALID_RECORD],
    ["last offset delta -1", changed(withField(RecordBatch.lastOffsetDeltaAt, -1)), INVALID_RECORD],
    ["count 0 and last offset delta -1", RecordBatch.emptyBatchOf(good({ lastOffsetDelta: -1 }), 0), INVALID_RECORD],
    ["a control batch", good({ isControl: true }), INVALID_RECORD],
    ["a producer id without sequence", good({ producerId: 5, producerEpoch: 0 }), INVALID_RECORD],
    ["a producer id with sequence", good({ producerId: 5, producerEpoch: 0, baseSequence: 0 }), NONE],
    ["a sequence without producer id", good({ producerEpoch: 2, baseSequence: 4 }), NONE],
    ["codec 4", changed((bytes) => bytes.fill(4, 22, 23)), NONE],
    ["codec 5 (Kafka fails: -1)", changed((bytes) => bytes.fill(5, 22, 23)), UNSUPPORTED_COMPRESSION_TYPE],
    ["unused attribute bits", changed((bytes) => bytes.fill(0x80, 21, 23)), NONE]
  ])("%s", (_name, bytes, code) => {
    expect(codeOf(bytes)).toBe(code)
  })
})

describe("checksum, size, timestamp type", () => {
  it("behaviour 048: a changed bit anywhere from the attributes on is a corrupt message", () => {
    const bytes = good()
    fc.assert(
      fc.property(fc.integer({ min: 21 * 8, max: bytes.length * 8 - 1 }), (bit) => {
        const damaged = bytes.slice()
        damaged[bit >> 3]! ^= 1 << (bit & 7)
        expect(codeOf(damaged)).toBe(CORRUPT_MESSAGE)
      })
    )
  })

  it("behaviour 049: the whole batch counts, and size comes after offset and before checksum", () => {
    const size = good().length
    expect(codeOf(good(), size)).toBe(NONE)
    expect(codeOf(good(), size - 1)).toBe(MESSAGE_TOO_LARGE)
    const damaged = good()
    damaged[70]! ^= 1
    expect(codeOf(damaged, size - 1)).toBe(MESSAGE_TOO_LARGE)
    RecordBatch.setBaseOffset(damaged, 0, 7)
    expect(codeOf(damaged, size - 1)).toBe(INVALID_RECORD)
  })

  it("names no record when the batch as a whole is at fault", () => {
    expect(RecordBatch.validateProduce(new Uint8Array(0))?.recordErrors).toEqual([])
  })
})

const walked = (bytes: Uint8Array, checks: RecordBatch.RecordChecks = { requireKeys: false }) =>
  RecordBatch.validateRecords(bytes, checks, decompression)

/** The batch with another body under the same header. */
const withBody = (body: Uint8Array, codecId: number, header = good()): Uint8Array => {
  const bytes = new Uint8Array(61 + body.length)
  bytes.set(header.subarray(0, 61))
  bytes.set(body, 61)
  bytes[22]! |= codecId
  RecordBatch.setInt32(bytes, RecordBatch.batchLengthAt, bytes.length - 12)
  RecordBatch.updateCrc(bytes, 0)
  return bytes
}

describe("records", () => {
  const keyless = RecordBatch.buildBatch(records(4, (index) => (index % 2 === 1 ? { key: null } : {})))

  it.each([0, 1, 2, 3, 4])("behaviour 057: names each record without key (codec %i)", (codecId) => {
    const keys = records(4, (index) => (index % 2 === 1 ? { key: null } : {}))
    const bytes = RecordBatch.buildBatch(keys, { compression: { codecId, codecs } })
    const rejection = walked(bytes, { requireKeys: true })
    expect(rejection?.errorCode).toBe(INVALID_RECORD)
    expect(rejection?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3])
    expect(walked(bytes)).toBeUndefined()
  })

  it("behaviour 057: an empty key is a key", () => {
    const bytes = RecordBatch.buildBatch(records(2, () => ({ key: new Uint8Array(0) })))
    expect(walked(bytes, { requireKeys: true })).toBeUndefined()
  })

  it("behaviour 057: no more records are named than the limit says", () => {
    const bytes = RecordBatch.buildBatch(records(RecordBatch.maxRecordErrors + 500, () => ({ key: null })))
    expect(walked(bytes, { requireKeys: true })?.recordErrors.length).toBe(RecordBatch.maxRecordErrors)
  })

  it("behaviour 058: timestamps outside the window, of which -1 never is", () => {
    const timestamps = { earliest: now - 10, latest: now + 10 }
    const times = [now - 10, now + 10, now - 11, -1, now + 11]
    const bytes = RecordBatch.buildBatch(records(5, (index) => ({ timestamp: times[index]! })))
    const rejection = walked(bytes, { requireKeys: false, timestamps })
    expect(rejection?.errorCode).toBe(INVALID_TIMESTAMP)
    expect(rejection?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([2, 4])
  })

  it("behaviour 058: the timestamp's code wins over the missing key's", () => {
    const rejection = walked(keyless, { requireKeys: true, timestamps: { earliest: now + 1, latest: now + 2 } })
    expect(rejection?.errorCode).toBe(INVALID_TIMESTAMP)
    const firstOnly = records(3, (index) => (index === 0 ? { timestamp: 0 } : { key: null }))
    const both = walked(RecordBatch.buildBatch(firstOnly), {
      requireKeys: true,
      timestamps: { earliest: 1, latest: now }
    })
    expect(both?.errorCode).toBe(INVALID_TIMESTAMP)
    expect(both?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1, 2])
  })

  it("names the record whose structure is wrong", () => {
    const body = good().subarray(61)
    const second = (body[0]! >> 1) + 1
    const damaged = (at: number, value: number) => {
      const bytes = body.slice()
      bytes[at] = value
      return walked(withBody(bytes, 0))
    }
    for (const rejection of [damaged(second, 100), damaged(second, 4), damaged(second, 1), damaged(second + 4, 0x7e)]) {
      expect(rejection?.errorCode).toBe(INVALID_RECORD)
      expect(rejection?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1])
    }
  })

  it.each([
    ["a varint of six bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 1, 0]],
    ["a record length beyond the body", [100, 0, 0, 0, 1, 1, 0]],
    ["a negative record length", [1, 0, 0, 0, 1, 1, 0]],
    ["a key beyond the record", [12, 0, 0, 0, 80, 1, 0]],
    ["a value beyond the record", [12, 0, 0, 0, 1, 80, 0]],
    ["more headers than bytes", [12, 0, 0, 0, 1, 1, 2]],
    ["a negative header count", [12, 0, 0, 0, 1, 1, 1]],
    ["a header without key", [16, 0, 0, 0, 1, 1, 2, 1, 0]],
    ["a header value beyond the record", [16, 0, 0, 0, 1, 1, 2, 0, 8]],
    ["a timestamp of eleven bytes", [32, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 1, 1, 0]],
    ["a byte too many in the record", [14, 0, 0, 0, 1, 1, 0, 0]],
    ["offset delta 1 where 0 has to be (Kafka stores it)", [12, 0, 0, 2, 1, 1, 0]]
  ])("%s is malformed, index 0", (_name, body) => {
    const rejection = walked(withBody(Uint8Array.from(body), 0, RecordBatch.buildBatch([{}])))
    expect(rejection?.errorCode).toBe(INVALID_RECORD)
    expect(rejection?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0])
  })

  it("a body with bytes left over, or too short for its count", () => {
    const body = good().subarray(61)
    const longer = new Uint8Array(body.length + 3)
    longer.set(body)
    expect(walked(withBody(longer, 0))?.errorCode).toBe(INVALID_RECORD)
    expect(walked(withBody(new Uint8Array(0), 0))?.errorCode).toBe(INVALID_RECORD)
    expect(walked(changed(withField(RecordBatch.countAt, 0x7fffffff)))?.errorCode).toBe(INVALID_RECORD)
  })

  it("compressed offset deltas have to count up too", () => {
    const gaps = RecordBatch.buildBatch(records(3, (index) => ({ offsetDelta: index === 0 ? 0 : index + 1 })))
    const rejection = walked(withBody(codecs.lz4.compress(gaps.subarray(61)), 3))
    expect(rejection?.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1])
  })

  it("what can't be unpacked is an invalid record, what may not be is too large", () => {
    expect(walked(changed((bytes) => bytes.fill(3, 22, 23)))?.errorCode).toBe(INVALID_RECORD)
    expect(walked(changed((bytes) => bytes.fill(7, 22, 23)))?.errorCode).toBe(UNSUPPORTED_COMPRESSION_TYPE)
    const bomb = RecordBatch.buildBatch([{ value: new Uint8Array(2 << 20) }], { compression: { codecId: 3, codecs } })
    expect(bomb.length).toBeLessThan(20_000)
    expect(walked(bomb)?.errorCode).toBe(MESSAGE_TOO_LARGE)
  })
})
