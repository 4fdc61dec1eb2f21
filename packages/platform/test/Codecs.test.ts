import * as zlib from "node:zlib"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { gzip, maxZstdFrames, zstd } from "../src/node/Codecs.ts"

const text = new TextEncoder()
const joined = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

const levels = { gzip: [undefined, 1, 9], zstd: [undefined, -5, 1, 19] }

describe.each([
  ["gzip", gzip],
  ["zstd", zstd]
] as const)("%s", (name, codec) => {
  const plain = text.encode("some text that repeats itself, that repeats itself. ".repeat(100))
  const packed = codec.compress(plain)

  it("gives back what it was given at every level, and limits it exactly", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.constantFrom(...levels[name]), (bytes, level) => {
        const compressed = codec.compress(bytes, level)
        expect(codec.decompress(compressed, bytes.length)).toEqual(bytes)
        if (bytes.length > 0) expect(codec.decompress(compressed, bytes.length - 1)).toBe("DecompressionLimit")
      })
    )
  })

  it("uses the level", () => {
    const [low, high] = name === "gzip" ? [1, 9] : [-5, 19]
    expect(codec.compress(plain, high).length).toBeLessThan(codec.compress(plain, low).length)
  })

  it("reads streams one behind another, and limits their sum", () => {
    const two = joined(packed, codec.compress(text.encode("and more")))
    expect(codec.decompress(two, 10_000)).toEqual(joined(plain, text.encode("and more")))
    expect(codec.decompress(two, plain.length + 7)).toBe("DecompressionLimit")
    expect(codec.decompress(two, plain.length)).toBe("DecompressionLimit")
  })

  it("refuses what is cut anywhere, empty, or something else", () => {
    for (let length = 0; length < packed.length; length++) {
      expect(codec.decompress(packed.subarray(0, length), 10_000)).toBe("CorruptCompression")
    }
    expect(codec.decompress(plain, 10_000)).toBe("CorruptCompression")
    expect(codec.decompress(joined(packed, text.encode("trailing")), 10_000)).toBe("CorruptCompression")
  })

  it("answers damaged input with bytes within the limit or a refusal", () => {
    const damaged = fc
      .array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = packed.slice()
        for (const [at, value] of changes) bytes[at] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), fc.nat(6000), (bytes, maxBytes) => {
        const output = codec.decompress(bytes, maxBytes)
        if (typeof output === "string") expect(["DecompressionLimit", "CorruptCompression"]).toContain(output)
        else expect(output.length).toBeLessThanOrEqual(maxBytes)
      }),
      { numRuns: 1000 }
    )
  })

  it("stops a bomb at the limit", () => {
    const bomb = codec.compress(new Uint8Array(200 << 20), 1)
    expect(bomb.length).toBeLessThan(1 << 20)
    const before = process.memoryUsage().rss
    expect(codec.decompress(bomb, 1 << 20)).toBe("DecompressionLimit")
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20)
  })

  it("answers plain Uint8Arrays", () => {
    const output = codec.decompress(packed, 10_000)
    expect(Buffer.isBuffer(packed) || Buffer.isBuffer(output)).toBe(false)
  })
})

/** A zstd stream from pieces, none of whose frames tells its size, as a streaming writer makes it. */
const streamed = async (...pieces: ReadonlyArray<string>): Promise<Uint8Array> => {
  const stream = zlib.createZstdCompress()
  for (const piece of pieces) {
    stream.write(piece)
    await new Promise<void>((resolve) => stream.flush(resolve))
  }
  stream.end()
  return new Uint8Array(Buffer.concat(await stream.toArray()))
}

describe("zstd frames", () => {
  const abc = new Uint8Array(zlib.zstdCompressSync("abc"))
  const skippable = Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9)
  const withChecksum = new Uint8Array(
    zlib.zstdCompressSync("checked", { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } })
  )

  it("need not tell their size, have several blocks, and follow one another", async () => {
    const unsized = await streamed("one, ", "two, ", "x".repeat(300_000))
    expect((unsized[4] ?? 0) >> 6).toBe(0)
    const both = zstd.decompress(joined(unsized, abc, unsized), 1 << 20)
    const once = `one, two, ${"x".repeat(300_000)}`
    expect(Buffer.compare(both as Uint8Array, text.encode(`${once}abc${once}`))).toBe(0)
  })

  it("may be skippable, empty or carry a checksum", () => {
    const empty = new Uint8Array(zlib.zstdCompressSync(""))
    const all = joined(skippable, abc, empty, skippable, withChecksum, skippable)
    expect(zstd.decompress(all, 100)).toEqual(text.encode("abcchecked"))
    expect(zstd.decompress(empty, 0)).toEqual(new Uint8Array(0))
  })

  it("are refused for a wrong checksum, and when a skippable one lies about its size", () => {
    expect(zstd.decompress(withChecksum.with(-1, withChecksum.at(-1)! ^ 1), 100)).toBe("CorruptCompression")
    expect(zstd.decompress(joined(abc, skippable.with(4, 4)), 100)).toBe("CorruptCompression")
    expect(zstd.decompress(joined(abc, skippable.with(7, 255)), 100)).toBe("CorruptCompression")
  })

  it("may not be more than the limit: each costs a call into zlib, however small it is", () => {
    const empty = new Uint8Array(zlib.zstdCompressSync(""))
    const many = (count: number) => joined(...Array.from({ length: count }, () => empty))
    expect(zstd.decompress(many(maxZstdFrames), 10)).toEqual(new Uint8Array(0))
    expect(zstd.decompress(many(maxZstdFrames + 1), 10)).toBe("CorruptCompression")
  })

  it("of every header form are told apart", () => {
    for (const size of [0, 1, 255, 256, 257, 65_535, 65_536, 65_792, 70_000, 200_000]) {
      const bytes = new Uint8Array(size).fill(7)
      const frame = new Uint8Array(zlib.zstdCompressSync(bytes))
      expect(
        Buffer.compare(zstd.decompress(joined(frame, abc), 1 << 20) as Uint8Array, joined(bytes, text.encode("abc")))
      ).toBe(0)
    }
  })
})

describe("gzip members", () => {
  it("may be empty and may be followed by zeros", () => {
    const empty = new Uint8Array(zlib.gzipSync(""))
    expect(gzip.decompress(empty, 0)).toEqual(new Uint8Array(0))
    expect(gzip.decompress(joined(empty, new Uint8Array(zlib.gzipSync("a")), new Uint8Array(4)), 1)).toEqual(
      text.encode("a")
    )
  })
})
