/**
 * Compression of record batches: the codec ids of the attributes' low bits, and the registry through which codecs are handed
 * to whoever needs them. Nothing global: the registry is a value, made by `makeCodecs` of what the platform brings along (gzip
 * and zstd, `platform/node/Codecs.ts`) and of what is written here, under `compression/` (snappy and lz4).
 */
import { beyondLimit, type Codec, type CodecName, CompressionError, corrupt } from "./compression/Codec.ts"
import { lz4 } from "./compression/Lz4.ts"
import { snappy } from "./compression/Snappy.ts"

export {
  type Codec,
  type CodecName,
  CompressionError,
  type CompressionErrorReason,
  codecIds
} from "./compression/Codec.ts"

const codecNames: ReadonlyArray<CodecName | "none"> = ["none", "gzip", "snappy", "lz4", "zstd"]

/** The codec's name, or undefined for an id Kafka has not given out. */
export const codecName = (id: number): CodecName | "none" | undefined => codecNames[id]

export type Codecs = { readonly [Name in CodecName]: Codec }

/** A way to unpack batches: the codecs, and how many bytes one batch may unpack to. */
export interface Decompression {
  readonly codecs: Codecs
  readonly maxBytes: number
}

/** The codec of an id other than 0; throws CompressionError for an id Kafka has not given out. */
export const codecOf = (codecs: Codecs, id: number): Codec => {
  const name = codecName(id)
  if (name === undefined || name === "none") throw new CompressionError("UnknownCodec", `no codec has the id ${id}`)
  return codecs[name]
}

/**
 * A codec the platform brings along. It knows nothing of this package, so it says why there is no output by a word instead of
 * throwing: the reasons of CompressionError.
 */
export interface PlatformCodec {
  readonly compress: (bytes: Uint8Array, level?: number) => Uint8Array
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array | "DecompressionLimit" | "CorruptCompression"
}

const fromPlatform = (name: CodecName, { compress, decompress }: PlatformCodec): Codec => ({
  compress,
  decompress: (bytes, maxBytes) => {
    const unpacked = decompress(bytes, maxBytes)
    if (unpacked === "DecompressionLimit") return beyondLimit(name, maxBytes)
    return unpacked === "CorruptCompression" ? corrupt(name, "damaged or cut short") : unpacked
  }
})

/** The registry of all four codecs. */
export const makeCodecs = (platform: { readonly gzip: PlatformCodec; readonly zstd: PlatformCodec }): Codecs => ({
  gzip: fromPlatform("gzip", platform.gzip),
  snappy,
  lz4,
  zstd: fromPlatform("zstd", platform.zstd)
})
