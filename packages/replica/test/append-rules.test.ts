import { type Codecs, codecIds } from "@klamm/protocol/Compression"
import { ErrorCode } from "@klamm/protocol/ErrorCode"
import { iterateRecords, timestampOf } from "@klamm/protocol/Record"
import * as RecordBatch from "@klamm/protocol/RecordBatch"
import * as fc from "fast-check"
import { assert, describe, expect, it } from "vitest"
import { type AppendOptions, type Checked, check, type Refused } from "../src/AppendRules.ts"
import {
  changed,
  codecs,
  compressed,
  decompression,
  good,
  hour,
  idempotent,
  now,
  options,
  records,
  type Settings,
  timed
} from "./support.ts"

const passed = (bytes: Uint8Array | null, settings: Settings = {}, change: Partial<AppendOptions> = {}): Checked => {
  const verdict = check(bytes, options(settings, change))
  assert(verdict._tag === "Checked", verdict._tag === "Refused" ? verdict.message : "")
  return verdict
}

const refusal = (bytes: Uint8Array | null, settings: Settings = {}, change: Partial<AppendOptions> = {}): Refused => {
  const verdict = check(bytes, options(settings, change))
  assert(verdict._tag === "Refused", "the batch passed")
  return verdict
}

const codeOf = (bytes: Uint8Array | null, settings: Settings = {}, change: Partial<AppendOptions> = {}): number => {
  const verdict = check(bytes, options(settings, change))
  return verdict._tag === "Refused" ? verdict.errorCode : ErrorCode.NONE
}

const blamed = ({ recordErrors }: Refused): ReadonlyArray<number> => recordErrors.map(({ batchIndex }) => batchIndex)

const both = (bytes: Uint8Array): Uint8Array => {
  const twice = new Uint8Array(bytes.length * 2)
  twice.set(bytes)
  twice.set(bytes, bytes.length)
  return twice
}

const {
  CORRUPT_MESSAGE,
  INVALID_RECORD,
  INVALID_TIMESTAMP,
  INVALID_TXN_STATE,
  MESSAGE_TOO_LARGE,
  NONE,
  RECORD_LIST_TOO_LARGE,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  UNSUPPORTED_COMPRESSION_TYPE
} = ErrorCode

