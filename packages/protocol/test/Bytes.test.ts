import { deepStrictEqual } from "node:assert"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MalformedBytes, Reader, Writer, written as writtenByOne } from "../src/Bytes.ts"
import { keptMaxBytes, spliceMinBytes } from "../src/Writer.ts"

const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer()
  write(writer)
  return Uint8Array.from(Buffer.concat(writer.finish()))
}
const reading = (...bytes: ReadonlyArray<number>): Reader => new Reader(Uint8Array.from(bytes))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const utf8 = fc.string({ unit: "grapheme", maxLength: 80 })

describe("whole numbers", () => {
  it("int64 agrees with a DataView's bigint, rounded to the nearest number", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigInt64(0, value)
        deepStrictEqual(new Reader(bytes).int64(), Number(value))
        deepStrictEqual(new Reader(bytes).long(), value)
        deepStrictEqual(
          written((writer) => writer.long(value)),
          bytes
        )
      })
    )
  })

  it("int64 writes every safe number exactly", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigInt64(0, BigInt(value))
        deepStrictEqual(
          written((writer) => writer.int64(value)),
          bytes
        )
      })
    )
  })

  it("int64 holds the ends of its range, so that Long.MAX_VALUE comes back as itself", () => {
    for (const [bytes, value] of [
      ["7fffffffffffffff", 2 ** 63],
      ["8000000000000000", -(2 ** 63)],
      ["7fffffffffffffff", Number.POSITIVE_INFINITY],
      ["8000000000000000", Number.NEGATIVE_INFINITY]
    ] as const) {
      expect(hex(written((writer) => writer.int64(value)))).toBe(bytes)
    }
    expect(new Reader(Buffer.from("7fffffffffffffff", "hex")).int64()).toBe(2 ** 63)
  })

  it("uint16, uint32, float64 keep their values", () => {
    const bytes = written((writer) => {
      writer.uint16(65_535)
      writer.uint32(2 ** 32 - 1)
      writer.float64(-0.1)
    })
    const reader = new Reader(bytes)
    expect([reader.uint16(), reader.uint32(), reader.float64(), reader.remaining]).toEqual([
      65_535,
      2 ** 32 - 1,
      -0.1,
      0
    ])
  })
})

describe("varints", () => {
  it("have the bytes of Kafka's ByteUtils", () => {
    expect(hex(written((writer) => writer.uvarint(300)))).toBe("ac02")
    expect(hex(written((writer) => writer.uvarint(2 ** 32 - 1)))).toBe("ffffffff0f")
    expect(hex(written((writer) => writer.varint(-1)))).toBe("01")
    expect(hex(written((writer) => writer.varint(-(2 ** 31))))).toBe("ffffffff0f")
    expect(hex(written((writer) => writer.varlong(2 ** 63)))).toBe("feffffffffffffffff01")
    expect(hex(written((writer) => writer.varlong(-(2 ** 63))))).toBe("ffffffffffffffffff01")
  })

  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.integer(), fc.maxSafeInteger(), (small, large) => {
        const reader = new Reader(
          written((writer) => {
            writer.uvarint(small >>> 0)
            writer.varint(small)
            writer.varlong(large)
          })
        )
        deepStrictEqual([reader.uvarint(), reader.varint(), reader.varlong()], [small >>> 0, small, large])
      })
    )
  })

  it("that never end are malformed", () => {
    expect(() => reading(255, 255, 255, 255, 255, 1).uvarint()).toThrow(MalformedBytes)
    expect(() => reading(...new Array<number>(11).fill(255)).varlong()).toThrow(MalformedBytes)
  })
})

