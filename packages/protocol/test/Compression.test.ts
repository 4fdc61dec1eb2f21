import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CompressionError, type CompressionErrorReason, codecName, codecOf, makeCodecs } from "../src/Compression.ts"
import { xxHash32 } from "../src/compression/XxHash32.ts"
import { codecs } from "./codecs.ts"

const text = new TextEncoder()
const { lz4, snappy } = codecs

const bytesFrom = (...parts: ReadonlyArray<ReadonlyArray<number> | Uint8Array | string>): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => Array.from(typeof part === "string" ? text.encode(part) : part)))

const reasonOf = (work: () => unknown): CompressionErrorReason | "none" => {
  try {
    work()
    return "none"
  } catch (error) {
    if (error instanceof CompressionError) return error.reason
    throw error
  }
}

/** Bytes with something to find in them: random stretches, repetitions near and far, runs. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 200 })), { maxLength: 60 })
  .map((stretches) =>
    bytesFrom(...stretches.flatMap(([stretch, times]) => Array.from({ length: times }, () => stretch)))
  )

describe.each(["snappy", "lz4"] as const)("%s", (name) => {
  const codec = codecs[name]

  it("gives back what it was given, in exactly the room that takes", () => {
    fc.assert(
      fc.property(fc.oneof(compressible, fc.uint8Array({ maxLength: 3000 })), (bytes) => {
        const packed = codec.compress(bytes)
        expect(Buffer.compare(codec.decompress(packed, bytes.length), bytes)).toBe(0)
        if (bytes.length > 0) {
          expect(reasonOf(() => codec.decompress(packed, bytes.length - 1))).toBe("DecompressionLimit")
        }
      }),
      { numRuns: 300 }
    )
  })

  it("handles sizes around its blocks", () => {
    for (const base of [0, 4, 12, 13, 32_768, 65_536, 131_072]) {
      for (const size of [base - 1, base, base + 1]) {
        if (size < 0) continue
        for (const step of [0, 1, 7919]) {
          const bytes = Uint8Array.from({ length: size }, (_, index) => (Math.imul(index, step) * index) >> 8)
          expect(Buffer.compare(codec.decompress(codec.compress(bytes), size), bytes)).toBe(0)
        }
      }
    }
  })

  it("makes repetitive text much smaller and incompressible bytes hardly larger", () => {
    const repeated = text.encode("a record that resembles the one before it; ".repeat(2000))
    expect(codec.compress(repeated).length).toBeLessThan(repeated.length / 15)
    let state = 1
    const noise = Uint8Array.from({ length: 100_000 }, () => {
      state = Math.imul(state, 1_664_525) + 1_013_904_223
      return state >>> 24
    })
    expect(codec.compress(noise).length).toBeLessThan(noise.length * 1.01)
  })

  it("answers damaged, cut or made-up input with its own error or a result within the limit", () => {
    const packed = codec.compress(text.encode("some text, some text, some other text, and text again ".repeat(40)))
    const damages = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    const damaged = fc.tuple(damages, fc.nat(packed.length)).map(([changes, length]) => {
      const bytes = packed.slice(0, length)
      for (const [at, value] of changes) if (at < length) bytes[at] = value
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), fc.nat(3000), (bytes, maxBytes) => {
        let length = 0
        const reason = reasonOf(() => {
          length = codec.decompress(bytes, maxBytes).length
        })
        expect(["none", "CorruptCompression", "DecompressionLimit"]).toContain(reason)
        expect(length).toBeLessThanOrEqual(maxBytes)
      }),
      { numRuns: 3000 }
    )
  })

  it("cut anywhere, is never taken for whole", () => {
    const packed = codec.compress(text.encode("abc".repeat(100)))
    for (let length = 0; length < packed.length; length++) {
      if (name === "snappy" && length === 16) continue // the framing has no end mark: a header alone is an empty stream
      expect(reasonOf(() => codec.decompress(packed.slice(0, length), 1000))).toBe("CorruptCompression")
    }
  })
})

describe("snappy framing", () => {
  const header = [0x82, ..."SNAPPY".split("").map((letter) => letter.charCodeAt(0)), 0, 0, 0, 0, 1, 0, 0, 0, 1]
  /** Raw snappy: length 3, a literal of 3. */
  const rawAbc = bytesFrom([3, 8], "abc")
  const block = bytesFrom([0, 0, 0, rawAbc.length], rawAbc)

  it("is xerial's when written", () => {
    expect(snappy.compress(text.encode("abc"))).toEqual(bytesFrom(header, block))
  })

  it("may be missing, as librdkafka sends it", () => {
    expect(snappy.decompress(rawAbc, 10)).toEqual(text.encode("abc"))
  })

  it("may hold several blocks, and streams one behind another", () => {
    expect(snappy.decompress(bytesFrom(header, block, block), 10)).toEqual(text.encode("abcabc"))
    expect(snappy.decompress(bytesFrom(header, block, header, block), 10)).toEqual(text.encode("abcabc"))
    expect(snappy.decompress(bytesFrom(header), 10)).toEqual(new Uint8Array(0))
  })

  it("limits the sum of its blocks", () => {
    expect(reasonOf(() => snappy.decompress(bytesFrom(header, block, block), 5))).toBe("DecompressionLimit")
  })

  it("is refused when a later version is needed to read it", () => {
    expect(reasonOf(() => snappy.decompress(bytesFrom(header.with(15, 2), block), 10))).toBe("CorruptCompression")
  })
})