describe("the batch as a whole", () => {
  it("says of a good batch what its append needs, and hands on the same bytes unchanged", () => {
    const bytes = good(idempotent)
    const copy = bytes.slice()
    const verdict = passed(bytes)
    expect(verdict.batch).toBe(bytes)
    expect(bytes).toEqual(copy)
    expect(verdict).toMatchObject({ count: 4, maxTimestamp: now - 997 })
    expect(verdict.producer).toEqual({
      producerId: 77,
      producerEpoch: 3,
      firstSequence: 40,
      lastSequence: 43,
      isTransactional: false
    })
  })

  it("behaviour 063: the last sequence wraps from 2147483647 to 0", () => {
    const { producer } = passed(good({ ...idempotent, baseSequence: 0x7fffffff }))
    expect(producer?.lastSequence).toBe(2)
  })

  it("has no producer where the producer id is negative", () => {
    expect(passed(good()).producer).toBeUndefined()
    expect(passed(good({ producerId: -2 })).producer).toBeUndefined()
  })

  it.each([
    ["null", null],
    ["nothing", new Uint8Array(0)],
    ["a batch cut short", good().subarray(0, 80)],
    ["two batches", both(good())],
    ["magic 1", changed(good(), (bytes) => bytes.fill(1, 16, 17))]
  ])("behaviour 045: %s is no single batch of magic 2", (_name, bytes) => {
    expect(codeOf(bytes)).toBe(INVALID_RECORD)
  })

  it("behaviour 046: zstd below version 7 is unsupported, which comes before size and checksum", () => {
    const zstd = compressed(codecIds.zstd)
    expect(codeOf(zstd, {}, { apiVersion: 6 })).toBe(UNSUPPORTED_COMPRESSION_TYPE)
    expect(codeOf(zstd, {}, { apiVersion: 7 })).toBe(NONE)
    expect(codeOf(compressed(codecIds.lz4), {}, { apiVersion: 6 })).toBe(NONE)
    zstd[70]! ^= 1
    expect(codeOf(zstd, { "max.message.bytes": "10" }, { apiVersion: 6 })).toBe(UNSUPPORTED_COMPRESSION_TYPE)
    expect(codeOf(zstd.subarray(0, 70), {}, { apiVersion: 6 })).toBe(INVALID_RECORD)
  })

  it.each([
    ["base offset 1", changed(good(), (bytes) => RecordBatch.setBaseOffset(bytes, 0, 1))],
    ["count 0", changed(good(), (bytes) => RecordBatch.setInt32(bytes, RecordBatch.countAt, 0))],
    ["last offset delta 4 of 4 records", good({ lastOffsetDelta: 4 })],
    ["the control bit", good({ isControl: true })],
    ["a producer id without sequence", good({ producerId: 5, producerEpoch: 0 })],
    [
      "fewer records than counted",
      changed(good({ lastOffsetDelta: 4 }), (bytes) => RecordBatch.setInt32(bytes, RecordBatch.countAt, 5))
    ],
    [
      "more records than counted",
      changed(good({ lastOffsetDelta: 2 }), (bytes) => RecordBatch.setInt32(bytes, RecordBatch.countAt, 3))
    ]
  ])("behaviour 047: %s is an invalid record", (_name, bytes) => {
    expect(codeOf(bytes)).toBe(INVALID_RECORD)
  })

  it("behaviour 048: what fails its checksum is corrupt", () => {
    const bytes = good()
    bytes[bytes.length - 1]! ^= 1
    expect(codeOf(bytes)).toBe(CORRUPT_MESSAGE)
  })

  it("refuses a transactional batch: without transactional id, and with one for want of a coordinator", () => {
    const bytes = good({ ...idempotent, isTransactional: true })
    expect(codeOf(bytes)).toBe(TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    expect(codeOf(bytes, {}, { transactionalId: "t" })).toBe(INVALID_TXN_STATE)
  })

  it("never throws, and changes nothing of what it refuses, whichever byte behind the length is another", () => {
    const settings = options({ "compression.type": "gzip", "cleanup.policy": "compact" })
    const batches = Object.values(codecIds).map((codecId) => compressed(codecId))
    fc.assert(
      fc.property(fc.constantFrom(...batches), fc.nat(), fc.nat(255), (batch, place, value) => {
        const at = RecordBatch.lengthOverheadBytes + (place % (batch.length - RecordBatch.lengthOverheadBytes))
        const bytes = changed(batch.slice(), (copy) => copy.fill(value, at, at + 1))
        const before = bytes.slice()
        if (check(bytes, settings)._tag === "Refused") expect(bytes).toEqual(before)
      }),
      { numRuns: 1000 }
    )
  })

  it("never throws at arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(check(bytes, options())._tag).toBe("Refused")
      })
    )
  })
})

// Apache Kafka 4.3.1 answered so to batches with these faults, and -1 for the others.
describe("whether the answer tells the log's start", () => {
  const large = RecordBatch.buildBatch([{ value: new Uint8Array(1_048_577) }])
  const damaged = good()
  damaged[70]! ^= 1
  it.each([
    ["nothing", refusal(null), false],
    ["two batches", refusal(both(good())), false],
    ["zstd too early", refusal(compressed(codecIds.zstd), {}, { apiVersion: 6 }), false],
    ["a transaction without id", refusal(good({ ...idempotent, isTransactional: true })), false],
    ["a wrong checksum", refusal(damaged), false],
    ["too many bytes", refusal(good(), { "max.message.bytes": "9" }), false],
    ["too many for a segment", refusal(large, { "max.message.bytes": "4000000", "segment.bytes": "1048576" }), false],
    ["a base offset", refusal(changed(good(), (bytes) => RecordBatch.setBaseOffset(bytes, 0, 1))), true],
    ["the control bit", refusal(good({ isControl: true })), true],
    ["no key", refusal(RecordBatch.buildBatch([{ value: damaged }]), { "cleanup.policy": "compact" }), true],
    ["a wrong time", refusal(timed(now + 2 * hour)), true]
  ])("%s", (_name, { intact }, expected) => {
    expect(intact).toBe(expected)
  })
})