describe("strings", () => {
  it("come back in all four forms", () => {
    fc.assert(
      fc.property(utf8, (text) => {
        const reader = new Reader(
          written((writer) => {
            writer.string(text)
            writer.compactString(text)
            writer.nullableString(text)
            writer.compactNullableString(text)
          })
        )
        const all = [reader.string(), reader.compactString(), reader.nullableString(), reader.compactNullableString()]
        deepStrictEqual(all, [text, text, text, text])
      })
    )
  })

  it("of bytes that are not UTF-8 and of lone surrogates become U+FFFD, as in Java", () => {
    expect(reading(0, 2, 0xff, 0x61).string()).toBe("\ufffda")
    expect(hex(written((writer) => writer.compactString("\ud800a")))).toBe("05efbfbd61")
    expect(hex(written((writer) => writer.compactString("\ud800".repeat(70)))).slice(0, 10)).toBe("d301efbfbd")
  })

  it("keep a byte order mark", () => {
    expect(new Reader(written((writer) => writer.string("\ufeffa"))).string()).toBe("\ufeffa")
  })

  it("over 32767 bytes are refused on both sides, also where the length would fit", () => {
    expect(() => written((writer) => writer.compactString("a".repeat(32_768)))).toThrow(RangeError)
    const long = written((writer) => writer.compactBytes(new Uint8Array(32_768)))
    expect(() => new Reader(long).compactString()).toThrow(MalformedBytes)
    expect(new Reader(long).compactBytes().length).toBe(32_768)
  })

  it("behaviour 013: null is 0 and length n is n + 1; null where it is not allowed is malformed", () => {
    expect(reading(0).compactNullableString()).toBe(null)
    expect(reading(1).compactNullableString()).toBe("")
    expect(() => reading(0).compactString()).toThrow(MalformedBytes)
    expect(() => reading(0).compactBytes()).toThrow(MalformedBytes)
    expect(() => reading(0).compactCount(1)).toThrow(MalformedBytes)
    expect(() => reading(255, 255).string()).toThrow(MalformedBytes)
    expect(() => reading(255, 255, 255, 255).bytes()).toThrow(MalformedBytes)
    expect(() => reading(255, 255, 255, 255).count(1)).toThrow(MalformedBytes)
  })
})

describe("the bounds of a reader", () => {
  it("hold for every kind of read", () => {
    const reads: ReadonlyArray<(reader: Reader) => unknown> = [
      (reader) => reader.int8(),
      (reader) => reader.bool(),
      (reader) => reader.int16(),
      (reader) => reader.int32(),
      (reader) => reader.int64(),
      (reader) => reader.long(),
      (reader) => reader.float64(),
      (reader) => reader.uuid(),
      (reader) => reader.uvarint(),
      (reader) => reader.varlong(),
      (reader) => reader.string(),
      (reader) => reader.bytes(),
      (reader) => reader.tagCount(),
      (reader) => reader.tagEnd()
    ]
    for (const read of reads) {
      // The bytes beyond the end are there, so that only the check can stop the read.
      expect(() => read(new Reader(new Uint8Array(64), 8, 8))).toThrow(MalformedBytes)
    }
  })

  it("say where the bytes went wrong", () => {
    const reader = reading(0, 0, 0, 9, 1)
    expect(() => reader.bytes()).toThrow(new MalformedBytes("bytes end too soon", 4))
    expect(new MalformedBytes("x", 4)).toMatchObject({ _tag: "MalformedBytes", reason: "x", position: 4 })
  })

  it("refuse a range outside the bytes", () => {
    expect(() => new Reader(new Uint8Array(4), 0, 5)).toThrow(RangeError)
    expect(() => new Reader(new Uint8Array(4), 3, 2)).toThrow(RangeError)
  })

  it("give bytes as views of what was received", () => {
    const source = Uint8Array.from([9, 9, 2, 7, 8, 0])
    const view = new Reader(source, 2).compactBytes()
    expect([view.buffer === source.buffer, [...view]]).toEqual([true, [7]])
  })

  it("refuse more elements than could be there, before making room", () => {
    expect(reading(0, 0, 0, 2, 1, 2, 3, 4).count(2)).toBe(2)
    expect(() => reading(0, 0, 0, 2, 1, 2, 3).count(2)).toThrow(MalformedBytes)
    expect(() => reading(0x7f, 255, 255, 255, 1).nullableCount(1)).toThrow(MalformedBytes)
    expect(() => reading(255, 255, 255, 255, 15, 1).compactNullableCount(1)).toThrow(MalformedBytes)
  })
})

