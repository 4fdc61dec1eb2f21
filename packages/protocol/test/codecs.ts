/** A registry for tests: our own snappy and lz4, and zlib behind the two that the platform brings along. */
import * as zlib from "node:zlib"
import { makeCodecs, type PlatformCodec } from "../src/Compression.ts"

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer

const platformCodec = (compress: (bytes: Uint8Array) => Buffer, inflate: Inflate): PlatformCodec => ({
  compress: (bytes) => new Uint8Array(compress(bytes)),
  decompress: (bytes, maxBytes) => {
    try {
      return new Uint8Array(inflate(bytes, { maxOutputLength: Math.max(maxBytes, 1) }))
    } catch (error) {
      return error instanceof RangeError ? "DecompressionLimit" : "CorruptCompression"
    }
  }
})

export const codecs = makeCodecs({
  gzip: platformCodec(zlib.gzipSync, zlib.gunzipSync),
  zstd: platformCodec(zlib.zstdCompressSync, zlib.zstdDecompressSync)
})

export const decompression = { codecs, maxBytes: 1 << 20 }