describe("sizes", () => {
  it("behaviour 049: max.message.bytes counts the whole batch as compressed", () => {
    for (const bytes of [good(), compressed(codecIds.lz4)]) {
      expect(codeOf(bytes, { "max.message.bytes": `${bytes.length}` })).toBe(NONE)
      expect(codeOf(bytes, { "max.message.bytes": `${bytes.length - 1}` })).toBe(MESSAGE_TOO_LARGE)
    }
  })

  it("behaviour 049: it counts again when the broker has compressed anew", () => {
    const bytes = RecordBatch.buildBatch([{ value: new Uint8Array(5000) }], {
      compression: { codecId: codecIds.gzip, codecs }
    })
    const limits = { "max.message.bytes": "1000" }
    expect(codeOf(bytes, limits)).toBe(NONE)
    expect(codeOf(bytes, { ...limits, "compression.type": "uncompressed" })).toBe(MESSAGE_TOO_LARGE)
  })

  it("behaviour 049: no batch is larger than a segment", () => {
    const settings = { "max.message.bytes": "4000000", "segment.bytes": "1048576" }
    const overhead = RecordBatch.buildBatch([{ value: new Uint8Array(1_000_000) }]).length - 1_000_000
    const sized = (size: number) => RecordBatch.buildBatch([{ value: new Uint8Array(size - overhead) }])
    expect(codeOf(sized(1_048_576), settings)).toBe(NONE)
    expect(codeOf(sized(1_048_577), settings)).toBe(RECORD_LIST_TOO_LARGE)
    expect(codeOf(sized(1_048_577), { ...settings, "compression.type": "lz4" })).toBe(NONE)
  })

  it("a batch that unpacks to more than the limit is too large", () => {
    const bomb = RecordBatch.buildBatch([{ value: new Uint8Array(8 << 20) }], {
      compression: { codecId: codecIds.zstd, codecs }
    })
    expect(codeOf(bomb)).toBe(MESSAGE_TOO_LARGE)
  })
})

describe("behaviour 057: a compacted topic wants keys", () => {
  const keyless = records(4, (index) => (index % 2 === 1 ? { key: null } : {}))

  it.each(["compact", "compact,delete"])("cleanup.policy=%s names the records without", (policy) => {
    for (const codecId of [codecIds.none, codecIds.snappy, codecIds.zstd]) {
      const bytes = RecordBatch.buildBatch(keyless, { compression: { codecId, codecs } })
      const verdict = refusal(bytes, { "cleanup.policy": policy })
      expect(verdict.errorCode).toBe(INVALID_RECORD)
      expect(blamed(verdict)).toEqual([1, 3])
      expect(verdict.message).not.toBe("")
    }
  })

  it("others do not", () => {
    expect(codeOf(RecordBatch.buildBatch(keyless))).toBe(NONE)
    expect(codeOf(good(), { "cleanup.policy": "compact" })).toBe(NONE)
  })

  it("holds for a topic with LogAppendTime too", () => {
    const settings = { "cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime" }
    expect(blamed(refusal(RecordBatch.buildBatch(keyless), settings))).toEqual([1, 3])
  })
})

describe("behaviour 058: the window of timestamps", () => {
  it("reaches an hour ahead by default, and back without end", () => {
    expect(codeOf(timed(now + hour))).toBe(NONE)
    expect(codeOf(timed(0, 1))).toBe(NONE)
    const verdict = refusal(timed(now, now + hour + 1, now + 2 * hour))
    expect(verdict.errorCode).toBe(INVALID_TIMESTAMP)
    expect(blamed(verdict)).toEqual([1, 2])
  })

  it("is what the topic says, both ends included", () => {
    const settings = { "message.timestamp.before.max.ms": "10", "message.timestamp.after.max.ms": "20" }
    expect(codeOf(timed(now - 10, now + 20), settings)).toBe(NONE)
    expect(blamed(refusal(timed(now - 11, now, now - 12), settings))).toEqual([0, 2])
    expect(blamed(refusal(timed(now, now + 21), settings))).toEqual([1])
  })

  it("lets -1 pass, alone or among others", () => {
    const settings = { "message.timestamp.before.max.ms": "10" }
    expect(codeOf(timed(-1, -1), settings)).toBe(NONE)
    expect(codeOf(timed(now, -1), settings)).toBe(NONE)
  })

  it("is not asked where the broker sets the time", () => {
    expect(codeOf(timed(now + 2 * hour), { "message.timestamp.type": "LogAppendTime" })).toBe(NONE)
  })

  it("refuses a batch that comes with the LogAppendTime bit where that is the broker's to set, and else clears it", () => {
    expect(codeOf(good({ logAppendTime: now }), { "message.timestamp.type": "LogAppendTime" })).toBe(INVALID_TIMESTAMP)
    const bytes = good({ logAppendTime: now })
    expect(codeOf(bytes)).toBe(NONE)
    expect(RecordBatch.timestampType(bytes, 0)).toBe(RecordBatch.createTime)
    expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
  })

  it("is asked of the records, whatever the header says of the largest timestamp", () => {
    const hidden = changed(timed(now, now + 2 * hour), (bytes) =>
      RecordBatch.setInt64(bytes, RecordBatch.maxTimestampAt, now)
    )
    expect(blamed(refusal(hidden))).toEqual([1])
  })
})