describe("tagged fields", () => {
  it("behaviour 012: unknown ones are passed over", () => {
    const reader = reading(2, 1, 1, 99, 5, 0, 42)
    reader.skipTags()
    expect(reader.int8()).toBe(42)
  })

  it("out of order, twice, too long or too many are malformed", () => {
    for (const bytes of [
      [2, 5, 0, 1, 0],
      [2, 5, 0, 5, 0],
      [1, 1, 3, 0, 0],
      [9, 1, 0, 2, 0]
    ]) {
      expect(() => reading(...bytes).skipTags()).toThrow(MalformedBytes)
    }
  })

  it("take a size of as many bytes as it needs, with views inside moved along", () => {
    for (const size of [0, 1, 126, 127, 128, 5_000, 20_000]) {
      const body = new Uint8Array(size).fill(3)
      const bytes = written((writer) => {
        const mark = writer.beginTag(4)
        writer.int8(1)
        writer.compactBytes(body)
        writer.int8(2)
        writer.endTag(mark)
        writer.int8(9)
      })
      const reader = new Reader(bytes)
      expect(reader.tag(-1)).toBe(4)
      const end = reader.tagEnd()
      expect(reader.int8()).toBe(1)
      deepStrictEqual(Uint8Array.from(reader.compactBytes()), body)
      expect(reader.int8()).toBe(2)
      reader.endTag(end)
      expect(reader.int8()).toBe(9)
    }
  })
})

describe("a writer", () => {
  it("passes large byte fields on as they are, and copies small ones", () => {
    const large = new Uint8Array(spliceMinBytes)
    const small = new Uint8Array(spliceMinBytes - 1)
    const writer = new Writer()
    writer.bytes(large)
    writer.bytes(small)
    writer.int8(1)
    const chunks = writer.finish()
    expect(chunks.map((chunk) => chunk.length)).toEqual([4, spliceMinBytes, 4 + spliceMinBytes - 1 + 1])
    expect(chunks[1]).toBe(large)
    expect(writer.size).toBe(chunks.reduce((size, chunk) => size + chunk.length, 0))
  })

  it("is empty again after reset, also one that had grown beyond what is kept", () => {
    const writer = new Writer()
    for (let written = 0; written <= keptMaxBytes; written += 4_000) writer.view(new Uint8Array(4_000))
    writer.view(new Uint8Array(spliceMinBytes))
    writer.reset()
    expect([writer.size, writer.finish()]).toEqual([0, []])
    writer.int16(7)
    expect(writer.finish()).toEqual([Uint8Array.of(0, 7)])
    expect(writer.finish()[0]?.buffer.byteLength).toBeLessThan(keptMaxBytes)
  })

  it("puts its length in front of each of several frames", () => {
    const writer = new Writer()
    const sizes = [spliceMinBytes, 1, spliceMinBytes + 5, 0]
    for (const size of sizes) {
      const frame = writer.beginFrame()
      writer.bytes(new Uint8Array(size))
      writer.endFrame(frame)
    }
    const reader = new Reader(Buffer.concat(writer.finish()))
    const lengths = sizes.map(() => reader.bytes().length)
    expect(lengths).toEqual(sizes.map((size) => 4 + size))
    expect(reader.remaining).toBe(0)
  })
})

describe("a writer that grows", () => {
  const writes: ReadonlyArray<readonly [string, (writer: Writer) => void, number]> = [
    ["int8", (writer) => writer.int8(7), 7],
    ["bool", (writer) => writer.bool(true), 1],
    ["uvarint", (writer) => writer.uvarint(9), 9],
    ["a long uvarint", (writer) => writer.uvarint(300), 0xac]
  ]
  for (const [name, write, first] of writes) {
    it(`keeps ${name} written exactly where the buffer ended`, () => {
      const writer = new Writer()
      for (let count = 0; count < 4_096; count++) writer.int8(1)
      write(writer)
      expect(writer.finish()[0]?.[4_096]).toBe(first)
    })
  }
})

describe("what is written by one writer for all", () => {
  it("is in memory of its own, which the next one leaves alone", () => {
    const first = writtenByOne((writer) => writer.int8(1))
    const second = writtenByOne((writer) => writer.int8(2))
    expect([...first, ...second]).toEqual([1, 2])
  })

  it("may write another within", () => {
    const outer = writtenByOne((writer) => {
      writer.int8(1)
      for (const byte of writtenByOne((inner) => inner.int8(2))) writer.int8(byte)
      writer.int8(3)
    })
    expect([...outer]).toEqual([1, 2, 3])
  })

  it("begins anew after one that failed", () => {
    const failing = (writer: Writer): void => {
      writer.int8(1)
      throw new RangeError("no value")
    }
    expect(() => writtenByOne(failing)).toThrow("no value")
    expect([...writtenByOne((writer) => writer.int8(2))]).toEqual([2])
  })
})