describe("raw snappy", () => {
  it("reads all kinds of elements", () => {
    const literal = "0123456789".repeat(7)
    // A literal with a length byte, then copies with offsets of one, two and four bytes, one overlapping itself.
    const elements = bytesFrom([60 << 2, 69], literal, [1, 10], [(63 << 2) | 2, 70, 0], [(3 << 2) | 3, 1, 0, 0, 0])
    const ten = literal.slice(0, 4)
    const expected = `${literal}${ten}${(literal + ten).slice(4, 68)}`
    const last = expected.slice(-1).repeat(4)
    expect(snappy.decompress(bytesFrom([142, 1], elements), 200)).toEqual(text.encode(expected + last))
  })

  it.each([
    ["a length that never ends", [0x80, 0x80, 0x80, 0x80, 0x80]],
    ["a length no input of this size can have", [0xff, 0xff, 0xff, 0xff, 0x0f, 8, 97]],
    ["a literal beyond the input", [3, 8, 97]],
    ["a literal beyond the output", [2, 8, 97, 98, 99]],
    ["a copy from before the beginning", [6, 4, 97, 98, 1, 3]],
    ["a copy with offset 0", [6, 4, 97, 98, 1, 0]],
    ["a copy beyond the output", [4, 4, 97, 98, 1, 2]],
    ["a copy without its offset", [6, 4, 97, 98, 2, 1]],
    ["fewer bytes than told", [4, 8, 97, 98, 99]]
  ])("refuses %s", (_name, bytes) => {
    expect(reasonOf(() => snappy.decompress(Uint8Array.from(bytes), 0xffffffff))).toBe("CorruptCompression")
  })
})

/** An lz4 frame: flags, block size code, what follows the descriptor. The header checksum is made right. */
const frame = (
  flags: number,
  blockCode: number,
  size: ReadonlyArray<number>,
  rest: ReadonlyArray<number>
): Uint8Array => {
  const descriptor = Uint8Array.from([flags, blockCode << 4, ...size])
  const checksum = (xxHash32(descriptor, 0, descriptor.length) >>> 8) & 0xff
  return bytesFrom([0x04, 0x22, 0x4d, 0x18], descriptor, [checksum], rest)
}

const little = (value: number): ReadonlyArray<number> => [
  value & 255,
  (value >>> 8) & 255,
  (value >>> 16) & 255,
  value >>> 24
]
const end = little(0)
/** A literal "abcd", then a match of 8 from 4 before, then the literal "wxyz!". */
const matching = [0x44, 97, 98, 99, 100, 4, 0, 0x50, 119, 120, 121, 122, 33]
const matchingText = "abcdabcdabcdwxyz!"
/** A match of 4 from 17 before and five literals: makes sense only behind `matching`. */
const linked = [0x00, 17, 0, 0x50, 49, 50, 51, 52, 53]
const hashed = (bytes: ReadonlyArray<number>) => little(xxHash32(Uint8Array.from(bytes), 0, bytes.length))

