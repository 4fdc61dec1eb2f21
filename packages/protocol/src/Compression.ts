/**
 * Compression of record batches: the codec ids of the attributes' low bits, and the registry through which codecs are handed
 * to whoever needs them. Nothing global: the registry is a value, made by `@klamm/platform/node/Codecs` in a real process.
 * What is ours of the formats is under `compression/`: snappy with its xerial framing, lz4 blocks in the frame format.
 * Invariant of every codec: whatever the input, `decompress` either answers at most `maxBytes` bytes or throws
 * CompressionError, and never reserves memory beyond `maxBytes` and a small constant.
 */

/** Codec ids as in a batch's attributes; the names are those of `compression.type`. */
export const codecIds = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

export type CodecName = Exclude<keyof typeof codecIds, "none">

const codecNames: ReadonlyArray<CodecName | "none"> = ["none", "gzip", "snappy", "lz4", "zstd"]

/** The codec's name, or undefined for an id Kafka has not given out. */
export const codecName = (id: number): CodecName | "none" | undefined => codecNames[id]

export interface Codec {
  /** `level` is the codec's own scale (`compression.gzip.level` and its like); its default when left out. */
  readonly compress: (bytes: Uint8Array, level?: number) => Uint8Array
  /** The whole of what was compressed, in memory of its own. Throws CompressionError, also beyond `maxBytes`. */
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}

export type Codecs = { readonly [Name in CodecName]: Codec }

/** A way to unpack batches: the codecs, and how many bytes one batch may unpack to. */
export interface Decompression {
  readonly codecs: Codecs
  readonly maxBytes: number
}

export type CompressionErrorReason = "DecompressionLimit" | "CorruptCompression" | "UnknownCodec"

/** Compressed bytes that can't or may not be unpacked. Made as often as a stranger likes, so it carries no stack. */
export class CompressionError extends Error {
  readonly _tag = "CompressionError"
  readonly reason: CompressionErrorReason

  constructor(reason: CompressionErrorReason, message: string) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.name = "CompressionError"
    this.reason = reason
  }
}

/** Throws the error for input that breaks its format. */
export const corrupt = (codec: CodecName, what: string): never => {
  throw new CompressionError("CorruptCompression", `${codec}: ${what}`)
}

/** Throws the error for output beyond `maxBytes`. */
export const beyondLimit = (codec: CodecName, maxBytes: number): never => {
  throw new CompressionError("DecompressionLimit", `${codec}: unpacks to more than ${maxBytes} bytes`)
}

/** The codec of an id other than 0; throws CompressionError for an id Kafka has not given out. */
export const codecOf = (codecs: Codecs, id: number): Codec => {
  const name = codecName(id)
  if (name === undefined || name === "none") throw new CompressionError("UnknownCodec", `no codec has the id ${id}`)
  return codecs[name]
}