// Apache Kafka 4.3.1 stores the largest timestamp of the records, with each of these headers.
describe("the header's largest timestamp", () => {
  const claiming = (claim: number, codecId: number): Uint8Array =>
    changed(compressed(codecId), (bytes) => RecordBatch.setInt64(bytes, RecordBatch.maxTimestampAt, claim))

  it.each([
    ["-1", -1],
    ["that of the first record", now - 1000],
    ["a little late", now - 900],
    ["a far future", now + 9_000 * hour]
  ])("is put right when it is %s", (_name, claim) => {
    for (const codecId of [codecIds.none, codecIds.gzip, codecIds.lz4]) {
      const bytes = claiming(claim, codecId)
      const verdict = passed(bytes)
      expect(verdict.batch).toBe(bytes)
      expect(verdict.maxTimestamp).toBe(now - 997)
      expect(RecordBatch.maxTimestamp(bytes, 0)).toBe(now - 997)
      expect(RecordBatch.verifyBatch(bytes)).toBeUndefined()
    }
  })

  it("is put right before the batch is compressed anew", () => {
    const { batch, maxTimestamp } = passed(claiming(now + 9_000 * hour, codecIds.none), { "compression.type": "zstd" })
    expect(maxTimestamp).toBe(now - 997)
    expect(RecordBatch.maxTimestamp(batch, 0)).toBe(now - 997)
  })

  it("stays when it is true, ahead of the clock or not", () => {
    const bytes = timed(now, now + hour)
    const copy = bytes.slice()
    expect(passed(bytes).maxTimestamp).toBe(now + hour)
    expect(bytes).toEqual(copy)
  })

  it("behaviour 059: is the writer's business where the topic has LogAppendTime: no byte is touched here", () => {
    const bytes = claiming(-1, codecIds.lz4)
    const copy = bytes.slice()
    expect(passed(bytes, { "message.timestamp.type": "LogAppendTime" }).batch).toBe(bytes)
    expect(bytes).toEqual(copy)
  })
})

describe("behaviour 060: compression.type", () => {
  const types = { uncompressed: codecIds.none, ...codecIds }
  const contents = (bytes: Uint8Array) =>
    [...iterateRecords(bytes, 0, decompression)].map((record) => ({
      ...record,
      timestamp: timestampOf(bytes, 0, record.timestampDelta)
    }))

  it.each([0, 1, 2, 3, 4])("producer keeps the bytes of codec %i", (codecId) => {
    const bytes = compressed(codecId)
    expect(passed(bytes, { "compression.type": "producer" }).batch).toBe(bytes)
  })

  it.each(["uncompressed", "gzip", "snappy", "lz4", "zstd"] as const)("%s is what is stored", (type) => {
    for (const codecId of Object.values(codecIds)) {
      const bytes = compressed(codecId, idempotent)
      const before = bytes.slice()
      const { batch, count, producer, maxTimestamp } = passed(bytes, { "compression.type": type })
      expect(batch === bytes).toBe(codecId === types[type])
      expect(bytes).toEqual(before)
      expect(RecordBatch.codecId(batch, 0)).toBe(types[type])
      expect(RecordBatch.validateProduce(batch)).toBeUndefined()
      expect(contents(batch)).toEqual(contents(bytes))
      expect({ ...RecordBatch.batchOptionsOf(batch, 0) }).toEqual({ ...RecordBatch.batchOptionsOf(bytes, 0) })
      expect({ count, maxTimestamp, sequence: producer?.firstSequence }).toEqual({
        count: 4,
        maxTimestamp: now - 997,
        sequence: 40
      })
    }
  })

  it.each([
    ["gzip", "7"],
    ["lz4", "12"],
    ["zstd", "11"]
  ] as const)("%s gets its own level", (type, level) => {
    const levels: Array<number | undefined> = []
    const codec = codecs[type]
    const listening: Codecs = {
      ...codecs,
      [type]: {
        decompress: codec.decompress,
        compress: (bytes: Uint8Array, asked?: number) => {
          levels.push(asked)
          return codec.compress(bytes, asked)
        }
      }
    }
    const settings = { "compression.type": type, [`compression.${type}.level`]: level }
    passed(good(), settings, { decompression: { codecs: listening, maxBytes: 1 << 20 } })
    expect(levels).toEqual([Number(level)])
  })
})