describe("lz4 frames", () => {
  it("are written as Kafka's Java client writes them", () => {
    expect(lz4.compress(text.encode("abc"))).toEqual(
      bytesFrom([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82], little(0x80000003), "abc", end)
    )
  })

  it("are read with everything the format allows", () => {
    const block = [...little(matching.length), ...matching]
    const stored = [...little(0x80000002), 104, 105]
    const wanted = (bytes: Uint8Array, expected: string) =>
      expect(lz4.decompress(bytes, 100)).toEqual(text.encode(expected))
    wanted(frame(0x60, 4, [], [...block, ...stored, ...end]), `${matchingText}hi`)
    wanted(frame(0x68, 4, [17, 0, 0, 0, 0, 0, 0, 0], [...block, ...end]), matchingText)
    wanted(frame(0x70, 7, [], [...block, ...hashed(matching), ...end]), matchingText)
    wanted(frame(0x64, 4, [], [...block, ...end, ...hashed([...text.encode(matchingText)])]), matchingText)
    wanted(frame(0x40, 4, [], [...block, ...little(linked.length), ...linked, ...end]), `${matchingText}abcd12345`)
    const one = frame(0x60, 4, [], [...stored, ...end])
    const skipped = bytesFrom([0x5a, 0x2a, 0x4d, 0x18], little(3), [1, 2, 3])
    wanted(bytesFrom(skipped, one, skipped, one), "hihi")
    wanted(frame(0x60, 4, [], [...end]), "")
  })

  it("carry long literals and matches", () => {
    const literal = Array.from({ length: 300 }, (_, index) => index & 255)
    const long = [0xff, 255, 30, ...literal, 1, 0, 255, 0, 0x50, 1, 2, 3, 4, 5]
    const expected = [...literal, ...Array.from({ length: 274 }, () => 299 & 255), 1, 2, 3, 4, 5]
    expect(lz4.decompress(frame(0x60, 4, [], [...little(long.length), ...long, ...end]), 1000)).toEqual(
      Uint8Array.from(expected)
    )
  })

  const block = [...little(matching.length), ...matching]
  it.each([
    ["another magic", bytesFrom([0x02, 0x21, 0x4c, 0x18, 0, 0, 0, 0])],
    ["a wrong header checksum", frame(0x60, 4, [], end).with(6, 0)],
    ["an unknown version", frame(0xa0, 4, [], end)],
    ["a reserved flag", frame(0x62, 4, [], end)],
    ["a dictionary", frame(0x61, 4, [1, 0, 0, 0], end)],
    ["an unknown block size", frame(0x60, 3, [], end)],
    ["a block beyond the input", frame(0x60, 4, [], [...little(50), ...matching, ...end])],
    ["a wrong block checksum", frame(0x70, 4, [], [...block, 1, 2, 3, 4, ...end])],
    ["a wrong content checksum", frame(0x64, 4, [], [...block, ...end, 1, 2, 3, 4])],
    ["a wrong content size", frame(0x68, 4, [18, 0, 0, 0, 0, 0, 0, 0], [...block, ...end])],
    ["no end mark", frame(0x60, 4, [], block)],
    [
      "a stored block larger than allowed",
      frame(0x60, 4, [], [...little(0x80010001), ...new Array(65_537).fill(0), ...end])
    ],
    ["a match from before an independent block", frame(0x60, 4, [], [...block, ...little(9), ...linked, ...end])],
    ["a match with offset 0", frame(0x60, 4, [], [...little(matching.length), ...matching.with(5, 0), ...end])],
    ["a block that ends in a match", frame(0x60, 4, [], [...little(7), ...matching.slice(0, 7), ...end])],
    ["a literal beyond its block", frame(0x60, 4, [], [...little(3), 0x50, 1, 2, ...end])],
    ["bytes behind the frame", bytesFrom(frame(0x60, 4, [], [...block, ...end]), [1, 2, 3])]
  ])("are refused for %s", (_name, bytes) => {
    expect(reasonOf(() => lz4.decompress(bytes, 1 << 20))).toBe("CorruptCompression")
  })

  it("stop a bomb before it has any memory", () => {
    // 255 bytes of match for each byte of input, in blocks that are as large as a frame may have.
    const run = [0x1f, 0, 1, 0, ...new Array(16_000).fill(255), 0, 0x50, 1, 2, 3, 4, 5]
    const bomb = frame(
      0x60,
      7,
      [],
      [...Array.from({ length: 200 }, () => [...little(run.length), ...run]).flat(), ...end]
    )
    const before = process.memoryUsage().arrayBuffers
    expect(reasonOf(() => lz4.decompress(bomb, 10 << 20))).toBe("DecompressionLimit")
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
    expect(lz4.decompress(bomb, 1 << 30).length).toBe(200 * (1 + 16_000 * 255 + 15 + 4 + 5))
  })

  it("count more than a frame's content size promises", () => {
    const huge = frame(0x68, 4, [255, 255, 255, 255, 255, 255, 0, 0], [...block, ...end])
    expect(reasonOf(() => lz4.decompress(huge, 1 << 20))).toBe("CorruptCompression")
  })
})

describe("xxHash32", () => {
  it("has the values that other implementations give", () => {
    expect(xxHash32(new Uint8Array(0), 0, 0)).toBe(0x02cc5d05)
    expect(xxHash32(text.encode("a"), 0, 1)).toBe(0x550d7456)
    expect(xxHash32(text.encode("abc"), 0, 3)).toBe(0x32d153ff)
    expect(xxHash32(text.encode("Nobody inspects the spammish repetition"), 0, 39)).toBe(0xe2293b2f)
  })
})

describe("the registry", () => {
  it("knows Kafka's ids and no others", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(codecName)).toEqual([
      "none",
      "gzip",
      "snappy",
      "lz4",
      "zstd",
      undefined,
      undefined,
      undefined
    ])
    expect(codecOf(codecs, 3)).toBe(lz4)
    for (const id of [0, 5, 7, -1]) expect(reasonOf(() => codecOf(codecs, id))).toBe("UnknownCodec")
  })

  it("turns a platform's refusals into errors", () => {
    const refusing = (refusal: "DecompressionLimit" | "CorruptCompression") => ({
      compress: (bytes: Uint8Array) => bytes,
      decompress: () => refusal
    })
    const made = makeCodecs({ gzip: refusing("DecompressionLimit"), zstd: refusing("CorruptCompression") })
    expect(reasonOf(() => made.gzip.decompress(new Uint8Array(1), 1))).toBe("DecompressionLimit")
    expect(reasonOf(() => made.zstd.decompress(new Uint8Array(1), 1))).toBe("CorruptCompression")
  })
})
